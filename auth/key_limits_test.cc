// SPDX-License-Identifier: Apache-2.0
// Goal: limits are taken only as they are meant, come back as they were, and count.
// Method: tables of bad texts first; a store in memory.
#include "auth/key_limits.h"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "auth/accounts.h"
#include "base/limits.h"
#include "store/memory_store.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::auth {
namespace {

using store::Table;

Result<store::KeyLimits> parse(std::string_view text) {
    ORIGIN_TRY(object, parse_body(text));
    Fields in(object);
    store::KeyLimits limits = read_key_limits(in);
    ORIGIN_CHECK(in.finish());
    return checked(std::move(limits));
}

TEST(KeyLimits, WhatIsNotMeantIsRefused) {
    std::string list = R"({"paths":{"deny":[)";
    for (std::size_t i = 0; i <= kLimitPatternsMax; ++i) {
        list += (i == 0 ? "" : ",") + std::string(R"("a")");
    }
    list += "]}}";
    struct Row {
        std::string text;
        std::string_view reason;
    };
    for (const Row& row :
         {Row{R"({"pushes":0})", "wrong_type"},
          Row{R"({"pushes":-1})", "wrong_type"},
          Row{R"({"pushes":4294967296})", "wrong_type"},
          Row{R"({"pushes":1.5})", "wrong_type"},
          Row{R"({"packBytes":18446744073709551615})", "wrong_type"},
          Row{R"({"files":"3"})", "wrong_type"},
          Row{R"({"refs":{}})", "wrong_type"},
          Row{R"({"refs":[{}]})", "missing_field"},
          Row{R"({"refs":[{"pattern":"x","may":true}]})", "unknown_field"},
          Row{R"({"refs":[{"pattern":"a..b"}]})", "bad_ref_name"},
          Row{R"({"refs":[{"pattern":""}]})", "bad_ref_name"},
          Row{R"({"refs":[{"pattern":"refs/heads/"}]})", "bad_ref_name"},
          Row{R"({"paths":{"deny":[""]}})", "bad_pattern"},
          Row{R"({"paths":{"deny":["/etc"]}})", "bad_pattern"},
          Row{R"({"paths":{"deny":["a\u0000b"]}})", "bad_pattern"},
          Row{R"({"paths":{"deny":["a\u202eb"]}})", "bad_pattern"},
          Row{R"({"paths":{"deny":")" + std::string(2000, 'x') + R"("}})", "wrong_type"},
          Row{R"({"paths":{"deny":[")" + std::string(2000, 'x') + R"("]}})", "bad_pattern"},
          Row{list, "too_many_items"},
          Row{R"({"path":{}})", "unknown_field"}}) {
        const auto limits = parse(row.text);
        ASSERT_FALSE(limits) << row.text;
        EXPECT_EQ(limits.error().reason(), row.reason) << row.text;
    }
}

TEST(KeyLimits, ComeBackAsTheyWere) {
    const auto limits =
        parse(R"({"refs":[{"pattern":"feature/*"},)"
              R"({"pattern":"refs/tags/v*","push":false,"force":true,"delete":true}],)"
              R"("paths":{"deny":[".github/**"]},"pushes":3,"packBytes":1000,"files":50})");
    ASSERT_TRUE(limits);
    EXPECT_EQ(boost::json::serialize(key_limits_json(*limits)),
              R"({"refs":[{"pattern":"refs/heads/feature/*","push":true,"force":false,)"
              R"("delete":false},{"pattern":"refs/tags/v*","push":false,"force":true,)"
              R"("delete":true}],"paths":{"allow":[],"deny":[".github/**"]},"pushes":3,)"
              R"("packBytes":1000,"files":50})");
    EXPECT_TRUE(parse("{}")->none());
}

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
