// SPDX-License-Identifier: Apache-2.0
// deploy/cloudflare_pages: the `cloudflare-pages` connector: direct upload to a project of Pages.
// Source: cloudflare/workers-sdk f8308360, packages/wrangler/src/pages:
// docs/deploy/cloudflare-pages.md.
#pragma once

#include "deploy/connector.h"
#include "net/http_client.h"

namespace origin::deploy {

class CloudflarePages final : public Connector {
public:
    explicit CloudflarePages(const net::HttpClient& client) : client_(client) {}

    std::string_view name() const override { return "cloudflare-pages"; }
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
