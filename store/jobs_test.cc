// SPDX-License-Identifier: Apache-2.0
// Goal: each job is worked on by one worker at a time, and a worker that lost its lease changes
// nothing. Method: the in-memory store and times of our own.
#include "store/jobs.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "store/key.h"
#include "store/memory_store.h"
#include "store/row.h"

namespace origin::store {
namespace {

JobId id(std::size_t n) {
    JobId made;
    made.raw.fill(static_cast<unsigned char>(n));
    made.raw.front() = static_cast<unsigned char>(n ^ (n >> 8));
    return made;
}

Job job(std::size_t n, UnixMillis ready_at, std::string kind = "run") {
    Job made;
    made.id = id(n);
    made.kind = std::move(kind);
    made.subject = "subject";
    made.ready_at = ready_at;
    made.payload = "payload";
    return made;
}

class Jobs : public testing::Test {
protected:
    Status write(const WriteFn& fn) { return store_->write(fn); }

    void add(const Job& what) {
        ASSERT_TRUE(write([&](Writer& writer) { return enqueue(writer, what); }));
    }
    std::optional<Job> take(UnixMillis now, std::string_view kind = "run") {
        std::optional<Job> taken;
        EXPECT_TRUE(write([&](Writer& writer) -> Status {
            ORIGIN_TRY(found,
                       claim(writer, {.kind = kind, .now = now, .lease = kLease, .owner = 9}));
            taken = found;
            return {};
        }));
        return taken;
    }
    std::size_t rows(Table table) {
        std::size_t count = 0;
        EXPECT_TRUE(store_->read([&](Reader& reader) {
            return reader.scan(table, {}, [&](auto, auto) { return ++count > 0; });
        }));
        return count;
    }
    static std::string reason(const Status& status) {
        return status ? "" : std::string(status.error().reason());
    }

