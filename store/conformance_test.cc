// SPDX-License-Identifier: Apache-2.0
// Goal: every engine keeps the contract of store/store.h, in every corner of it.
// Method: the same tests over the in-memory model and over LMDB in a temporary folder.
#include <atomic>
#include <functional>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "store/memory_store.h"
#include "store/test_store.h"

namespace origin::store {
namespace {

enum class Engine : std::uint8_t { Memory, Lmdb };

class Contract : public testing::TestWithParam<Engine> {
protected:
    void SetUp() override {
        store_ = GetParam() == Engine::Memory ? make_memory_store() : opener_.open(folder_.path());
        ASSERT_TRUE(store_);
    }
    void fill(std::string_view keys) {
        ASSERT_TRUE(store_->write([&](Writer& writer) -> Status {
            for (const char key : keys) {
                ORIGIN_CHECK(writer.put(Table::Refs, std::string(1, key), std::string(3, key)));
            }
            return {};
        }));
    }
    std::optional<std::string> get(std::string_view key, Table table = Table::Refs) {
        std::optional<std::string> found;
        EXPECT_TRUE(store_->read([&](Reader& reader) -> Status {
            ORIGIN_TRY(value, reader.get(table, key));
            found = value;
            return {};
        }));
        return found;
    }

    TestFolder folder_;
    Opener opener_;
    std::unique_ptr<Store> store_;
};

TEST_P(Contract, StoresOverwritesAndErases) {
    EXPECT_EQ(get("a"), std::nullopt);
    ASSERT_TRUE(put(*store_, "a", "1"));
    EXPECT_EQ(get("a"), "1");
    EXPECT_EQ(get("a", Table::Keys), std::nullopt) << "tables do not mix";
    ASSERT_TRUE(put(*store_, "a", std::string("\0\xff", 2)));
    EXPECT_EQ(get("a"), std::string("\0\xff", 2));
    ASSERT_TRUE(put(*store_, "a", ""));
    EXPECT_EQ(get("a"), "");
    ASSERT_TRUE(erase(*store_, "a"));
    EXPECT_EQ(get("a"), std::nullopt);
    EXPECT_TRUE(erase(*store_, "a")) << "erasing nothing is no error";
}

TEST_P(Contract, ScansBothWaysWithinTheRange) {
    fill("bdfh");
    static const struct {
        Range range;
        const char* forward;
        const char* back;
    } kTable[] = {{{"", ""}, "b d f h", "h f d b"},
                  {{"d", ""}, "d f h", "h f d"},
                  {{"c", ""}, "d f h", "h f d"},
                  {{"", "f"}, "b d", "d b"},
                  {{"", "g"}, "b d f", "f d b"},
                  {{"d", "f"}, "d", "d"},
                  {{"d", "d"}, "", ""},
                  {{"f", "d"}, "", ""},
                  {{"i", ""}, "", ""},
                  {{"", "a"}, "", ""},
                  {{"", "z"}, "b d f h", "h f d b"}};
    ASSERT_TRUE(store_->read([&](Reader& reader) -> Status {
        for (const auto& row : kTable) {
            EXPECT_EQ(keys_of(rows_in(reader, row.range)), row.forward);
            EXPECT_EQ(keys_of(rows_back(reader, row.range)), row.back);
        }
        EXPECT_TRUE(rows_in(reader, {}, Table::Sites).empty());
        EXPECT_TRUE(rows_back(reader, {}, Table::Sites).empty());
        return {};
    }));
}

TEST_P(Contract, ScansStopWhenToldTo) {
    fill("abc");
    ASSERT_TRUE(store_->read([&](Reader& reader) -> Status {
        int visits = 0;
        ORIGIN_CHECK(reader.scan(Table::Refs, {}, [&](auto, auto) { return ++visits < 2; }));
        EXPECT_EQ(visits, 2);
        ORIGIN_CHECK(reader.scan_back(Table::Refs, {}, [&](auto, auto) { return ++visits < 3; }));
        EXPECT_EQ(visits, 3);
        return {};
    }));
}

TEST_P(Contract, PrefixesEndWhereTheyShould) {
    for (const std::string key :
         {"a", "a\xff", "a\xff\xff", "a\xff\xff!", "b", "\xff", "\xff\xff"}) {
        ASSERT_TRUE(put(*store_, key, "."));
    }
    EXPECT_EQ(keys_of(rows_of(*store_, Range::prefix("a"))), "a a\xff a\xff\xff a\xff\xff!");
    EXPECT_EQ(keys_of(rows_of(*store_, Range::prefix("a\xff\xff"))), "a\xff\xff a\xff\xff!");
    EXPECT_EQ(keys_of(rows_of(*store_, Range::prefix("\xff"))), "\xff \xff\xff");
    EXPECT_EQ(rows_of(*store_, Range::prefix("")).size(), 7U);
}

TEST_P(Contract, AVisitorMayWrite) {
    fill("abcdef");
    ASSERT_TRUE(store_->write([&](Writer& writer) -> Status {
        std::string seen;
        Status inner;
        ORIGIN_CHECK(writer.scan(Table::Refs, {}, [&](std::string_view key, std::string_view) {
            const std::string mine(key);
            seen += mine;
            inner = writer.erase(Table::Refs, mine);
            if (inner && mine == "c") {
                inner = writer.put(Table::Refs, "cc", "new");
            }
            if (inner && mine == "d") {
                inner = writer.erase(Table::Refs, "e");
            }
            return inner.has_value();
        }));
        ORIGIN_CHECK(inner);
        EXPECT_EQ(seen, "abcccdf");
        return {};
    }));
    EXPECT_TRUE(rows_of(*store_).empty());
    fill("abc");
    ASSERT_TRUE(store_->write([&](Writer& writer) -> Status {
        std::string seen;
        ORIGIN_CHECK(writer.scan_back(Table::Refs, {}, [&](std::string_view key, auto) {
            const std::string mine(key);
            seen += mine;
            return writer.erase(Table::Refs, mine).has_value();
        }));
        EXPECT_EQ(seen, "cba");
        return {};
    }));
    EXPECT_TRUE(rows_of(*store_).empty());
}

TEST_P(Contract, AWriterSeesItsOwnChanges) {
    fill("ab");
    ASSERT_TRUE(store_->write([&](Writer& writer) -> Status {
        ORIGIN_CHECK(writer.put(Table::Refs, "c", "c"));
        ORIGIN_CHECK(writer.erase(Table::Refs, "a"));
        EXPECT_EQ(keys_of(rows_in(writer)), "b c");
        EXPECT_EQ(*writer.get(Table::Refs, "a"), std::nullopt);
        EXPECT_EQ(*writer.get(Table::Refs, "c"), "c");
        return {};
    }));
}

TEST_P(Contract, AnErrorUndoesEverythingOfItsWrite) {
    fill("ab");
    const Status status = store_->write([&](Writer& writer) -> Status {
        ORIGIN_CHECK(writer.put(Table::Refs, "c", "c"));
        ORIGIN_CHECK(writer.erase(Table::Refs, "a"));
        ORIGIN_CHECK(writer.put(Table::Sites, "s", "s"));
        return std::unexpected(refusal());
    });
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), Code::Conflict);
    EXPECT_EQ(keys_of(rows_of(*store_)), "a b");
    EXPECT_TRUE(rows_of(*store_, {}, Table::Sites).empty());
}

