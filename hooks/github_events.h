// SPDX-License-Identifier: Apache-2.0
// hooks/github_events: our events in the shapes of GitHub's `push`, `ping`, `deployment` and
// `deployment_status`, for receivers that were written for those.
// Source: the payload schemas of octokit/webhooks (tests/github_webhooks), which a test checks.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "auth/urls.h"
#include "git/serve/storage.h"
#include "hooks/webhooks.h"
#include "store/event_log.h"

namespace origin::hooks {

struct GithubSource {
    store::Store& store;
    git::Storage& storage;
    const auth::Urls& urls;
};

struct GithubEvent {
    std::string name;  // The value of `X-GitHub-Event`.
    boost::json::object payload;
};

/// Commits of a push that are described; the newest ones.
inline constexpr std::size_t kGithubCommitsMax = 20;

/// One for each wanted ref that a push moved; one for a deployment's change of state; none for
/// events that have no such shape, or whose project is gone.
/// `data`: the event's. Errors: those of the store. Commits that cannot be read are left out.
Result<std::vector<GithubEvent>> github_events(
    const GithubSource& source,
    const store::Event& event,
    const boost::json::object& data,
    const std::function<bool(std::string_view)>& wants_ref);

Result<boost::json::object> github_ping(const GithubSource& source,
                                        const WebhookScope& scope,
                                        const WebhookId& id,
                                        const store::WebhookRow& hook);

}  // namespace origin::hooks