    static constexpr Milliseconds kLease{30};
    std::unique_ptr<Store> store_ = make_memory_store();
};

// After kill -9 a run used to wait for the dead process's lease: 30 s of nothing.
TEST_F(Jobs, OfAProcessThatIsGoneAreReadyAtOnce) {
    add(job(1, 100));
    add(job(2, 100, "deploy"));
    add(job(3, 5000));
    const auto lost = take(100);
    const auto other_kind = take(100, "deploy");
    std::size_t taken_back = 0;
    ASSERT_TRUE(write([&](Writer& writer) -> Status {
        ORIGIN_TRY(count, take_back_leases(writer, "run", 101, Milliseconds(9000)));
        taken_back = count;
        return {};
    }));
    EXPECT_EQ(taken_back, 1U);
    const auto again = take(101);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->id, lost->id);
    EXPECT_EQ(again->attempt, 2U) << "the attempt that died counts";
    EXPECT_EQ(reason(write([&](Writer& writer) { return complete(writer, *lost); })), "lease_lost");
    EXPECT_TRUE(write([&](Writer& writer) { return check_lease(writer, *other_kind); }));
    EXPECT_TRUE(write([&](Writer& writer) { return complete(writer, *again); }));
    EXPECT_FALSE(take(4999)) << "a job that was not leased keeps its time";
    EXPECT_EQ(rows(Table::Jobs), rows(Table::JobsReady));
}

// A start read every job there was: one for each project that had been pushed to.
TEST_F(Jobs, ThatWaitAreNotReadAtAStart) {
    add(job(1, 500));
    add(job(2, 100));
    ASSERT_TRUE(take(100));
    ASSERT_TRUE(write([](Writer& writer) {
        return writer.put(Table::Jobs, id(1).view(), "whoever reads this fails");
    }));
    const Status taken = write([](Writer& writer) -> Status {
        ORIGIN_CHECK(take_back_leases(writer, "run", 200, Milliseconds(9000)));
        return {};
    });
    EXPECT_TRUE(taken);
    EXPECT_EQ(take(300)->id, id(2));
}

TEST_F(Jobs, AreListedAsLeasedJustWhileTheyAre) {
    add(job(1, 0));
    add(job(2, 0));
    EXPECT_EQ(rows(Table::JobsLeased), 0U);
    const auto first = take(100);
    const auto second = take(100);
    EXPECT_EQ(rows(Table::JobsLeased), 2U);
    ASSERT_TRUE(write([&](Writer& writer) { return heartbeat(writer, *first, 500); }));
    EXPECT_EQ(rows(Table::JobsLeased), 2U);
    ASSERT_TRUE(write([&](Writer& writer) { return retry_at(writer, *first, 300); }));
    EXPECT_EQ(rows(Table::JobsLeased), 1U);
    ASSERT_TRUE(write([&](Writer& writer) { return complete(writer, *second); }));
    EXPECT_EQ(rows(Table::JobsLeased), 0U);
    ASSERT_TRUE(take(400));
    ASSERT_TRUE(write([](Writer& writer) { return cancel(writer, id(1)); }));
    EXPECT_EQ(rows(Table::JobsLeased), 0U);
}

TEST_F(Jobs, OfAnOrigindWithoutThatListAreNotTakenForLeased) {
    add(job(1, 5000));
    ASSERT_TRUE(write([](Writer& writer) -> Status {
        ORIGIN_CHECK(writer.put(Table::JobsLeased, key(Label{"run"}, id(1)), {}));
        return writer.put(Table::JobsLeased, key(Label{"run"}, id(9)), {});
    }));
    ASSERT_TRUE(write([](Writer& writer) -> Status {
        ORIGIN_CHECK(take_back_leases(writer, "run", 100, Milliseconds(9000)));
        return {};
    }));
    EXPECT_EQ(rows(Table::JobsLeased), 0U);
    EXPECT_FALSE(take(4999));
    EXPECT_TRUE(take(5000));
}

// A retry of before waited ten years once the clock had been set back by ten.
TEST_F(Jobs, OfATimeTooFarAheadAreReadyAtAStart) {
    add(job(1, 5000));
    add(job(2, 5001));
    ASSERT_TRUE(write([&](Writer& writer) -> Status {
        ORIGIN_CHECK(take_back_leases(writer, "run", 1000, Milliseconds(4000)));
        return {};
    }));
    EXPECT_EQ(take(1000)->id, id(2));
    EXPECT_FALSE(take(1001)) << "as long as any may wait: that is its time";
    EXPECT_EQ(rows(Table::Jobs), rows(Table::JobsReady));
}

TEST_F(Jobs, ManyOfATimeTooFarAheadAreTakenInParts) {
    for (std::size_t i = 0; i < kTakeBackMax + 1; ++i) {
        add(job(i, 5001));
    }
    const auto take_back = [&] {
        std::size_t taken = 0;
        EXPECT_TRUE(write([&](Writer& writer) -> Status {
            ORIGIN_TRY(count, take_back_leases(writer, "run", 1000, Milliseconds(4000)));
            taken = count;
            return {};
        }));
        return taken;
    };
    EXPECT_EQ(take_back(), kTakeBackMax);
    EXPECT_EQ(take_back(), 1U);
    EXPECT_EQ(take_back(), 0U);
}

TEST_F(Jobs, AreClaimedOldestFirstAndOnlyWhenReady) {
    add(job(1, 200));
    add(job(2, 100));
    add(job(3, 50, "deploy"));
    EXPECT_FALSE(take(99));
    EXPECT_EQ(take(300)->id, id(2));
    EXPECT_EQ(take(300)->id, id(1));
    EXPECT_FALSE(take(300));
    const auto deploy = take(50, "deploy");
    ASSERT_TRUE(deploy);
    EXPECT_EQ(deploy->attempt, 1U);
    EXPECT_EQ(deploy->lease, (Lease{.token = 1, .owner = 9, .until = 80}));
    EXPECT_EQ(deploy->payload, "payload");
}

TEST_F(Jobs, AKindThatBeginsLikeAnotherIsAnother) {
    add(job(1, 0, "runner"));
    EXPECT_FALSE(take(100, "run"));
    EXPECT_TRUE(take(100, "runner"));
}

TEST_F(Jobs, AStaleWorkerCanChangeNothing) {
    add(job(1, 0));
    const auto slow = take(100);
    EXPECT_FALSE(take(129));
    const auto fresh = take(130);
    ASSERT_TRUE(fresh);
    EXPECT_EQ(fresh->attempt, 2U);
    const auto refused = [&](const WriteFn& fn) {
        EXPECT_EQ(reason(write(fn)), "lease_lost");
    };
    refused([&](Writer& writer) { return complete(writer, *slow); });
    refused([&](Writer& writer) { return heartbeat(writer, *slow, 500); });
    refused([&](Writer& writer) { return retry_at(writer, *slow, 500); });
    refused([&](Writer& writer) { return check_lease(writer, *slow); });
    EXPECT_TRUE(write([&](Writer& writer) { return check_lease(writer, *fresh); }));
    EXPECT_TRUE(write([&](Writer& writer) { return complete(writer, *fresh); }));
    refused([&](Writer& writer) { return complete(writer, *fresh); });
    EXPECT_EQ(rows(Table::Jobs), 0U);
    EXPECT_EQ(rows(Table::JobsReady), 0U);
}

TEST_F(Jobs, AHeartbeatKeepsTheLease) {
    add(job(1, 0));
    const auto mine = take(100);
    ASSERT_TRUE(write([&](Writer& writer) { return heartbeat(writer, *mine, 500); }));
    EXPECT_FALSE(take(499));
    EXPECT_EQ(rows(Table::JobsReady), 1U);
    ASSERT_TRUE(write([&](Writer& writer) { return heartbeat(writer, *mine, 600); }));
    EXPECT_TRUE(take(600));
}

TEST_F(Jobs, ARetriedJobComesBackWithANewLease) {
    add(job(1, 0));
    auto first = take(100);
    first->payload = "half done";
    ASSERT_TRUE(write([&](Writer& writer) { return retry_at(writer, *first, 300); }));
    EXPECT_EQ(reason(write([&](Writer& writer) { return complete(writer, *first); })),
              "lease_lost");
    EXPECT_FALSE(take(299));
    const auto second = take(300);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->lease->token, 2U);
    EXPECT_EQ(second->payload, "half done");
    EXPECT_EQ(second->attempt, 2U);
}