TEST_P(Contract, AnExceptionIsTheWritesOwnError) {
    const Status status = store_->write([&](Writer& writer) -> Status {
        ORIGIN_CHECK(writer.put(Table::Refs, "a", "1"));
        throw std::runtime_error("a bug");
    });
    EXPECT_EQ(status.error().code(), Code::Internal);
    EXPECT_FALSE(store_->read([](Reader&) -> Status { throw std::runtime_error("a bug"); }));
    EXPECT_TRUE(rows_of(*store_).empty());
    EXPECT_TRUE(put(*store_, "b", "1"));
}

TEST_P(Contract, ASnapshotDoesNotChange) {
    fill("ab");
    ASSERT_TRUE(store_->read([&](Reader& reader) -> Status {
        EXPECT_EQ(keys_of(rows_in(reader)), "a b");
        std::thread other([&] {
            EXPECT_TRUE(put(*store_, "c", "c"));
            EXPECT_TRUE(erase(*store_, "a"));
        });
        other.join();
        EXPECT_EQ(keys_of(rows_in(reader)), "a b");
        EXPECT_EQ(*reader.get(Table::Refs, "a"), "aaa");
        return {};
    }));
    EXPECT_EQ(keys_of(rows_of(*store_)), "b c");
}

TEST_P(Contract, KeysAndValuesHaveLimits) {
    const std::string longest(kStoreKeyBytesMax, 'k');
    EXPECT_TRUE(put(*store_, longest, "v"));
    EXPECT_EQ(get(longest), "v");
    for (const std::string& bad : {std::string(), longest + "k"}) {
        EXPECT_EQ(put(*store_, bad, "v").error().reason(), "bad_key");
        EXPECT_EQ(erase(*store_, bad).error().reason(), "bad_key");
        const Status read = store_->read([&](Reader& reader) -> Status {
            EXPECT_FALSE(reader.get(Table::Refs, bad));
            return {};
        });
        EXPECT_EQ(read.error().reason(), "bad_key") << "an ignored error is the call's result";
    }
    const std::string largest(kStoreValueBytesMax, 'v');
    EXPECT_TRUE(put(*store_, "large", largest));
    EXPECT_TRUE(get("large") == largest);
    EXPECT_EQ(put(*store_, "large", largest + "v").error().code(), Code::LimitExceeded);
}

