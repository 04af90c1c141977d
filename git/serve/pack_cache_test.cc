// SPDX-License-Identifier: Apache-2.0
// Goal: questions have one key only if their packs are one; what is kept stays within its bound.
// Method: questions that differ in one thing each; the cache alone, by many threads too.
#include "git/serve/pack_cache.h"

#include <set>

#include <gtest/gtest.h>

#include "net/worker_pool.h"

namespace origin::git {
namespace {

Oid oid_of(char digit) {
    return *Oid::from_hex(std::string(40, digit));
}

/// A question with values of its own, to be changed in one place each.
struct Asked {
    ProjectId project;
    std::uint64_t gc_generation = 1;
    FetchRequest request;
    std::vector<Oid> common;
    ShallowPlan shallow;
    RefsSnapshot refs{.head = {},
                      .refs = {{.name = "refs/heads/main", .oid = oid_of('a'), .peeled = {}}}};

    Asked() {
        request.wants = {oid_of('a'), oid_of('b')};
        request.include_tag = true;
    }
    std::optional<std::string> key() const {
        return pack_key_of({project, gc_generation, request, common, shallow, refs});
    }
};

template <class Change>
std::optional<std::string> key_with(Change change) {
    Asked asked;
    change(asked);
    return asked.key();
}

TEST(PackKey, IsOneForQuestionsWithOneAnswer) {
    const auto key = Asked().key();
    ASSERT_TRUE(key);
    EXPECT_EQ(key, key_with([](Asked& a) {
                  a.request.wants = {oid_of('b'), oid_of('a'), oid_of('b')};
                  a.request.no_progress = a.request.done = true;
                  a.request.side_band = SideBand::Small;
              }));
    EXPECT_EQ(key, key_with([](Asked& a) {  // A branch is no part of a pack, only its commits are.
                  a.refs.refs.front().name = "refs/heads/other";
              }));
}

TEST(PackKey, DiffersWithAllThatThePackDependsOn) {
    const AdvertisedRef tag{.name = "refs/tags/v1", .oid = oid_of('d'), .peeled = oid_of('a')};
    std::set<std::optional<std::string>> keys = {
        Asked().key(),
        key_with([](Asked& a) { a.project = ProjectId{.raw = {1}}; }),
        key_with([](Asked& a) { a.gc_generation = 2; }),
        key_with([](Asked& a) { a.request.wants = {oid_of('a')}; }),
        key_with([](Asked& a) { a.request.ofs_delta = true; }),
        key_with([](Asked& a) { a.shallow.cut = {oid_of('a')}; }),
        key_with([](Asked& a) { a.shallow.cut = {oid_of('a'), oid_of('b')}; }),
        key_with([](Asked& a) {  // The same ids, one list further.
            a.request.wants = {oid_of('a')};
            a.shallow.cut = {oid_of('b')};
        }),
        key_with([&](Asked& a) { a.refs.refs.push_back(tag); }),
    };
    EXPECT_EQ(keys.size(), 9U);
    EXPECT_FALSE(keys.contains(std::nullopt));
    EXPECT_EQ(Asked().key(), key_with([&](Asked& a) { a.request.include_tag = false; }));
    EXPECT_EQ(Asked().key(), key_with([&](Asked& a) {
                  a.request.include_tag = false;
                  a.refs.refs.push_back(tag);
              }));
}

TEST(PackKey, ThereIsNoneForWhoHasSomethingOrAsksForMuch) {
    EXPECT_FALSE(key_with([](Asked& a) { a.common = {oid_of('c')}; }));
    EXPECT_FALSE(key_with([](Asked& a) { a.request.haves = {oid_of('c')}; }));
    EXPECT_FALSE(key_with([](Asked& a) { a.request.shallows = {oid_of('c')}; }));
    EXPECT_FALSE(key_with([](Asked& a) { a.shallow.uncut = {oid_of('c')}; }));
    EXPECT_FALSE(key_with([](Asked& a) { a.request.filter = "blob:none"; }));
    EXPECT_TRUE(key_with([](Asked& a) { a.request.wants.resize(kKeptPackOidsMax); }));
    EXPECT_FALSE(key_with([](Asked& a) { a.request.wants.resize(kKeptPackOidsMax + 1); }));
    EXPECT_FALSE(key_with([](Asked& a) {
        a.refs.refs.resize(kKeptPackOidsMax,
                           {.name = "refs/tags/t", .oid = oid_of('d'), .peeled = oid_of('a')});
    }));
}

KeptPack pack_of(char letter, std::size_t bytes) {
    return {std::string(bytes, letter), static_cast<std::uint32_t>(bytes)};
}

TEST(PackCache, DropsWhatWasNotAskedForTheLongest) {
    Metrics metrics;
    PackCache cache(metrics, 4'000);  // Three of 1,000 and what surrounds them.
    for (const char* key : {"a", "b", "c"}) {
        cache.put(key, pack_of(*key, 1'000));
    }
    EXPECT_TRUE(cache.find("a"));
    cache.put("d", pack_of('d', 1'000));
    EXPECT_FALSE(cache.find("b"));
    for (const char* key : {"a", "c", "d"}) {
        const auto found = cache.find(key);
        ASSERT_TRUE(found) << key;
        EXPECT_EQ(found->bytes, std::string(1'000, *key));
    }
    const std::size_t full = cache.bytes();
    cache.put("d", pack_of('x', 1'000));
    EXPECT_EQ(cache.bytes(), full);
    EXPECT_EQ(metrics.counter("fetch_kept_packs_total{result=\"hit\"}").value(), 4U);
    EXPECT_EQ(metrics.counter("fetch_kept_packs_total{result=\"miss\"}").value(), 1U);
}

TEST(PackCache, TakesNothingAboveItsBounds) {
    Metrics metrics;
    PackCache cache(metrics);
    cache.put("a", pack_of('a', kKeptPackBytesMax + 1));
    EXPECT_EQ(cache.bytes(), 0U);
    cache.put("a", pack_of('a', kKeptPackBytesMax));
    EXPECT_GT(cache.bytes(), kKeptPackBytesMax);
    PackCache small(metrics, 1'000);
    small.put(std::string(1'000, 'k'), pack_of('a', 1));  // A key counts.
    EXPECT_EQ(small.bytes(), 0U);
    for (int i = 0; i < 1'000; ++i) {
        cache.put("n" + std::to_string(i), pack_of('n', kKeptPackBytesMax / 3));
        ASSERT_LE(cache.bytes(), kPackCacheBytesMax);
    }
    EXPECT_GT(cache.bytes(), kPackCacheBytesMax / 2);
}

// Meant for TSan; without it, a pack under a wrong key or a bound that is passed would show.
TEST(PackCache, IsOneForAllThreads) {
    Metrics metrics;
    PackCache cache(metrics, 3'000);
    const SystemClock clock;
    net::WorkerPool threads(4, clock);
    for (int thread = 0; thread < 4; ++thread) {
        ASSERT_TRUE(threads.submit([&cache, thread] {
            for (int i = 0; i < 2'000; ++i) {
                const char letter = static_cast<char>('a' + (i * 7 + thread) % 5);
                const auto found = cache.find(std::string(1, letter));
                if (!found) {
                    cache.put(std::string(1, letter), pack_of(letter, 1'000));
                } else {
                    ASSERT_EQ(found->bytes, std::string(1'000, letter));
                }
                ASSERT_LE(cache.bytes(), 3'000U);
            }
        }));
    }
}

}  // namespace
}  // namespace origin::git
