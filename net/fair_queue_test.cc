// SPDX-License-Identifier: Apache-2.0
// Goal: whoever has one thing waiting gets it done within one round, however much others have; a
// pool with one busy client neither refuses another nor lets it wait.
// Method: queues of letters that are taken out in turn; a pool of one thread that is held.
#include "net/fair_queue.h"

#include <latch>
#include <mutex>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "net/server_fixture.h"
#include "net/whose.h"
#include "net/worker_pool.h"

namespace origin::net {
namespace {

constexpr Whose kBusy{.group = 1, .member = 1};
constexpr Whose kQuiet{.group = 2, .member = 1};

std::string all(FairQueue<char>& queue) {
    std::string taken;
    while (queue.size() > 0) {
        const char next = queue.next();
        taken += queue.pop();
        EXPECT_EQ(taken.back(), next);
    }
    return taken;
}

TEST(FairQueue, KeepsTheOrderOfOne) {
    FairQueue<char> queue;
    for (const char c : std::string("abcdef")) {
        queue.push(kBusy, char{c});
    }
    EXPECT_EQ(queue.next(), 'a');
    EXPECT_EQ(all(queue), "abcdef");
    EXPECT_EQ(queue.find(kBusy), nullptr);
}

TEST(FairQueue, OneWithAThousandDelaysAnotherByOne) {
    FairQueue<char> queue;
    for (int i = 0; i < 1000; ++i) {
        queue.push(kBusy, 'b');
    }
    queue.pop();
    queue.push(kQuiet, 'q');
    queue.push(kQuiet, 'r');
    EXPECT_EQ(queue.parts(), 2U);
    EXPECT_EQ(all(queue).substr(0, 5), "bqbrb");
}

TEST(FairQueue, ManyNamesOfOneGroupAreOneGroup) {
    FairQueue<char> queue;
    for (std::uint64_t name = 0; name < 1000; ++name) {
        queue.push({.group = 1, .member = name}, 'b');
    }
    queue.push(kQuiet, 'q');
    queue.push(kQuiet, 'r');
    EXPECT_EQ(all(queue).substr(0, 4), "bqbr");
}

TEST(FairQueue, MembersOfAGroupTakeTurnsAtItsTurns) {
    FairQueue<char> queue;
    for (int i = 0; i < 100; ++i) {
        queue.push({.group = 1, .member = 1}, 'a');
    }
    queue.push({.group = 1, .member = 2}, 'b');
    queue.push(kQuiet, 'q');
    EXPECT_EQ(all(queue).substr(0, 4), "aqba");
}

TEST(FairQueue, CountsAndForgets) {
    FairQueue<char> queue;
    for (std::uint64_t round = 0; round < 10'000; ++round) {
        queue.push({.group = round, .member = round}, 'x');
        queue.push({.group = round, .member = 0}, 'y');
        EXPECT_EQ(queue.size(), 2U);
        ASSERT_NE(queue.find({.group = round}), nullptr);
        EXPECT_EQ(queue.find({.group = round})->size(), 2U);
        EXPECT_EQ(all(queue), "xy");
        EXPECT_EQ(queue.parts(), 0U);
    }
}

RequestHead asked(const std::string& peer, const std::string& path, const std::string& key = "") {
    RequestHead head;
    head.peer = peer;
    head.path = path;
    if (!key.empty()) {
        head.headers.push_back({"Authorization", "Bearer " + key});
    }
    return head;
}

TEST(Whose, AGroupIsAnAddressAndNothingThatCanBeMadeUp) {
    const auto group =
        [](const std::string& peer, const std::string& path, const std::string& key) {
            return whose_request(asked(peer, path, key)).group;
        };
    EXPECT_EQ(group("192.0.2.1", "/a/b.git/info/refs", "one"), group("192.0.2.1", "/c", "two"));
    EXPECT_NE(group("192.0.2.1", "/a", ""), group("192.0.2.2", "/a", ""));
    EXPECT_EQ(group("2001:db8::1", "/a", ""), group("2001:db8::ffff:1", "/a", ""));
    EXPECT_NE(group("2001:db8::1", "/a", ""), group("2001:db8:0:1::1", "/a", ""));
    EXPECT_EQ(group("", "/a", ""), group("", "/b", "x"));
}

TEST(Whose, AMemberIsAKeyAndAProject) {
    const auto member = [](const std::string& path, const std::string& key) {
        return whose_request(asked("192.0.2.1", path, key)).member;
    };
    EXPECT_EQ(member("/a/b.git/info/refs", "k"), member("/a/b.git/git-upload-pack", "k"));
    EXPECT_NE(member("/a/b.git/info/refs", "k"), member("/a/c.git/info/refs", "k"));
    EXPECT_NE(member("/a/b.git/info/refs", "k"), member("/a/b.git/info/refs", "l"));
    EXPECT_EQ(member("/", ""), member("/", ""));
    EXPECT_EQ(member("", ""), member("", ""));
}

/// A pool whose one thread is held; what is submitted meanwhile writes a letter each.
class FairPool : public ::testing::Test {
protected:
    FairPool() {
        EXPECT_TRUE(pool_.submit([this] {
            started_.count_down();
            release_.wait();
        }));
        started_.wait();
    }
    bool submit(char letter, const Whose& whose, WorkerPool::Work work = WorkerPool::Work::New) {
        const auto write = [this, letter] {
            const std::lock_guard lock(mutex_);
            order_ += letter;
        };
        return pool_.submit(write, work, whose);
    }
    std::string finish() {
        release_.count_down();
        std::latch last(1);
        while (!pool_.submit([&] { last.count_down(); }, WorkerPool::Work::New, {.group = 9})) {
            std::this_thread::yield();
        }
        last.wait();
        const std::lock_guard lock(mutex_);  // Others may have more to write.
        return order_;
    }