TEST_P(Contract, OneWriteHasALimitOfRowsAndBytes) {
    const auto write_rows = [&](std::size_t count) {
        return store_->write([&](Writer& writer) -> Status {
            for (std::size_t i = 0; i < count; ++i) {
                ORIGIN_CHECK(writer.put(Table::Refs, std::to_string(i), "v"));
            }
            return {};
        });
    };
    EXPECT_EQ(write_rows(kStoreRowsPerWriteMax + 1).error().reason(), "write_too_large");
    EXPECT_TRUE(rows_of(*store_).empty());
    EXPECT_TRUE(write_rows(kStoreRowsPerWriteMax));
    EXPECT_EQ(rows_of(*store_).size(), kStoreRowsPerWriteMax);
    const Status too_many_bytes = store_->write([&](Writer& writer) -> Status {
        const std::string large(kStoreValueBytesMax, 'v');
        for (std::size_t i = 0; i <= kStoreWriteBytesMax / kStoreValueBytesMax; ++i) {
            ORIGIN_CHECK(writer.put(Table::Sites, std::to_string(i), large));
        }
        return {};
    });
    EXPECT_EQ(too_many_bytes.error().reason(), "write_too_large");
}

TEST_P(Contract, TheVersionGrowsWithEachChange) {
    const std::uint64_t before = store_->version();
    EXPECT_FALSE(store_->write([](Writer&) -> Status { return std::unexpected(refusal()); }));
    EXPECT_TRUE(store_->write([](Writer&) -> Status { return {}; }));
    EXPECT_EQ(store_->version(), before);
    EXPECT_EQ(store_->wait_for_change(before, Milliseconds(0)), before);
    ASSERT_TRUE(put(*store_, "a", "1"));
    EXPECT_EQ(store_->version(), before + 1);
    EXPECT_EQ(store_->wait_for_change(before, Milliseconds(60'000)), before + 1);
    std::thread waiter(
        [&] { EXPECT_GE(store_->wait_for_change(before + 1, Milliseconds(60'000)), before + 2); });
    EXPECT_TRUE(put(*store_, "b", "1"));
    waiter.join();
}

TEST_P(Contract, ATablesVersionGrowsWithItsOwnChangesOnly) {
    const std::uint64_t before = store_->version_of(Table::Jobs);
    const std::uint64_t any = store_->version();
    ASSERT_TRUE(store_->write([](Writer& writer) { return writer.put(Table::Refs, "a", "1"); }));
    EXPECT_EQ(store_->version(), any + 1);
    EXPECT_EQ(store_->version_of(Table::Jobs), before);
    EXPECT_EQ(store_->wait_for_change_of(Table::Jobs, before, Milliseconds(0)), before);
    std::thread waiter([&] {
        const auto patience = Milliseconds(60'000);
        EXPECT_EQ(store_->wait_for_change_of(Table::Jobs, before, patience), before + 1);
    });
    EXPECT_TRUE(store_->write([](Writer& writer) { return writer.put(Table::Jobs, "a", "1"); }));
    waiter.join();
    EXPECT_TRUE(store_->write([](Writer& writer) { return writer.erase(Table::Jobs, "a"); }));
    EXPECT_EQ(store_->version_of(Table::Jobs), before + 2);
}

TEST_P(Contract, ManyWritersLoseNothingAndFailingOnesSpoilOnlyThemselves) {
    constexpr int kThreads = 8;
    constexpr int kRounds = 40;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
            for (int round = 0; round < kRounds; ++round) {
                const bool fails = (round + t) % 4 == 0;
                const std::string name = std::to_string(t) + "/" + std::to_string(round);
                const Status status = store_->write([&](Writer& writer) -> Status {
                    ORIGIN_TRY(count, writer.get(Table::Meta, "count"));
                    const int next = std::stoi(count.value_or("0")) + 1;
                    ORIGIN_CHECK(writer.put(Table::Meta, "count", std::to_string(next)));
                    ORIGIN_CHECK(writer.put(Table::Refs, name, fails ? "bad" : "good"));
                    return fails ? Status(std::unexpected(refusal())) : Status();
                });
                EXPECT_EQ(status.has_value(), !fails);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    const auto rows = rows_of(*store_);
    EXPECT_EQ(rows.size(), kThreads * kRounds * 3 / 4);
    for (const auto& [key, value] : rows) {
        EXPECT_EQ(value, "good") << key;
    }
    EXPECT_EQ(get("count", Table::Meta), std::to_string(rows.size()));
}

INSTANTIATE_TEST_SUITE_P(Engines,
                         Contract,
                         testing::Values(Engine::Memory, Engine::Lmdb),
                         [](const auto& row) {
                             return row.param == Engine::Memory ? "Memory" : "Lmdb";
                         });

}  // namespace
}  // namespace origin::store
