// SPDX-License-Identifier: Apache-2.0
// Goal: threads that help to resolve a pack's deltas change nothing of what comes out, whether they
// come, come late, stay away or stop half way; what is wrong is found by whoever finds it.
// Method: a large pack by hand, of many trees of deltas; git's own index as the oracle.
#include "git/odb/delta_resolver.h"

#include <future>
#include <random>

#include <gtest/gtest.h>

#include "git/odb/test_git.h"
#include "git/odb/test_pack.h"

namespace origin::git {
namespace {

using test::get_file;
using test::must;

/// `helps(n)`: is the n-th task (from 0) taken by a thread?
class Helpers final : public SideWork {
public:
    explicit Helpers(std::function<bool(unsigned)> helps) : helps_(std::move(helps)) {}
    unsigned width() const override { return 3; }
    bool offer(Task&& task) override {
        if (!helps_(offered_++)) {
            return false;
        }
        running_.push_back(std::async(std::launch::async, [this, task = std::move(task)]() mutable {
            task();
            const std::scoped_lock lock(mutex_);
            helped_ += 1;
        }));
        return true;
    }
    /// How many tasks have run.
    unsigned helped() {
        running_.clear();  // Waits for each.
        return helped_;
    }

private:
    std::function<bool(unsigned)> helps_;
    unsigned offered_ = 0;
    std::mutex mutex_;
    unsigned helped_ = 0;
    std::vector<std::future<void>> running_;
};

/// Takes every task and runs it when nobody waits for it any more.
class Late final : public SideWork {
public:
    ~Late() {
        for (Task& task : tasks_) {
            task();
        }
    }
    unsigned width() const override { return 4; }
    bool offer(Task&& task) override {
        tasks_.push_back(std::move(task));
        return true;
    }

private:
    std::vector<Task> tasks_;
};

class DeltaResolverTest : public testing::Test {
protected:
    void SetUp() override { std::filesystem::create_directories(quarantine()); }
    std::filesystem::path quarantine() const { return dir_ / "quarantine"; }

    std::string text(std::size_t size) {
        std::string text(size, ' ');
        for (char& letter : text) {
            letter = static_cast<char>('!' + random_() % 90);
        }
        return text;
    }

    /// 150 whole objects; on each a chain with a branch, by distance and by id.
    std::string large_pack(bool with_one_bad_delta = false) {
        test::PackMaker maker;
        for (int root = 0; root < 150; ++root) {
            std::string base = text(9000 + random_() % 2000);
            std::uint64_t place = maker.add(EntryKind::Blob, base);
            for (int depth = 0; depth < 6; ++depth) {
                const std::string more = text(100);
                const bool is_bad = with_one_bad_delta && root == 120 && depth == 3;
                const std::string delta =
                    test::delta(base.size() + (is_bad ? 1 : 0),
                                base.size() + more.size(),
                                test::copy_command(0, static_cast<std::uint32_t>(base.size())) +
                                    test::insert_command(more));
                const std::string other = text(60);
                maker.add_ref(*hash_object(ObjectType::Blob, base),
                              test::delta(base.size(), other.size(), test::insert_command(other)));
                place = maker.add_ofs(place, delta);
                base += more;
            }
        }
        return maker.bytes();
    }

    /// The reason of a refusal, or "taken": then git makes the same index.
    std::string verdict(const std::string& pack, SideWork* side_work) const {
        PackIntake intake(quarantine(), nullptr, {}, side_work);
        EXPECT_TRUE(intake.feed(bytes_of(pack)));
        const auto result = intake.finish();
        if (!result) {
            return std::string(result.error().reason());
        }
        EXPECT_TRUE(intake.check_connectivity());
        EXPECT_TRUE(intake.make_durable(dir_.path()));
        test::put_file(dir_ / "out.pack", pack);
        must(dir_.path(), "git init -q --bare . && git index-pack -o git.idx out.pack");
        EXPECT_EQ(get_file(dir_ / "git.idx"), get_file(dir_ / (result->pack_name + ".idx")));
        return "taken";
    }

    test::TempDir dir_;
    std::mt19937 random_{7};
};

TEST_F(DeltaResolverTest, ThreadsThatHelpChangeNothing) {
    const std::string pack = large_pack();
    ASSERT_GT(pack.size(), kSmallPackBytesMax);
    EXPECT_EQ(verdict(pack, nullptr), "taken");
    Helpers always([](unsigned) { return true; });
    EXPECT_EQ(verdict(pack, &always), "taken");
    EXPECT_GT(always.helped(), 2U);
    Helpers never([](unsigned) { return false; });
    EXPECT_EQ(verdict(pack, &never), "taken");
    Late late;
    EXPECT_EQ(verdict(pack, &late), "taken");
}

// What a helper left half done is gone on with by the caller.
TEST_F(DeltaResolverTest, AThreadThatStopsHelpingLeavesNothingUndone) {
    const std::string pack = large_pack();
    for (const unsigned stops_at : {1U, 2U, 3U}) {
        Helpers once([&](unsigned task) { return task < stops_at; });
        EXPECT_EQ(verdict(pack, &once), "taken") << stops_at;
        EXPECT_EQ(once.helped(), stops_at);
    }
}

TEST_F(DeltaResolverTest, WhatIsWrongIsFoundByWhoeverFindsIt) {
    const std::string pack = large_pack(true);
    EXPECT_EQ(verdict(pack, nullptr), "bad_delta");
    for (int round = 0; round < 5; ++round) {
        Helpers always([](unsigned) { return true; });
        EXPECT_EQ(verdict(pack, &always), "bad_delta");
    }
}

// Two entries with one id: both have the deltas that name it. Only one may resolve them.
TEST_F(DeltaResolverTest, ADeltaOnAnObjectThatComesTwiceIsResolvedOnce) {
    test::PackMaker maker;
    const std::string middle = text(50);
    const std::string on_middle = text(60);
    for (int root = 0; root < 150; ++root) {
        const std::string base = text(9000);
        maker.add_ofs(maker.add(EntryKind::Blob, base),
                      test::delta(base.size(), middle.size(), test::insert_command(middle)));
    }
    for (int i = 0; i < 20; ++i) {
        const std::string leaf = on_middle + std::to_string(i);
        maker.add_ref(*hash_object(ObjectType::Blob, middle),
                      test::delta(middle.size(), leaf.size(), test::insert_command(leaf)));
    }
    ASSERT_GT(maker.size(), kSmallPackBytesMax);
    EXPECT_EQ(verdict(maker.bytes(), nullptr), "duplicate_object");
    for (int round = 0; round < 5; ++round) {
        Helpers always([](unsigned) { return true; });
        EXPECT_EQ(verdict(maker.bytes(), &always), "duplicate_object");
    }
}

}  // namespace
}  // namespace origin::git
