// SPDX-License-Identifier: Apache-2.0
// deploy/netlify: the `netlify` connector: deploys by file digest.
// Source: Netlify's open-api 2.55 (swagger.yml) and its Go client: docs/deploy/netlify.md.
#pragma once

#include "deploy/connector.h"
#include "net/http_client.h"

namespace origin::deploy {

class Netlify final : public Connector {
public:
    explicit Netlify(const net::HttpClient& client) : client_(client) {}

    std::string_view name() const override { return "netlify"; }
    Status check(const TargetSettings& settings) const override;
    Result<UploadPlan> plan(Task& task) override;
    Status upload(Task& task, const std::vector<std::size_t>& part) override;
    Status publish(Task& task) override;
    Result<Poll> poll(Task& task) override;
    Status roll_back(Task& task, const store::RemoteDeployment& earlier) override;
    void cancel(Task& task) override;

private:
    const net::HttpClient& client_;
};

}  // namespace origin::deploy