TEST_F(Jobs, TellWhenTheNextIsReady) {
    const auto next = [&] {
        std::optional<UnixMillis> when;
        EXPECT_TRUE(store_->read([&](Reader& reader) -> Status {
            ORIGIN_TRY(found, next_ready(reader, "run"));
            when = found;
            return {};
        }));
        return when;
    };
    EXPECT_EQ(next(), std::nullopt);
    add(job(1, 70));
    EXPECT_EQ(next(), 70);
    take(100);
    EXPECT_EQ(next(), 130);
    EXPECT_TRUE(write([&](Writer& writer) { return cancel(writer, id(1)); }));
    EXPECT_EQ(next(), std::nullopt);
    EXPECT_TRUE(write([&](Writer& writer) { return cancel(writer, id(1)); }));
}

TEST_F(Jobs, AreNotEnqueuedTwiceOrWithoutAKind) {
    add(job(1, 0));
    EXPECT_EQ(reason(write([&](Writer& writer) { return enqueue(writer, job(1, 5)); })),
              "job_exists");
    EXPECT_FALSE(write([&](Writer& writer) { return enqueue(writer, job(2, 0, "")); }));
    const std::string long_kind(kJobKindBytesMax + 1, 'k');
    EXPECT_FALSE(write([&](Writer& writer) { return enqueue(writer, job(2, 0, long_kind)); }));
}

TEST_F(Jobs, RowsKeepTheirBytes) {
    Job row = job(0xdd, 0x0102);
    row.attempt = 2;
    row.generation = 3;
    row.lease = Lease{.token = 3, .owner = 9, .until = 0x10};
    EXPECT_EQ(encode(row),
              "\1" + std::string(16, '\xdd') + std::string("\0\0\0\3run", 7) +
                  std::string("\0\0\0\7subject", 11) + std::string("\0\0\0\0\0\0\1\2", 8) +
                  std::string("\0\0\0\2", 4) + std::string("\0\0\0\0\0\0\0\3", 8) +
                  std::string("\1\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0\x10", 25) +
                  std::string("\0\0\0\7payload", 11));
}

ClientId client(unsigned char n) {
    ClientId made;
    made.raw.fill(n);
    return made;
}

