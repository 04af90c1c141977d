// SPDX-License-Identifier: Apache-2.0
// api/event_stream: the event log as server-sent events.
// In: a place in the log. Out: `id` (a cursor), `event` (its type) and `data` (JSON) of each event
// that the filter lets through, from there on; a comment when all is quiet, so that proxies wait.
#pragma once

#include <functional>
#include <optional>

#include "api/call.h"
#include "net/http.h"
#include "store/event_log.h"

namespace origin::api {

/// Which events an identity may see: those of its client and of the projects that are its own or
/// shared with it; of a public project if that one is asked for. Whom a project is shared with is
/// told to those who may change that.
class VisibleEvents {
public:
    VisibleEvents(auth::Identity identity, std::optional<ProjectId> asked_project)
        : identity_(std::move(identity)), asked_(asked_project) {}

    Result<bool> operator()(store::Reader& reader, const store::Event& event) const;

private:
    auth::Identity identity_;
    std::optional<ProjectId> asked_;
};

struct EventsWish {
    std::uint64_t after = 0;
    std::optional<ProjectId> project = {};
    /// May this reader see the event, and does it belong to the stream?
    std::function<Result<bool>(store::Reader&, const store::Event&)> shows;
    /// Is it over once there is nothing more to show? Null: never.
    std::function<Result<bool>(store::Reader&)> is_over = {};
    /// Asked again whenever there is news: a revoked key, or an admin that is none any more, ends
    /// the stream.
    auth::Identity identity;
};

class EventStream final : public net::BodySource {
public:
    EventStream(const Around& around, EventsWish wish);

    Result<State> step(std::string& out) override;
    Milliseconds retry_after() const override { return Milliseconds{100}; }
    bool endless() const override { return true; }

private:
    Result<bool> read_page(std::string& out);
    Status check_identity() const;

    const Around& around_;
    EventsWish wish_;
    std::optional<std::uint64_t> seen_version_;
    std::chrono::steady_clock::time_point last_sent_;
};

net::Response stream_answer(const Around& around, EventsWish wish);

/// Where to begin: the `Last-Event-ID` header, else `after` of the query, else the log's beginning.
/// Errors: InvalidInput `bad_cursor`; Conflict `cursor_expired`: events after it are gone.
Result<std::uint64_t> event_start(store::Reader& reader, const Call& call);

}  // namespace origin::api
