// SPDX-License-Identifier: Apache-2.0
// store/event_log: what happened, in one order; written in the same transaction as its cause.
// In: facts as JSON text. Out: pages of events after a sequence number, and consumers' cursors.
//
// Events:          key be64(sequence), value the Event row below.
// EventsByProject: key project id + be64(sequence), value empty.
// Cursors:         key consumer's name, value CursorRow: the last sequence it has dealt with.
// Meta:            key `event_sequence`, value be64: the last sequence given out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "store/store.h"

namespace origin::store {

struct Event {
    static constexpr std::uint8_t kVersion = 1;
    std::uint64_t sequence = 0;  ///< From 1, without gaps; append_event() assigns it.
    UnixMillis time = 0;
    std::string type;  ///< "push", "run.complete"
    std::optional<ProjectId> project;
    std::optional<ClientId> client;
    std::string data;  ///< A JSON object.

    template <class F>
    void fields(F& f) {
        f(sequence);
        f(time);
        f(type);
        f(project);
        f(client);
        f(data);
    }
    friend bool operator==(const Event&, const Event&) = default;
};

/// Appends `event` under the next sequence number. Returns: that number.
/// Errors: InvalidInput (no type), LimitExceeded (data above kEventDataBytesMax).
Result<std::uint64_t> append_event(Writer& writer, const Event& event);

/// Events with a sequence above `after`, oldest first, at most min(limit, kEventPageMax); of one
/// project if given. Errors: Corrupt.
Result<std::vector<Event>> read_events(Reader& reader,
                                       std::uint64_t after,
                                       std::size_t limit,
                                       std::optional<ProjectId> project = std::nullopt);

/// The last sequence given out; 0 before the first event.
Result<std::uint64_t> last_sequence(Reader& reader);

/// The oldest sequence still kept; last_sequence() + 1 if none is. A cursor below it minus one has
/// missed events.
Result<std::uint64_t> oldest_sequence(Reader& reader);

/// Erases events older than `before`, from the front, at most `limit` of them. Returns: how many.
Result<std::size_t> trim_events(Writer& writer, UnixMillis before, std::size_t limit);

/// Where `consumer` stands: the last sequence it has dealt with; 0 at first.
Result<std::uint64_t> get_cursor(Reader& reader, std::string_view consumer);
Status put_cursor(Writer& writer, std::string_view consumer, std::uint64_t sequence);

}  // namespace origin::store
