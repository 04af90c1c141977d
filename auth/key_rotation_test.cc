// SPDX-License-Identifier: Apache-2.0
// Goal: of a key and its successor at least one works at any time until the overlap ends, exactly
// one successor is made, and no clock that is set back lets an old key live longer than it says.
// Method: a gatekeeper with a clock that is set by hand over the in-memory store; refusals first.
#include "auth/key_rotation.h"

#include <gtest/gtest.h>

#include "auth/gatekeeper.h"
#include "auth/key_text.h"
#include "store/memory_store.h"
#include "store/rows/access.h"

namespace origin::auth {
namespace {

using store::Table;

class SetClock final : public Clock {
public:
    UnixMillis now() const override { return wall; }
    std::chrono::steady_clock::time_point steady() const override { return steady_now; }
    UnixMillis wall = 1'800'000'000'000;
    std::chrono::steady_clock::time_point steady_now{std::chrono::hours(1)};
};

constexpr UnixMillis kHour = 3'600'000;

class KeyRotationTest : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(
                create_client(writer, {.id = ann_, .slug = "ann", .name = {}, .email = {}}));
            return {};
        }));
    }
    struct Key {
        KeyId id;
        Secret text;
    };
    Key add_key(UnixMillis expires_at) {
        const KeyId id = KeyId::make(clock_, random_);
        Key key{id, make_key_text(id, random_)};
        EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_TRY(row,
                       create_key(writer,
                                  {.id = key.id,
                                   .text = key.text,
                                   .client = ann_,
                                   .title = "ci",
                                   .scopes = Scopes(3),
                                   .projects = {project_},
                                   .expires_at = expires_at,
                                   .now = clock_.wall}));
            row.limits.pushes = 7;
            return store::put_row(writer, Table::Keys, key.id.view(), row);
        }));
        return key;
    }
    /// The successor; `refusal` has the reason if there is none.
    std::optional<Key> rotate(const KeyId& id, std::chrono::seconds overlap = kOverlapDefault) {
        const KeyId made_id = KeyId::make(clock_, random_);
        Key made{made_id, make_key_text(made_id, random_)};
        const Status done = store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(rotate_key(writer, {id, made.id, made.text, overlap, clock_.wall}));
            return {};
        });
        refusal_ = done ? "" : std::string(done.error().reason());
        return done ? std::optional(made) : std::nullopt;
    }
    bool works(const Key& key) {
        clock_.steady_now += std::chrono::minutes(20);  // Nobody is slowed for what failed before.
        return gatekeeper_.identify(key.text.reveal(), "192.0.2.1").has_value();
    }
    store::KeyRow row(const KeyId& id) {
        store::KeyRow found;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(row, store::need_row<store::KeyRow>(reader, Table::Keys, id.view(), "?"));
            found = row;
            return {};
        }));
        return found;
    }

    SetClock clock_;
    SystemRandom random_;
    Metrics metrics_;
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    Gatekeeper gatekeeper_{*store_, clock_, metrics_};
    ClientId ann_ = ClientId::make(clock_, random_);
    ProjectId project_ = ProjectId::make(clock_, random_);
    std::string refusal_;
};

TEST_F(KeyRotationTest, ATokenIsNotReplacedForItsLimitsAndItsEndWouldBeginAgain) {
    const Key minter = add_key(0);
    const Key token = add_key(clock_.wall + kHour);
    ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
        ORIGIN_TRY(minted,
                   store::need_row<store::KeyRow>(writer, Table::Keys, token.id.view(), "?"));
        minted.token = true;
        minted.minted_by = minter.id;
        return store::put_row(writer, Table::Keys, token.id.view(), minted);
    }));
    EXPECT_FALSE(rotate(token.id));
    EXPECT_EQ(refusal_, "token_cannot_rotate");
    EXPECT_FALSE(row(token.id).replaced_by);
    EXPECT_TRUE(rotate(minter.id));
}

TEST_F(KeyRotationTest, OnlyASecretThatWorksIsReplacedAndOnlyOnce) {
    EXPECT_FALSE(rotate(KeyId::make(clock_, random_)));
    EXPECT_EQ(refusal_, "not_found");
    const Key key = add_key(0);
    ASSERT_TRUE(rotate(key.id));
    EXPECT_FALSE(rotate(key.id));
    EXPECT_EQ(refusal_, "key_rotated");
    const Key revoked = add_key(0);
    ASSERT_TRUE(store_->write(
        [&](store::Writer& writer) { return revoke_key(writer, revoked.id, clock_.wall); }));
    EXPECT_FALSE(rotate(revoked.id));
    EXPECT_EQ(refusal_, "key_ended");
    const Key expired = add_key(clock_.wall + kHour);
    clock_.wall += kHour;
    EXPECT_FALSE(rotate(expired.id));
    EXPECT_EQ(refusal_, "key_ended");
}

