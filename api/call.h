// SPDX-License-Identifier: Apache-2.0
// api/call: one request as an endpoint sees it: who asks, for what, with what around it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/audit.h"
#include "auth/gatekeeper.h"
#include "auth/once.h"
#include "auth/preview_link.h"
#include "auth/rate_limits.h"
#include "auth/urls.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "deploy/connectors.h"
#include "generator/runs.h"
#include "git/serve/push.h"
#include "git/serve/storage.h"
#include "json/fields.h"
#include "net/http.h"
#include "net/http_client.h"
#include "net/http_text.h"
#include "store/store.h"

namespace origin::api {

/// What the API works with. All of it outlives the API.
struct Around {
    store::Store& store;
    git::Storage& storage;
    git::PushService& pushes;
    auth::Gatekeeper& gatekeeper;
    auth::RateLimits& limits;
    generator::Runs& runs;
    const auth::Urls& urls;
    const auth::PreviewLinks& preview_links;
    net::ClientSettings outbound;  // What webhook URLs are checked against.
    const deploy::Connectors& connectors;
    Secret master_key;
    const Clock& clock;
    Random& random;
    Log& log;
    Metrics& metrics;
    std::string server_version;
    std::function<Status()> sandbox = {};  // Can programs run in it? None: not known.
};

class ReadyProbe;

struct Call {
    const Around& around;
    ReadyProbe& ready;
    const net::RequestHead& head;
    std::vector<std::pair<std::string_view, std::string>> params;  // Of the path, decoded.
    net::Query query;
    std::optional<auth::Identity> who;  // Empty on open routes only.
    std::string body;

    /// Only for routes that need a key.
    const auth::Identity& identity() const { return *who; }
    const std::string& param(std::string_view name) const;
    /// Empty if the query has none.
    std::string_view asked(std::string_view name) const {
        return query.get(name).value_or(std::string_view());
    }
    /// `true` or `false`; false if absent. Errors: InvalidInput `bad_query`.
    Result<bool> asked_flag(std::string_view name) const;
    UnixMillis now() const { return around.clock.now(); }
    /// One transaction of whoever asks, if they still are who they were when the request began.
    Status write(const store::WriteFn& fn) const;
    /// The same, if they still may do this with the project.
    Status write(const auth::Permit& permit, const store::WriteFn& fn) const;
    /// An audit event by whoever asks; the endpoint adds what it is about.
    store::AuditRow audit(std::string type) const;
    store::AuditRow audit(std::string type, const ProjectId& project, std::string subject) const;

    /// The project that {project} names: "prj_..." or "client/slug", percent-encoded.
    /// Errors: NotFound; Forbidden.
    Result<auth::Permit> permit(auth::Action action) const;
    /// The same for a project by name.
    Result<auth::Permit> permit_named(std::string_view project, auth::Action action) const;
    /// To see what is deployed: for whoever reads, and whoever deploys without git:read.
    Result<auth::Permit> permit_to_look() const;
    Result<auth::Permit> permit_to_look(std::string_view project) const;
    /// The first of these actions that is permitted; else the last one's refusal.
    Result<auth::Permit> permit_any(const ProjectId& project,
                                    std::initializer_list<auth::Action> actions) const;
};

/// Seconds that `Prefer: wait=N` asks for, at most kPreferWaitMax; zero: it does not.
std::chrono::seconds preferred_wait(const net::RequestHead& head);

using Answer = Result<net::Reply>;
using Ids = std::vector<std::string>;

/// A write that its Idempotency-Key makes happen once. `act` does it and records the ids of what
/// it made in its own transaction; `replay` shows those as they are now.
Answer once_only(const Call& call,
                 const std::function<Answer(const auth::Once&)>& act,
                 const std::function<Answer(const Ids&)>& replay);

/// What `fn` makes of one snapshot.
template <class F>
auto read_store(store::Store& store, const F& fn) -> std::invoke_result_t<F, store::Reader&> {
    std::optional<std::invoke_result_t<F, store::Reader&>> result;
    ORIGIN_CHECK(store.read([&](store::Reader& reader) -> Status {
        result.emplace(fn(reader));
        return *result ? Status() : std::unexpected(result->error());
    }));
    return std::move(*result);
}

}  // namespace origin::api
