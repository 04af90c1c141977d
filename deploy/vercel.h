// SPDX-License-Identifier: Apache-2.0
// deploy/vercel: the `vercel` connector: files by SHA-1, in the prebuilt form: nothing is built
// there. Source: vercel/vercel 17d9ebaf, packages/client, and Vercel's API description:
// docs/deploy/vercel.md.
#pragma once

#include "deploy/connector.h"
#include "net/http_client.h"

namespace origin::deploy {

class Vercel final : public Connector {
public:
    explicit Vercel(const net::HttpClient& client) : client_(client) {}

    std::string_view name() const override { return "vercel"; }
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
