// SPDX-License-Identifier: Apache-2.0
// Goal: last uses and refusals are written rarely, whole, and within bounds, whatever comes.
// Method: a clock that is set by hand, backwards too, over the in-memory store.
#include "auth/login_notes.h"

#include <gtest/gtest.h>

#include "auth/accounts.h"
#include "auth/key_text.h"
#include "store/memory_store.h"
#include "store/rows/access.h"
#include "store/rows/audit.h"
#include "store/rows/identity.h"

namespace origin::auth {
namespace {

using store::Table;

class SetClock final : public Clock {
public:
    UnixMillis now() const override { return wall; }
    std::chrono::steady_clock::time_point steady() const override { return steady_now; }
    void pass(std::chrono::seconds time) {
        wall += Milliseconds(time).count();
        steady_now += time;
    }
    UnixMillis wall = 1'800'000'000'000;
    std::chrono::steady_clock::time_point steady_now{std::chrono::hours(1)};
};

class LoginNotesTest : public ::testing::Test {
protected:
    void SetUp() override {
        EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(create_client(
                writer, {.id = ann_, .slug = "ann", .name = {}, .email = {}, .now = 1}));
            ORIGIN_CHECK(create_key(writer,
                                    {.id = key_,
                                     .text = make_key_text(key_, random_),
                                     .client = ann_,
                                     .title = {},
                                     .scopes = Scopes::all(),
                                     .projects = {},
                                     .now = 1}));
            return {};
        }));
    }
    std::size_t flush() {
        const auto rows = notes_.flush(*store_);
        EXPECT_TRUE(rows);
        return rows.value_or(0);
    }
    std::optional<store::KeyUseRow> use(const KeyId& key) {
        std::optional<store::KeyUseRow> found;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(row, store::get_row<store::KeyUseRow>(reader, Table::KeyUses, key.view()));
            found = row;
            return {};
        }));
        return found;
    }
    std::vector<store::AuditRow> events() {
        std::vector<store::AuditRow> rows;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(found, store::scan_rows<store::AuditRow>(reader, Table::Audit, {}));
            for (auto& [key, row] : found) {
                rows.push_back(row);
            }
            return {};
        }));
        return rows;
    }

    SetClock clock_;
    SystemRandom random_;
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    ClientId ann_ = ClientId::make(clock_, random_);
    KeyId key_ = KeyId::make(clock_, random_);
    LoginNotes notes_{clock_};
};