class Turns : public Jobs {
protected:
    void add_of(const ClientId& who, std::size_t n, const std::string& kind = "run") {
        ASSERT_TRUE(write(
            [&](Writer& writer) { return enqueue_in_turn(writer, job(n, kNow, kind), who); }));
    }
    std::optional<std::size_t> before(std::size_t n) {
        std::optional<std::size_t> count;
        EXPECT_TRUE(store_->read([&](Reader& reader) -> Status {
            ORIGIN_TRY(found, jobs_before(reader, id(n)));
            count = found;
            return {};
        }));
        return count;
    }
    std::string order(std::size_t count, UnixMillis now = kNow) {
        std::string taken;
        for (std::size_t i = 0; i < count; ++i) {
            const auto next = take(now);
            taken += next ? next->id == id(next->id.raw.back())
                                ? std::to_string(next->id.raw.back())
                                : "?"
                          : "-";
            taken += ' ';
        }
        return taken;
    }
    static constexpr UnixMillis kNow = 1'800'000'000'000;
    const ClientId busy_ = client(1);
    const ClientId quiet_ = client(2);
};

TEST_F(Turns, AThousandOfOneDelayAnothersByOne) {
    for (std::size_t n = 1; n <= 1000; ++n) {
        add_of(busy_, 256 + n);
    }
    ASSERT_TRUE(take(kNow));
    add_of(quiet_, 2);
    add_of(quiet_, 3);
    EXPECT_EQ(before(2), 0U) << "its id is the older one of this turn";
    EXPECT_EQ(before(3), 3U);
    const auto first = take(kNow);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->id, id(2));
    EXPECT_EQ(before(2), std::nullopt) << "it is leased";
    ASSERT_TRUE(take(kNow));
    ASSERT_TRUE(take(kNow));
    const auto fourth = take(kNow);
    ASSERT_TRUE(fourth);
    EXPECT_EQ(fourth->id, id(3));
    EXPECT_EQ(before(256 + 1000), 996U);
}

TEST_F(Turns, OneWhoWasBusyIsNotPunishedAfterwards) {
    for (std::size_t n = 1; n <= 5; ++n) {
        add_of(busy_, n);
    }
    EXPECT_EQ(order(6), "1 2 3 4 5 - ");
    add_of(quiet_, 10);
    add_of(busy_, 11);
    add_of(quiet_, 12);
    add_of(busy_, 13);
    EXPECT_EQ(order(4), "10 11 12 13 ");
}

TEST_F(Turns, KeepTheOrderOfOneClient) {
    for (const std::size_t n : {9U, 3U, 7U, 1U}) {
        add_of(busy_, n);
    }
    EXPECT_EQ(order(4), "9 3 7 1 ");
}

TEST_F(Turns, ComeBeforeAllThatWaitWhateverTheClockSays) {
    add(job(1, 0));
    add(job(2, -1'000'000));
    add_of(busy_, 3);
    EXPECT_EQ(before(1), 2U);
    EXPECT_EQ(order(1, -5'000'000), "3 ");
}

TEST_F(Turns, OfOneKindSayNothingOfAnother) {
    for (std::size_t n = 1; n <= 5; ++n) {
        add_of(busy_, n, "other");
    }
    add_of(busy_, 10);
    EXPECT_EQ(before(10), 0U);
    EXPECT_EQ(before(5), 4U);
}

TEST_F(Turns, LetInEverySecondTimeWhatIsDue) {
    add_of(busy_, 1);
    const auto failed = take(kNow);
    ASSERT_TRUE(failed);
    add_of(busy_, 2);
    const auto lost = take(kNow);  // Its lease runs out.
    ASSERT_TRUE(lost);
    for (std::size_t n = 10; n <= 15; ++n) {
        add_of(busy_, n);
    }
    ASSERT_TRUE(
        write([&](Writer& writer) { return retry_at(writer, *failed, kNow + kLease.count()); }));
    EXPECT_EQ(order(2), "10 11 ") << "not before its time";
    EXPECT_EQ(order(4, kNow + kLease.count()), "1 12 2 13 ");
    EXPECT_EQ(order(3, kNow + 1), "14 15 - ");
}

TEST_F(Turns, APlaceFarBackIsNotCounted) {
    for (std::size_t n = 1; n <= kPlaceMax + 10; ++n) {
        add_of(busy_, 256 + n);
    }
    EXPECT_EQ(before(256 + kPlaceMax + 10), kPlaceMax);
    EXPECT_EQ(before(4), std::nullopt) << "there is no such job";
}

}  // namespace
}  // namespace origin::store
