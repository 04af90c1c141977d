// SPDX-License-Identifier: Apache-2.0
#include "store/event_log.h"

#include <algorithm>

#include "base/limits.h"
#include "store/key.h"
#include "store/row.h"

namespace origin::store {
namespace {

constexpr std::string_view kSequenceKey = "event_sequence";

struct CursorRow {
    static constexpr std::uint8_t kVersion = 1;
    std::uint64_t sequence = 0;

    template <class F>
    void fields(F& f) {
        f(sequence);
    }
};

Error damaged(const char* what) {
    return Error(Code::Corrupt, "A stored record is damaged.", what);
}

Result<std::uint64_t> sequence_in(std::string_view key) {
    const auto sequence = from_be64(key);
    return sequence ? Result<std::uint64_t>(*sequence)
                    : std::unexpected(damaged("event key or counter"));
}

/// Collects events up to the limits of a page.
class Page {
public:
    explicit Page(std::size_t rows_max) : rows_max_(rows_max) {}

    bool full() const { return events_.size() >= rows_max_ || bytes_ >= kEventPageBytesMax; }

    Status add(std::string_view value) {
        ORIGIN_TRY(event, decode<Event>(value));
        bytes_ += value.size();
        events_.push_back(std::move(event));
        return {};
    }
    std::vector<Event> take() && { return std::move(events_); }

private:
    std::size_t rows_max_;
    std::size_t bytes_ = 0;
    std::vector<Event> events_;
};

/// Adds every event of `project` above `after`: first the index, then the event itself.
Status read_project(Reader& reader, std::uint64_t after, const ProjectId& project, Page& page) {
    Status status;
    Range range = Range::prefix(project.view());
    range.from = key(project, after + 1);
    const auto visit = [&](std::string_view index_key, std::string_view) {
        const std::string_view event_key = index_key.substr(kIdBytes);
        auto value = reader.get(Table::Events, event_key);
        if (!value) {
            status = std::unexpected(std::move(value).error());
        } else if (!*value) {
            status = std::unexpected(damaged("an event that its project's index names is missing"));
        } else {
            status = page.add(**value);
        }
        return status && !page.full();
    };
    ORIGIN_CHECK(reader.scan(Table::EventsByProject, range, visit));
    return status;
}

Status read_all(Reader& reader, std::uint64_t after, Page& page) {
    Status status;
    const auto visit = [&](std::string_view, std::string_view value) {
        status = page.add(value);
        return status && !page.full();
    };
    ORIGIN_CHECK(reader.scan(Table::Events, Range{be64(after + 1), {}}, visit));
    return status;
}

}  // namespace

Result<std::uint64_t> append_event(Writer& writer, const Event& event) {
    if (event.type.empty()) {
        return std::unexpected(Error(Code::InvalidInput, "An event needs a type."));
    }
    if (event.data.size() + event.type.size() > kEventDataBytesMax) {
        return std::unexpected(Error(Code::LimitExceeded, "This event is too large to be stored.")
                                   .because("event_too_large"));
    }
    ORIGIN_TRY(last, last_sequence(writer));
    Event stored = event;
    stored.sequence = last + 1;
    const std::string sequence_key = be64(stored.sequence);
    ORIGIN_CHECK(writer.put(Table::Meta, kSequenceKey, sequence_key));
    ORIGIN_CHECK(writer.put(Table::Events, sequence_key, encode(stored)));
    if (stored.project) {
        const std::string index_key = key(*stored.project, stored.sequence);
        ORIGIN_CHECK(writer.put(Table::EventsByProject, index_key, {}));
    }
    return stored.sequence;
}

Result<std::vector<Event>> read_events(Reader& reader,
                                       std::uint64_t after,
                                       std::size_t limit,
                                       std::optional<ProjectId> project) {
    Page page(std::min(limit, kEventPageMax));
    if (!page.full() && after != UINT64_MAX) {
        ORIGIN_CHECK(project ? read_project(reader, after, *project, page)
                             : read_all(reader, after, page));
    }
    return std::move(page).take();
}

Result<std::uint64_t> last_sequence(Reader& reader) {
    ORIGIN_TRY(value, reader.get(Table::Meta, kSequenceKey));
    return value ? sequence_in(*value) : Result<std::uint64_t>(0);
}

Result<std::uint64_t> oldest_sequence(Reader& reader) {
    std::optional<std::string> first;
    ORIGIN_CHECK(reader.scan(Table::Events, {}, [&](std::string_view key, std::string_view) {
        first = key;
        return false;
    }));
    if (first) {
        return sequence_in(*first);
    }
    ORIGIN_TRY(last, last_sequence(reader));
    return last + 1;
}

Result<std::size_t> trim_events(Writer& writer, UnixMillis before, std::size_t limit) {
    std::vector<Event> old;
    Status status;
    const auto visit = [&](std::string_view, std::string_view value) {
        auto event = decode<Event>(value);
        if (!event) {
            status = std::unexpected(std::move(event).error());
            return false;
        }
        const bool is_old = event->time < before && old.size() < limit;
        if (is_old) {
            event->data.clear();  // Only its place in the tables is needed.
            old.push_back(std::move(*event));
        }
        return is_old;
    };
    ORIGIN_CHECK(writer.scan(Table::Events, {}, visit));
    ORIGIN_CHECK(status);
    for (const Event& event : old) {
        ORIGIN_CHECK(writer.erase(Table::Events, be64(event.sequence)));
        if (event.project) {
            const std::string index_key = key(*event.project, event.sequence);
            ORIGIN_CHECK(writer.erase(Table::EventsByProject, index_key));
        }
    }
    return old.size();
}

Result<std::uint64_t> get_cursor(Reader& reader, std::string_view consumer) {
    ORIGIN_TRY(value, reader.get(Table::Cursors, consumer));
    if (!value) {
        return 0;
    }
    ORIGIN_TRY(row, decode<CursorRow>(*value));
    return row.sequence;
}

Status put_cursor(Writer& writer, std::string_view consumer, std::uint64_t sequence) {
    return writer.put(Table::Cursors, consumer, encode(CursorRow{sequence}));
}

}  // namespace origin::store