TEST_F(LoginNotesTest, AUseIsWrittenAtOnceAndThenOnceAMinute) {
    EXPECT_EQ(flush(), 0U);
    notes_.used(key_, {.peer = "192.0.2.1", .agent = "git/2"});
    EXPECT_EQ(flush(), 1U);
    EXPECT_EQ(use(key_)->peer, "192.0.2.1");
    EXPECT_EQ(use(key_)->agent, "git/2");
    const UnixMillis first = use(key_)->used_at;
    clock_.pass(std::chrono::seconds(59));
    notes_.used(key_, {.peer = "192.0.2.2", .agent = "curl\n\x1b[31m"});
    EXPECT_EQ(flush(), 0U);
    EXPECT_EQ(use(key_)->used_at, first);
    clock_.pass(std::chrono::seconds(1));
    EXPECT_EQ(flush(), 1U);
    EXPECT_EQ(use(key_)->used_at, first + 59'000);
    EXPECT_EQ(use(key_)->peer, "192.0.2.2");
    EXPECT_EQ(use(key_)->agent, "curl\\x0a\\x1b[31m");
    clock_.pass(std::chrono::minutes(5));
    EXPECT_EQ(flush(), 0U) << "nothing new";
}

TEST_F(LoginNotesTest, AClockSetBackMakesNobodyWait) {
    notes_.used(key_, {.peer = "a"});
    EXPECT_EQ(flush(), 1U);
    clock_.wall -= 1'000'000'000;
    clock_.steady_now += std::chrono::minutes(1);
    notes_.used(key_, {.peer = "b"});
    EXPECT_EQ(flush(), 1U);
    EXPECT_EQ(use(key_)->used_at, clock_.wall) << "as the clock says";
}

TEST_F(LoginNotesTest, AKeyThatIsGoneGetsNoRow) {
    const KeyId gone = KeyId::make(clock_, random_);
    notes_.used(gone, {.peer = "a"});
    EXPECT_EQ(flush(), 1U);
    EXPECT_FALSE(use(gone));
}

TEST_F(LoginNotesTest, ManyKeysAreForgottenRatherThanKept) {
    for (std::size_t i = 0; i < LoginNotes::kUsesMax + 10; ++i) {
        notes_.used(KeyId::make(clock_, random_), {.peer = "a"});
    }
    EXPECT_EQ(flush(), LoginNotes::kUsesMax);
    notes_.used(key_, {.peer = "a"});
    EXPECT_EQ(flush(), 1U) << "those that are written make room";
}

TEST_F(LoginNotesTest, RefusalsOfOneAddressAndKeyAreCounted) {
    const Caller caller{.peer = "192.0.2.1", .via = "http", .agent = "curl"};
    notes_.refused(key_, caller, "key is revoked");
    EXPECT_EQ(flush(), 1U);
    for (int i = 0; i < 1000; ++i) {
        notes_.refused(key_, caller, "key is revoked");
        EXPECT_EQ(flush(), 0U);
    }
    clock_.pass(std::chrono::seconds(60));
    EXPECT_EQ(flush(), 1U);
    clock_.pass(std::chrono::seconds(60));
    EXPECT_EQ(flush(), 0U);
    const auto found = events();
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].type, "login.refused");
    EXPECT_EQ(found[0].client, ann_) << "its owner hears of it";
    EXPECT_EQ(found[0].subject, key_.str());
    EXPECT_EQ(found[0].actor.from, "192.0.2.1");
    EXPECT_EQ(found[0].actor.via, "http");
    EXPECT_FALSE(found[0].actor.client);
    EXPECT_EQ(found[0].details.at("why"), "key is revoked");
    EXPECT_EQ(found[0].count, 1U);
    EXPECT_EQ(found[1].count, 1000U);
}

TEST_F(LoginNotesTest, AFloodFromEverywhereIsFewEvents) {
    constexpr std::size_t kFlood = 100'000;
    for (std::size_t i = 0; i < kFlood; ++i) {
        notes_.refused(std::nullopt, {.peer = std::to_string(i), .via = "http"}, "malformed key");
    }
    EXPECT_EQ(flush(), LoginNotes::kRefusalsMax + 1);
    EXPECT_EQ(flush(), 0U);
    std::size_t counted = 0;
    for (const auto& event : events()) {
        counted += event.count;
    }
    EXPECT_EQ(counted, kFlood) << "none is lost";
    clock_.pass(std::chrono::seconds(61));
    EXPECT_EQ(flush(), 0U);
    notes_.refused(std::nullopt, {.peer = "new", .via = "http"}, "malformed key");
    EXPECT_EQ(flush(), 1U);
    EXPECT_EQ(events().back().actor.from, "new") << "there is room again";
}

/// Refuses every write.
class BrokenStore final : public store::Store {
public:
    Status read(const store::ReadFn&) override { return refuse(); }
    Status write(const store::WriteFn&) override { return refuse(); }
    std::uint64_t version() const override { return 0; }
    std::uint64_t wait_for_change(std::uint64_t, Milliseconds) override { return 0; }
    std::uint64_t version_of(Table) const override { return 0; }
    std::uint64_t wait_for_change_of(Table, std::uint64_t, Milliseconds) override { return 0; }

private:
    static Status refuse() { return std::unexpected(Error(Code::Unavailable, "busy")); }
};

TEST_F(LoginNotesTest, WhatCannotBeWrittenIsWrittenLater) {
    BrokenStore broken;
    notes_.used(key_, {.peer = "a"});
    notes_.refused(key_, {.peer = "b"}, "why");
    EXPECT_FALSE(notes_.flush(broken));
    notes_.refused(key_, {.peer = "b"}, "why");
    EXPECT_EQ(flush(), 2U);
    EXPECT_EQ(use(key_)->peer, "a");
    EXPECT_EQ(events().front().count, 2U);
}

}  // namespace
}  // namespace origin::auth
