// SPDX-License-Identifier: Apache-2.0
// Goal: LMDB and the model never differ, whatever is asked of them in whatever order.
// Method: random writes, refusals, scans and reopenings from printed seeds, run on both.
#include <algorithm>
#include <iterator>
#include <random>

#include <gtest/gtest.h>

#include "store/memory_store.h"
#include "store/test_store.h"

namespace origin::store {
namespace {

/// Numbers that a seed decides.
class Dice {
public:
    explicit Dice(std::uint32_t seed) : numbers_(seed) {}
    std::uint32_t roll(std::uint32_t below) {
        return static_cast<std::uint32_t>(numbers_() % below);
    }

private:
    std::mt19937 numbers_;
};

class Twins {
public:
    explicit Twins(unsigned seed) : dice_(seed) { reopen(); }

    void step() {
        if (dice_.roll(60) == 0) {
            reopen();
        }
        const std::uint32_t script = dice_.roll(1'000'000'000);
        Pairs seen_model;
        Pairs seen_lmdb;
        const Status model = model_->write([&](Writer& w) { return act(w, script, seen_model); });
        const Status lmdb = lmdb_->write([&](Writer& w) { return act(w, script, seen_lmdb); });
        ASSERT_EQ(model.has_value(), lmdb.has_value());
        ASSERT_EQ(seen_model, seen_lmdb);
    }

    void compare() {
        for (std::size_t i = 0; i < kTables; ++i) {
            const auto table = static_cast<Table>(i);
            auto rows = rows_of(*lmdb_, {}, table);
            if (table == Table::Meta) {
                std::erase_if(rows, [](const auto& row) { return row.first == "format"; });
            }
            ASSERT_EQ(rows_of(*model_, {}, table), rows) << name_of(table);
        }
    }

private:
    void reopen() {
        lmdb_.reset();
        lmdb_ = opener_.open(folder_.path());
        ASSERT_TRUE(lmdb_);
    }

    /// One write: the same for the same `script`. Notes what it saw.
    static Status act(Writer& writer, std::uint32_t script, Pairs& seen) {
        seen.clear();
        Dice dice(script);
        const auto random_key = [&] {
            return std::string(1 + dice.roll(3), static_cast<char>('a' + dice.roll(5))) +
                   std::string(dice.roll(50) == 0 ? 400 : 0, '\xff');
        };
        for (std::uint32_t n = dice.roll(12); n > 0; --n) {
            const Table table = dice.roll(2) == 0 ? Table::Refs : Table::Events;
            const Range range{dice.roll(3) == 0 ? "" : random_key(),
                              dice.roll(3) == 0 ? "" : random_key()};
            const std::string key = random_key();
            switch (dice.roll(6)) {
                case 0:
                case 1:
                    ORIGIN_CHECK(writer.put(
                        table,
                        key,
                        std::string(dice.roll(9000), static_cast<char>(dice.roll(256)))));
                    break;
                case 2:
                    ORIGIN_CHECK(writer.erase(table, key));
                    break;
                case 3: {
                    ORIGIN_TRY(value, writer.get(table, key));
                    seen.emplace_back(key, value.value_or("(none)"));
                    break;
                }
                case 4:
                    std::ranges::copy(rows_in(writer, range, table), std::back_inserter(seen));
                    break;
                default:
                    std::ranges::copy(rows_back(writer, range, table), std::back_inserter(seen));
            }
        }
        return dice.roll(5) == 0 ? Status(std::unexpected(refusal())) : Status();
    }

    TestFolder folder_;
    Opener opener_;
    Dice dice_;
    std::unique_ptr<Store> model_ = make_memory_store();
    std::unique_ptr<Store> lmdb_;
};

TEST(Model, AgreesWithLmdb) {
    for (unsigned seed = 1; seed <= 8; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Twins twins(seed);
        for (int i = 0; i < 150 && !testing::Test::HasFatalFailure(); ++i) {
            twins.step();
        }
        twins.compare();
    }
}

}  // namespace
}  // namespace origin::store
