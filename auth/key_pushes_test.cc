// SPDX-License-Identifier: Apache-2.0
// Goal: a limited number of pushes is counted, for each token by itself, and forgotten in the end.
// Method: a store in memory; what must not count first.
#include "auth/key_pushes.h"

#include <gtest/gtest.h>

#include "store/memory_store.h"

namespace origin::auth {
namespace {

using store::Table;

class CountPush : public testing::Test {
protected:
    Status write(const store::WriteFn& fn) { return store_->write(fn); }
    std::size_t rows(Table table) {
        std::size_t count = 0;
        const Status read = store_->read([&](store::Reader& reader) {
            return reader.scan(table, {}, [&](std::string_view, std::string_view) {
                ++count;
                return true;
            });
        });
        EXPECT_TRUE(read);
        return count;
    }
    Status count(const Identity& identity, UnixMillis now = 0) {
        return write([&](store::Writer& writer) { return count_push(writer, identity, now); });
    }
    Identity identity(const std::string& token_id = {}) {
        Identity who;
        who.key = *KeyId::from_raw(std::string(16, '\7'));
        who.limits.pushes = 2;
        who.expires_at = 1000;
        who.token_id = token_id;
        return who;
    }

    std::unique_ptr<store::Store> store_ = store::make_memory_store();
};

TEST_F(CountPush, EndsAtTheLimitForEachTokenByItself) {
    EXPECT_TRUE(count(identity()));
    EXPECT_TRUE(count(identity()));
    const Status third = count(identity());
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().reason(), "push_limit");
    EXPECT_TRUE(count(identity("a")));
    EXPECT_TRUE(count(identity("b")));
    EXPECT_TRUE(count(identity("a")));
    EXPECT_FALSE(count(identity("a")));

    Identity free = identity();
    free.limits.pushes = 0;
    EXPECT_TRUE(count(free));
}

TEST_F(CountPush, APushThatFailsIsNotCounted) {
    for (int i = 0; i < 5; ++i) {
        EXPECT_FALSE(write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(count_push(writer, identity(), 0));
            return std::unexpected(Error(Code::Conflict, "no"));
        }));
    }
    EXPECT_TRUE(count(identity()));
}

TEST_F(CountPush, IsForgottenADayAfterItCannotCountAnyMore) {
    constexpr UnixMillis kDay = 24LL * 60 * 60 * 1000;
    EXPECT_TRUE(count(identity("a")));
    EXPECT_EQ(rows(Table::KeyPushes), 1U);
    EXPECT_TRUE(count(identity("b"), kDay + 900));
    EXPECT_EQ(rows(Table::KeyPushes), 2U);
    Identity later = identity("c");
    later.expires_at = 2 * kDay;
    EXPECT_TRUE(count(later, kDay + 1001));
    EXPECT_EQ(rows(Table::KeyPushes), 1U) << "both ended at 1000";
    EXPECT_EQ(rows(Table::Slugs), 1U);
}

}  // namespace
}  // namespace origin::auth
