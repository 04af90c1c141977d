// SPDX-License-Identifier: Apache-2.0
#include "api/event_stream.h"

#include <algorithm>

#include <boost/json.hpp>

#include "api/views.h"
#include "auth/grants.h"
#include "base/limits.h"
#include "store/rows/access.h"

namespace origin::api {
namespace {

constexpr std::size_t kPage = 100;

void append_sse(std::string& out, const store::Event& event) {
    out += "id: " + event_cursor(event.sequence) + "\nevent: " + event.type +
           "\ndata: " + boost::json::serialize(event_json(event)) + "\n\n";
}

}  // namespace

Result<bool> VisibleEvents::operator()(store::Reader& reader, const store::Event& event) const {
    if (identity_.server_admin) {
        return true;
    }
    const auto& bound_to = identity_.projects;
    if (!event.project) {
        return event.client == identity_.client && bound_to.empty();
    }
    if (!bound_to.empty() && std::ranges::find(bound_to, *event.project) == bound_to.end()) {
        return false;
    }
    ORIGIN_TRY(
        row,
        store::get_row<store::ProjectRow>(reader, store::Table::Projects, event.project->view()));
    if (!row) {
        return false;
    }
    // Its owner's even when it is deleted: that it was is an event.
    ORIGIN_TRY(access, auth::access_of(reader, identity_.client, *event.project, *row));
    if (event.type.starts_with("grant.")) {
        return access == store::Access::Admin;
    }
    if (event.type.starts_with("webhook.")) {
        return access && *access >= store::Access::Deploy;
    }
    return access || (row->is_public && row->deleted_at == 0 && asked_ == event.project);
}

EventStream::EventStream(const Around& around, EventsWish wish)
    : around_(around), wish_(std::move(wish)), last_sent_(around.clock.steady()) {}

Status EventStream::check_identity() const {
    if (!wish_.identity.key) {
        return {};
    }
    ORIGIN_TRY(now, around_.gatekeeper.identity_again(wish_.identity));
    if (wish_.identity.server_admin && !now.server_admin) {
        return std::unexpected(Error(Code::Forbidden, "this needs a server admin's key"));
    }
    return {};
}

/// Returns: true if there may be more at once.
Result<bool> EventStream::read_page(std::string& out) {
    return read_store(around_.store, [&](store::Reader& reader) -> Result<bool> {
        ORIGIN_TRY(events, store::read_events(reader, wish_.after, kPage, wish_.project));
        for (const store::Event& event : events) {
            ORIGIN_TRY(shown, wish_.shows(reader, event));
            if (shown) {
                append_sse(out, event);
            }
            wish_.after = event.sequence;
        }
        return !events.empty();
    });
}

Result<net::BodySource::State> EventStream::step(std::string& out) {
    const std::size_t before = out.size();
    const std::uint64_t version = around_.store.version();
    if (seen_version_ != version) {
        ORIGIN_CHECK(check_identity());
        // Asked first: what made it over is then in the pages read after it.
        Result<bool> over = false;
        if (wish_.is_over) {
            over = read_store(around_.store, wish_.is_over);
            ORIGIN_CHECK(over);
        }
        ORIGIN_TRY(more, read_page(out));
        if (more) {
            last_sent_ = around_.clock.steady();
            return State::More;
        }
        if (*over) {
            return State::Done;
        }
        seen_version_ = version;
    }
    const auto now = around_.clock.steady();
    if (out.size() == before && now - last_sent_ >= kEventKeepAlive) {
        out += ": nothing new\n\n";
        last_sent_ = now;
    }
    return State::Wait;
}

net::Response stream_answer(const Around& around, EventsWish wish) {
    net::Response response;
    response.headers = {{"Content-Type", "text/event-stream"},
                        {"Cache-Control", "no-store"},
                        {"X-Accel-Buffering", "no"}};
    response.stream = std::make_unique<EventStream>(around, std::move(wish));
    return response;
}

Result<std::uint64_t> event_start(store::Reader& reader, const Call& call) {
    std::string_view cursor = call.head.header("last-event-id");
    if (cursor.empty()) {
        cursor = call.asked("after");
    }
    ORIGIN_TRY(oldest, store::oldest_sequence(reader));
    if (cursor.empty()) {
        return oldest - 1;
    }
    ORIGIN_TRY(after, read_event_cursor(cursor));
    if (after + 1 < oldest) {
        return std::unexpected(
            Error(Code::Conflict,
                  "events after this cursor are not kept any more; read the resources anew and "
                  "start without a cursor")
                .because("cursor_expired"));
    }
    return after;
}

}  // namespace origin::api
