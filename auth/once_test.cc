// SPDX-License-Identifier: Apache-2.0
// Goal: one Idempotency-Key, one effect; another body is told apart; old keys go away by
// themselves. Method: requests over the in-memory store, the second one first where it must lose.
#include "auth/once.h"

#include <gtest/gtest.h>

#include "store/memory_store.h"

namespace origin::auth {
namespace {

class OnceTest : public ::testing::Test {
protected:
    Once once(std::string_view key, std::string_view body, UnixMillis now = 1000) {
        auto made = Once::make({client_, "POST", "/api/requirements", key, body, now});
        EXPECT_TRUE(made);
        return *made;
    }
    std::string record(const Once& request, const std::string& id) {
        const Status written =
            store_->write([&](store::Writer& writer) { return request.record(writer, {id}); });
        return written ? "" : std::string(written.error().reason());
    }
    std::string earlier(const Once& request) {
        std::string found = "none";
        const Status read = store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(result, request.earlier(reader));
            found = result ? result->front() : "none";
            return {};
        });
        return read ? found : std::string(read.error().reason());
    }
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    ClientId client_{};
};

TEST_F(OnceTest, RefusesKeysThatAreNotPrintable) {
    for (const std::string& key :
         {std::string(256, 'a'), std::string("a b"), std::string("a\n"), std::string("\xff")}) {
        const auto made = Once::make({client_, "POST", "/x", key, "", 0});
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().reason(), "bad_idempotency_key");
    }
}

TEST_F(OnceTest, TheSecondRequestGetsTheFirstOnesResult) {
    EXPECT_EQ(earlier(once("k", "body")), "none");
    EXPECT_EQ(record(once("k", "body"), "run_1"), "");
    EXPECT_EQ(record(once("k", "body"), "run_2"), "replayed");
    EXPECT_EQ(earlier(once("k", "body")), "run_1");
}

TEST_F(OnceTest, AnotherBodyIsAConflict) {
    EXPECT_EQ(record(once("k", "body"), "run_1"), "");
    EXPECT_EQ(record(once("k", "other"), "run_2"), "idempotency_key_reused");
    EXPECT_EQ(earlier(once("k", "other")), "idempotency_key_reused");
}

TEST_F(OnceTest, AnotherClientOrPathIsAnotherKey) {
    EXPECT_EQ(record(once("k", "body"), "run_1"), "");
    client_.raw[0] = 1;
    EXPECT_EQ(earlier(once("k", "body")), "none");
}

TEST_F(OnceTest, ExpiresAfterADay) {
    constexpr UnixMillis kDay = 24LL * 3600 * 1000;
    EXPECT_EQ(record(once("k", "body"), "run_1"), "");
    EXPECT_EQ(earlier(once("k", "body", 1000 + kDay)), "run_1");
    EXPECT_EQ(earlier(once("k", "body", 1001 + kDay)), "none");
    EXPECT_EQ(record(once("k", "other", 1001 + kDay), "run_2"), "");
}

TEST_F(OnceTest, WithoutAKeyNothingIsWritten) {
    EXPECT_EQ(record(once("", "body"), "run_1"), "");
    EXPECT_EQ(record(once("", "body"), "run_2"), "");
    EXPECT_EQ(earlier(once("", "body")), "none");
}

}  // namespace
}  // namespace origin::auth
