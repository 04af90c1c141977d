// SPDX-License-Identifier: Apache-2.0
// Goal: limits are taken only as they are meant, and come back as they were.
// Method: a table of bad texts first.
#include "auth/key_limits.h"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace origin::auth {
namespace {

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

}  // namespace
}  // namespace origin::auth