    FakeClock clock_;
    std::mutex mutex_;
    std::string order_;
    std::latch started_{1};
    std::latch release_{1};
    WorkerPool pool_{1, clock_, 1000};
};

TEST_F(FairPool, ABusyClientFillsItsOwnQueueAndNobodyElses) {
    while (submit('b', kBusy)) {
    }
    EXPECT_EQ(pool_.queued(), 1000U);
    EXPECT_TRUE(pool_.overloaded(kBusy));
    EXPECT_FALSE(pool_.overloaded(kQuiet));
    EXPECT_TRUE(submit('q', kQuiet));
    EXPECT_FALSE(submit('b', kBusy));
    EXPECT_EQ(finish().substr(0, 2), "bq");
}

TEST_F(FairPool, EvenManyWhoFillItLeaveEachItsShare) {
    std::size_t taken = 0;
    for (std::uint64_t group = 1; group <= 2000; ++group) {
        for (int i = 0; i < 1000 && submit('x', {.group = group}); ++i) {
            ++taken;
        }
    }
    EXPECT_LE(taken, 9000U) << "it must stay bounded";
    EXPECT_GE(taken, 1000U);
    finish();
}

TEST_F(FairPool, WhoHasWaitedTooLongIsOverloadedAloneForItself) {
    ASSERT_TRUE(submit('b', kBusy));
    ASSERT_TRUE(submit('b', kBusy, WorkerPool::Work::Begun));
    clock_.advance(kWorkWaitMax);
    EXPECT_TRUE(pool_.overloaded(kBusy));
    EXPECT_FALSE(pool_.overloaded(kQuiet));
    finish();
}

TEST_F(FairPool, StepsOfWhatWasBegunTakeTurnsToo) {
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(submit('b', kBusy, WorkerPool::Work::Begun));
    }
    ASSERT_TRUE(submit('q', kQuiet, WorkerPool::Work::Begun));
    EXPECT_EQ(finish().substr(0, 2), "bq");
}

}  // namespace
}  // namespace origin::net
