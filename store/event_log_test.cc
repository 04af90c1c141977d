// SPDX-License-Identifier: Apache-2.0
// Goal: events are numbered without gaps, read back in order, and trimmed only from the front.
// Method: the in-memory store; golden bytes for the row.
#include "store/event_log.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "store/key.h"
#include "store/memory_store.h"
#include "store/row.h"

namespace origin::store {
namespace {

ProjectId project(unsigned char n) {
    ProjectId id;
    id.raw.fill(n);
    return id;
}

Event event(std::string type, std::optional<ProjectId> of, UnixMillis time = 1) {
    return Event{.sequence = 77,
                 .time = time,
                 .type = std::move(type),
                 .project = of,
                 .client = std::nullopt,
                 .data = "{}"};
}

class EventLog : public testing::Test {
protected:
    std::uint64_t append(const Event& what) {
        std::uint64_t sequence = 0;
        const Status status = store_->write([&](Writer& writer) -> Status {
            ORIGIN_TRY(given, append_event(writer, what));
            sequence = given;
            return {};
        });
        EXPECT_TRUE(status);
        return sequence;
    }
    std::vector<std::uint64_t> sequences(std::uint64_t after,
                                         std::size_t limit,
                                         std::optional<ProjectId> of = std::nullopt) {
        std::vector<std::uint64_t> found;
        const Status status = store_->read([&](Reader& reader) -> Status {
            ORIGIN_TRY(events, read_events(reader, after, limit, of));
            for (const Event& one : events) {
                found.push_back(one.sequence);
            }
            return {};
        });
        EXPECT_TRUE(status);
        return found;
    }

    std::unique_ptr<Store> store_ = make_memory_store();
};

using Sequences = std::vector<std::uint64_t>;

TEST_F(EventLog, NumbersWithoutGapsAndPages) {
    EXPECT_EQ(append(event("a", project(1))), 1U);
    EXPECT_EQ(append(event("b", project(2))), 2U);
    EXPECT_EQ(append(event("c", std::nullopt)), 3U);
    EXPECT_EQ(append(event("d", project(1))), 4U);
    EXPECT_EQ(sequences(0, 10), (Sequences{1, 2, 3, 4}));
    EXPECT_EQ(sequences(1, 2), (Sequences{2, 3}));
    EXPECT_EQ(sequences(4, 2), Sequences{});
    EXPECT_EQ(sequences(0, 0), Sequences{});
    EXPECT_EQ(sequences(UINT64_MAX, 5), Sequences{});
    EXPECT_EQ(sequences(0, 10, project(1)), (Sequences{1, 4}));
    EXPECT_EQ(sequences(1, 10, project(1)), (Sequences{4}));
    EXPECT_EQ(sequences(0, 1, project(1)), (Sequences{1}));
    EXPECT_EQ(sequences(0, 10, project(3)), Sequences{});
}

TEST_F(EventLog, ARefusedWriteUsesNoNumber) {
    const Status refused = store_->write([&](Writer& writer) -> Status {
        EXPECT_EQ(append_event(writer, event("a", project(1))), 1U);
        return std::unexpected(Error(Code::Conflict, "no"));
    });
    ASSERT_FALSE(refused);
    EXPECT_EQ(append(event("b", project(1))), 1U);
}

TEST_F(EventLog, RefusesWhatCannotBeAnEvent) {
    const Status status = store_->write([&](Writer& writer) -> Status {
        EXPECT_EQ(append_event(writer, event("", project(1))).error().code(), Code::InvalidInput);
        Event large = event("a", project(1));
        large.data.assign(kEventDataBytesMax + 1, ' ');
        EXPECT_EQ(append_event(writer, large).error().code(), Code::LimitExceeded);
        return {};
    });
    EXPECT_TRUE(status);
    EXPECT_EQ(sequences(0, 10), Sequences{});
}

TEST_F(EventLog, APageIsBoundedInBytes) {
    Event large = event("a", std::nullopt);
    large.data.assign(kEventPageBytesMax / 2, ' ');
    large.data.resize(kEventDataBytesMax - 1, ' ');
    for (int i = 0; i < 4; ++i) {
        append(large);
    }
    EXPECT_EQ(sequences(0, 10), (Sequences{1, 2}));
    EXPECT_EQ(sequences(2, 10), (Sequences{3, 4}));
}

TEST_F(EventLog, TrimsOldEventsAndTheirIndex) {
    for (UnixMillis time = 1; time <= 6; ++time) {
        append(event("a", project(1), time));
    }
    const auto trim = [&](UnixMillis before, std::size_t limit) {
        std::size_t trimmed = 0;
        EXPECT_TRUE(store_->write([&](Writer& writer) -> Status {
            ORIGIN_TRY(count, trim_events(writer, before, limit));
            trimmed = count;
            return {};
        }));
        return trimmed;
    };
    const auto oldest = [&] {
        std::uint64_t sequence = 0;
        EXPECT_TRUE(store_->read([&](Reader& reader) -> Status {
            ORIGIN_TRY(found, oldest_sequence(reader));
            sequence = found;
            return {};
        }));
        return sequence;
    };
    EXPECT_EQ(oldest(), 1U);
    EXPECT_EQ(trim(4, 2), 2U);
    EXPECT_EQ(trim(4, 2), 1U);
    EXPECT_EQ(trim(4, 2), 0U);
    EXPECT_EQ(oldest(), 4U);
    EXPECT_EQ(sequences(0, 10, project(1)), (Sequences{4, 5, 6}));
    EXPECT_EQ(trim(100, 100), 3U);
    EXPECT_EQ(oldest(), 7U);
    EXPECT_EQ(append(event("b", project(1))), 7U);
}

TEST_F(EventLog, KeepsACursorForEachConsumer) {
    const Status status = store_->write([&](Writer& writer) -> Status {
        EXPECT_EQ(get_cursor(writer, "webhooks"), 0U);
        ORIGIN_CHECK(put_cursor(writer, "webhooks", 5));
        EXPECT_EQ(get_cursor(writer, "webhooks"), 5U);
        EXPECT_EQ(get_cursor(writer, "mirror"), 0U);
        return {};
    });
    EXPECT_TRUE(status);
}

TEST_F(EventLog, RowsKeepTheirBytes) {
    Event row = event("push", project(0xdd), 0x0102);
    row.sequence = 3;
    EXPECT_EQ(encode(row),
              std::string("\1\0\0\0\0\0\0\0\3\0\0\0\0\0\0\1\2\0\0\0\4push\1", 26) +
                  std::string(16, '\xdd') + std::string("\0\0\0\0\2{}", 7));
}

}  // namespace
}  // namespace origin::store
