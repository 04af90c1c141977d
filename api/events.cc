// SPDX-License-Identifier: Apache-2.0
// /api/events and /api/projects/{project}/events: the log, as pages or as a stream.
#include <boost/json.hpp>

#include "api/answers.h"
#include "api/endpoints.h"
#include "api/event_stream.h"
#include "api/views.h"
#include "base/limits.h"
#include "store/event_log.h"

namespace origin::api {
namespace {

namespace json = boost::json;

bool wants_stream(const net::RequestHead& head) {
    return net::lower_case(head.header("accept")).contains("text/event-stream");
}

/// One page: shown events, and the cursor of the last one looked at.
Answer events_page(const Call& call, EventsWish wish, std::size_t limit) {
    json::array rows;
    ORIGIN_CHECK(call.around.store.read([&](store::Reader& reader) -> Status {
        rows.clear();
        ORIGIN_TRY(events, store::read_events(reader, wish.after, kEventPageMax, wish.project));
        for (const store::Event& event : events) {
            if (rows.size() == limit) {
                break;
            }
            ORIGIN_TRY(shown, wish.shows(reader, event));
            if (shown) {
                rows.push_back(event_json(event));
            }
            wish.after = event.sequence;
        }
        return {};
    }));
    return json_answer(200,
                       {{"events", std::move(rows)}, {"nextCursor", event_cursor(wish.after)}});
}

Answer events_answer(const Call& call, const std::optional<ProjectId>& project) {
    ORIGIN_TRY(page, page_wish(call));
    ORIGIN_TRY(after, read_store(call.around.store, [&](store::Reader& reader) {
                   return event_start(reader, call);
               }));
    EventsWish wish{.after = after,
                    .project = project,
                    .shows = VisibleEvents(call.identity(), project),
                    .is_over = {},
                    .identity = call.identity()};
    if (wants_stream(call.head)) {
        return stream_answer(call.around, std::move(wish));
    }
    return events_page(call, std::move(wish), page.limit);
}

}  // namespace

Answer get_events(const Call& call) {
    ORIGIN_CHECK(auth::Gatekeeper::need(call.identity(), auth::Scope::GitRead));
    return events_answer(call, std::nullopt);
}

Answer get_project_events(const Call& call) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Read));
    return events_answer(call, permit.project());
}

}  // namespace origin::api
