// SPDX-License-Identifier: Apache-2.0
// Goal: every event reaches its consumer once, and events that concern nobody cost no transaction.
// Method: a consumer that wants events of one type, over the in-memory store; the store's version
// says whether anything was written. A second dispatcher stands for the one after a start.
#include "hooks/dispatcher.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "store/memory_store.h"

namespace origin::hooks {
namespace {

bool is_wanted(const store::Event& event) {
    return event.type == "wanted";
}

class DispatcherTest : public ::testing::Test {
protected:
    void append(const std::string& type, int count = 1) {
        ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            for (int i = 0; i < count; ++i) {
                ORIGIN_TRY(
                    made,
                    store::append_event(
                        writer,
                        {.time = 1, .type = type, .project = {}, .client = {}, .data = "{}"}));
                last_ = made;
            }
            return {};
        }));
    }

    std::uint64_t cursor() {
        std::uint64_t cursor = 0;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(stored, store::get_cursor(reader, "consumer"));
            cursor = stored;
            return {};
        }));
        return cursor;
    }

    Dispatcher make() {
        const auto concerns = [](store::Reader&, const std::vector<store::Event>& events) {
            return Result<bool>(std::ranges::any_of(events, is_wanted));
        };
        const auto consume = [this](store::Writer&, const std::vector<store::Event>& events) {
            for (const store::Event& event : events) {
                if (is_wanted(event)) {
                    consumed_.push_back(event.sequence);
                }
            }
            return Status();
        };
        return {*store_, log_, {{"consumer", consume, concerns}}};
    }

    static void drain(Dispatcher& dispatcher) {
        Result<bool> any = true;
        while (any && *any) {
            any = dispatcher.step();
        }
        EXPECT_TRUE(any);
    }

    SystemClock clock_;
    Log log_{2, LogFormat::Text, Level::Error, clock_};
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    std::vector<std::uint64_t> consumed_;
    std::uint64_t last_ = 0;
};

TEST_F(DispatcherTest, WritesNothingForWhatConcernsNobody) {
    Dispatcher dispatcher = make();
    append("other", 3);
    const std::uint64_t before = store_->version();
    drain(dispatcher);
    EXPECT_EQ(store_->version(), before);
    EXPECT_EQ(cursor(), 0U);
}

TEST_F(DispatcherTest, WhatIsWantedMovesTheCursorPastAllBeforeIt) {
    Dispatcher dispatcher = make();
    append("other", 3);
    drain(dispatcher);
    append("wanted");
    const std::uint64_t wanted = last_;
    drain(dispatcher);
    append("other");
    drain(dispatcher);
    EXPECT_EQ(consumed_, std::vector({wanted}));
    EXPECT_EQ(cursor(), wanted);
}

TEST_F(DispatcherTest, TheCursorIsNeverFarBehind) {
    Dispatcher dispatcher = make();
    append("other", static_cast<int>(Dispatcher::kPassedMax) + 1);
    drain(dispatcher);
    EXPECT_LE(last_ - cursor(), Dispatcher::kPassedMax);
    EXPECT_GT(cursor(), 0U);
}

TEST_F(DispatcherTest, AfterAStartNothingIsConsumedTwiceOrLost) {
    {
        Dispatcher dispatcher = make();
        append("wanted");
        drain(dispatcher);
        append("other", 2);
        drain(dispatcher);
    }
    append("wanted");
    Dispatcher next = make();
    drain(next);
    EXPECT_EQ(consumed_, std::vector<std::uint64_t>({1, last_}));
    EXPECT_EQ(cursor(), last_);
}

}  // namespace
}  // namespace origin::hooks
