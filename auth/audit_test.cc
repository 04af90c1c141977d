// SPDX-License-Identifier: Apache-2.0
// Goal: the audit log counts without gaps, shows no key, and forgets only what is old.
// Method: rows over the in-memory store; texts that hold keys, too much and no UTF-8.
#include "auth/audit.h"

#include <gtest/gtest.h>

#include "auth/key_text.h"
#include "store/memory_store.h"
#include "store/rows/access.h"

namespace origin::auth {
namespace {

using store::AuditRow;
using store::Table;

class AuditTest : public ::testing::Test {
protected:
    std::string record(AuditRow row) {
        const Status done =
            store_->write([&](store::Writer& writer) { return record_audit(writer, row); });
        return done ? "" : done.error().told_to_peer();
    }
    std::vector<AuditRow> rows() {
        std::vector<AuditRow> rows;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(found, store::scan_rows<AuditRow>(reader, Table::Audit, {}));
            for (auto& [key, row] : found) {
                rows.push_back(row);
            }
            return {};
        }));
        return rows;
    }
    std::size_t trim(UnixMillis before, std::size_t limit) {
        std::size_t gone = 0;
        EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_TRY(count, trim_audit(writer, before, limit));
            gone = count;
            return {};
        }));
        return gone;
    }

    SystemClock clock_;
    SystemRandom random_;
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
};

TEST_F(AuditTest, NumbersHaveNoGapsWhateverTheClockSays) {
    EXPECT_EQ(record({.time = 100, .type = "a.b"}), "");
    EXPECT_EQ(record({.time = 50, .type = "a.c"}), "");
    EXPECT_NE(record({.time = 60}), "") << "no type";
    EXPECT_EQ(record({.time = 100, .type = "a.d"}), "");
    const auto found = rows();
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].number, 2U) << "by time";
    EXPECT_EQ(found[1].number, 1U);
    EXPECT_EQ(found[2].number, 3U);
}

TEST_F(AuditTest, AKeyInATextIsBlottedOut) {
    const std::string key = make_key_text(KeyId::make(clock_, random_), random_).reveal();
    EXPECT_EQ(record({.time = 1,
                      .type = "key.created",
                      .subject = key,
                      .details = {{"title", "mine: " + key + ", " + key}, {"other", "ogk_short"}}}),
              "");
    const auto found = rows();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].subject, "***");
    EXPECT_EQ(found[0].details.at("title"), "mine: ***, ***");
    EXPECT_EQ(found[0].details.at("other"), "ogk_short");
    EXPECT_FALSE(store::encode(found[0]).contains(key.substr(0, 30)));
}

TEST_F(AuditTest, TextsAreCutBetweenCharacters) {
    const std::string bytes(kAuditTextBytesMax - 1, 'x');
    EXPECT_EQ(record({.time = 1, .type = "a.b", .details = {{"long", bytes + "\u00e9"}}}), "");
    EXPECT_EQ(record({.time = 2, .type = "a.b", .details = {{"odd", "\xff"}}}), "");
    const auto found = rows();
    EXPECT_EQ(found[0].details.at("long"), bytes);
    EXPECT_EQ(found[1].details.at("odd"), "(not UTF-8)");
}

TEST_F(AuditTest, OnlyWhatIsOldIsForgottenAndItsNumbersAreNotGivenAgain) {
    for (UnixMillis time = 1; time <= 5; ++time) {
        EXPECT_EQ(record({.time = time, .type = "a.b"}), "");
    }
    EXPECT_EQ(trim(4, 2), 2U);
    EXPECT_EQ(trim(4, 2), 1U);
    EXPECT_EQ(trim(4, 2), 0U);
    EXPECT_EQ(rows().size(), 2U);
    EXPECT_EQ(trim(100, 100), 2U);
    EXPECT_EQ(record({.time = 9, .type = "a.b"}), "");
    EXPECT_EQ(rows().front().number, 6U);
}

TEST_F(AuditTest, NobodyIsNoClient) {
    EXPECT_FALSE(actor_of({}, "http", "127.0.0.1").client);
    Identity ann;
    ann.client = ClientId::make(clock_, random_);
    EXPECT_EQ(actor_of(ann, "operator", "").client, ann.client);
}

}  // namespace
}  // namespace origin::auth