TEST_F(KeyRotationTest, BothWorkDuringTheOverlapAndThenTheSuccessorAlone) {
    const Key key = add_key(0);
    const auto made = rotate(key.id, std::chrono::hours(1));
    ASSERT_TRUE(made);
    EXPECT_TRUE(works(key));
    EXPECT_TRUE(works(*made));
    clock_.wall += kHour - 1;
    EXPECT_TRUE(works(key));
    clock_.wall += 1;
    EXPECT_FALSE(works(key));
    EXPECT_TRUE(works(*made));
    const store::KeyRow now = row(made->id);
    EXPECT_EQ(now.title, "ci");
    EXPECT_EQ(now.scopes, 3U);
    EXPECT_EQ(now.projects, std::vector<ProjectId>{project_});
    EXPECT_EQ(now.limits.pushes, 7U);
    EXPECT_EQ(now.expires_at, 0) << "as the old one, never";
    EXPECT_EQ(row(key.id).replaced_by, made->id);
    EXPECT_TRUE(rotate(made->id)) << "the successor may have one of its own";
}

TEST_F(KeyRotationTest, WithoutOverlapTheOldKeyEndsAtOnce) {
    const Key key = add_key(0);
    const auto made = rotate(key.id, std::chrono::seconds(0));
    ASSERT_TRUE(made);
    EXPECT_FALSE(works(key));
    EXPECT_TRUE(works(*made));
}

TEST_F(KeyRotationTest, AnOldKeyNeverLivesLongerForBeingReplaced) {
    const Key key = add_key(clock_.wall + kHour);
    const auto made = rotate(key.id);
    ASSERT_TRUE(made);
    EXPECT_EQ(row(key.id).expires_at, clock_.wall + kHour);
    EXPECT_EQ(row(made->id).expires_at, clock_.wall + kHour) << "it lives as long as the old one";
}

TEST_F(KeyRotationTest, AClockSetBackEndsNothingEarlyAndMakesNoLifeNegative) {
    const Key key = add_key(clock_.wall + kHour);
    clock_.wall -= 1000 * kHour;
    EXPECT_TRUE(works(key)) << "its end is a moment, and that is later than ever";
    const auto made = rotate(key.id, std::chrono::hours(1));
    ASSERT_TRUE(made);
    EXPECT_EQ(row(key.id).expires_at, clock_.wall + kHour) << "the overlap counts from today";
    EXPECT_EQ(row(made->id).expires_at, clock_.wall + kHour);
    clock_.wall += kHour;
    EXPECT_FALSE(works(key));

    // Made while the clock was far ahead, with an end by hand that is before that.
    const Key odd = add_key(clock_.wall + 10 * kHour);
    store::KeyRow changed = row(odd.id);
    changed.created_at = clock_.wall + 100 * kHour;
    ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
        return store::put_row(writer, Table::Keys, odd.id.view(), changed);
    }));
    const auto next = rotate(odd.id);
    ASSERT_TRUE(next);
    EXPECT_GT(row(next->id).expires_at, clock_.wall) << "never in the past, never 'never'";
}

TEST_F(KeyRotationTest, AKeyThatEndedWorksAgainWhenTheClockIsSetBack) {
    // As defined: an end is a moment of the wall clock. Revocation does not depend on it.
    const Key key = add_key(clock_.wall + kHour);
    clock_.wall += 2 * kHour;
    EXPECT_FALSE(works(key));
    clock_.wall -= 2 * kHour;
    EXPECT_TRUE(works(key));
    ASSERT_TRUE(store_->write(
        [&](store::Writer& writer) { return revoke_key(writer, key.id, clock_.wall); }));
    clock_.wall -= 1000 * kHour;
    EXPECT_FALSE(works(key));
}

TEST_F(KeyRotationTest, WhoIsSlowedIsNotSlowedLongerByAClockSetBack) {
    for (int i = 0; i < 8; ++i) {
        EXPECT_FALSE(gatekeeper_.identify("no key", "192.0.2.9"));
        clock_.steady_now += std::chrono::milliseconds(1);
    }
    const auto wait = gatekeeper_.wait_for("192.0.2.9");
    EXPECT_GT(wait.count(), 0);
    clock_.wall -= 100'000 * kHour;
    EXPECT_EQ(gatekeeper_.wait_for("192.0.2.9"), wait) << "waits are of the steady clock";
    clock_.steady_now += wait;
    EXPECT_EQ(gatekeeper_.wait_for("192.0.2.9").count(), 0) << "and never negative";
    clock_.steady_now += std::chrono::hours(100);
    EXPECT_EQ(gatekeeper_.wait_for("192.0.2.9").count(), 0);
}

}  // namespace
}  // namespace origin::auth
