// SPDX-License-Identifier: Apache-2.0
// Goal: what the doors noted is written without their waiting, also at the end, and the audit log
// forgets what is old. Method: steps by hand, then a real thread, over the in-memory store.
#include "hooks/bookkeeper.h"

#include <gtest/gtest.h>

#include "auth/audit.h"
#include "base/steadied_clock.h"
#include "store/memory_store.h"
#include "store/rows/access.h"

namespace origin::hooks {
namespace {

class SetClock final : public Clock {
public:
    UnixMillis now() const override { return wall; }
    std::chrono::steady_clock::time_point steady() const override { return steady_now; }
    UnixMillis wall = 1'800'000'000'000;
    std::chrono::steady_clock::time_point steady_now{std::chrono::hours(1)};
};

class BookkeeperTest : public ::testing::Test {
protected:
    void record(UnixMillis time, int count = 1) {
        EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            for (int i = 0; i < count; ++i) {
                ORIGIN_CHECK(auth::record_audit(writer, {.time = time, .type = "a.b"}));
            }
            return {};
        }));
    }
    std::size_t events() {
        std::size_t count = 0;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) {
            count = 0;
            return reader.scan(store::Table::Audit, {}, [&](std::string_view, std::string_view) {
                ++count;
                return true;
            });
        }));
        return count;
    }

    static constexpr UnixMillis kDay = 24L * 60 * 60 * 1000;
    SetClock clock_;
    SteadiedClock schedule_{clock_};
    Log log_{2, LogFormat::Text, Level::Error, clock_};
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    auth::LoginNotes notes_{clock_};
    Bookkeeper keeper_{{*store_, notes_, schedule_, log_, std::chrono::days(10)}};
};

TEST_F(BookkeeperTest, OldEventsAreForgottenOnceAnHour) {
    record(clock_.wall - 11 * kDay, 2500);
    record(clock_.wall - 9 * kDay, 3);
    ASSERT_TRUE(keeper_.step());
    EXPECT_EQ(events(), 3U);
    const std::uint64_t version = store_->version();
    clock_.steady_now += std::chrono::hours(30);
    ASSERT_TRUE(keeper_.step());
    EXPECT_EQ(events(), 0U);
    record(clock_.wall - 20 * kDay);
    ASSERT_TRUE(keeper_.step());
    EXPECT_EQ(events(), 1U) << "not every second";
    EXPECT_GT(store_->version(), version);
}

TEST_F(BookkeeperTest, SettingTheClockForwardForgetsNothing) {
    record(clock_.wall);
    clock_.wall += 1000 * kDay;
    clock_.steady_now += std::chrono::hours(2);
    ASSERT_TRUE(keeper_.step());
    EXPECT_EQ(events(), 1U);
}

TEST_F(BookkeeperTest, NothingToDoWritesNothing) {
    const std::uint64_t version = store_->version();
    ASSERT_TRUE(keeper_.step());
    ASSERT_TRUE(keeper_.step());
    EXPECT_EQ(store_->version(), version);
}

TEST_F(BookkeeperTest, AStopWritesWhatWasNoted) {
    keeper_.start();
    notes_.refused(std::nullopt, {.peer = "192.0.2.1", .via = "http"}, "malformed key");
    keeper_.stop();
    EXPECT_EQ(events(), 1U);
}

}  // namespace
}  // namespace origin::hooks
