// SPDX-License-Identifier: Apache-2.0
// Goal: whatever was made with a leaked key is found, also when its row is gone, and only what the
// key's client could reach is looked through. Method: rows of the audit log written by hand.
#include "auth/key_family.h"

#include <set>

#include <gtest/gtest.h>

#include "auth/accounts.h"
#include "auth/audit.h"
#include "store/memory_store.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::auth {
namespace {

using store::Table;

constexpr UnixMillis kStart = 1'800'000'000'000;

class SetClock final : public Clock {
public:
    UnixMillis now() const override { return kStart; }
    std::chrono::steady_clock::time_point steady() const override { return {}; }
};

class KeyFamilyTest : public ::testing::Test {
protected:
    void SetUp() override {
        write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(
                create_client(writer, {.id = ann_, .slug = "ann", .name = {}, .email = {}}));
            return {};
        });
    }
    void write(const store::WriteFn& fn) { ASSERT_TRUE(store_->write(fn)); }
    KeyId new_key() { return KeyId::make(clock_, random_); }
    void log(const std::string& type, const KeyId& by, const std::string& subject, long after) {
        log_row({.time = kStart + after, .type = type, .subject = subject}, by);
    }
    void log_row(store::AuditRow row, const KeyId& by) {
        row.actor = {.client = ann_, .key = by, .via = "api", .from = {}};
        row.client = row.client.value_or(ann_);
        write([&](store::Writer& writer) { return record_audit(writer, row); });
    }
    KeyFamily family(const KeyId& key, UnixMillis since = 0, std::size_t events = 1000) {
        FamilyWish wish{.key = key, .row = {}, .since = since, .events = events};
        wish.row.client = ann_;
        KeyFamily found;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(read, read_key_family(reader, wish));
            found = read;
            return {};
        }));
        return found;
    }
    std::vector<KeyId> made(const KeyFamily& family) {
        std::vector<KeyId> ids;
        for (const MadeKey& each : family.made) {
            ids.push_back(each.id);
        }
        return ids;
    }

    SetClock clock_;
    SystemRandom random_;
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    ClientId ann_ = ClientId::make(clock_, random_);
    KeyId leaked_ = new_key();
};

TEST_F(KeyFamilyTest, IsAllThatWasMadeWithItAndWithThoseAndNothingElse) {
    const KeyId token = new_key();
    const KeyId child = new_key();
    const KeyId grandchild = new_key();
    const KeyId successor = new_key();
    const KeyId other = new_key();
    const KeyId theirs = new_key();
    log("key.created", other, theirs.str(), 0);
    log("token.created", leaked_, token.str(), 1);
    log("key.created", leaked_, child.str(), 2);
    log("key.created", child, grandchild.str(), 1) /* A clock that was set back. */;
    log_row({.time = kStart + 3,
             .type = "key.rotated",
             .subject = other.str(),
             .details = {{"replacedBy", successor.str()}}},
            grandchild);
    log("key.revoked", leaked_, theirs.str(), 4);
    log("key.removed", other, child.str(), 5);

    const KeyFamily found = family(leaked_);
    EXPECT_EQ(made(found), (std::vector{token, child, grandchild, successor}));
    EXPECT_EQ(found.keys.size(), 5U);
    EXPECT_EQ(found.made.at(1).ended_at, kStart + 5) << "its row is gone";
    EXPECT_EQ(found.made.at(0).ended_at, 0);
    EXPECT_TRUE(found.is_complete);
    EXPECT_EQ(made(family(leaked_, kStart + 2)), std::vector{child});
}

TEST_F(KeyFamilyTest, AnOldEventIsLeftOutBeforeANewOneAndThatIsTold) {
    const KeyId old_one = new_key();
    const KeyId new_one = new_key();
    log("key.created", leaked_, old_one.str(), 1);
    log("key.created", leaked_, new_one.str(), 2);
    EXPECT_TRUE(family(leaked_, 0, 2).is_complete);
    const KeyFamily cut = family(leaked_, 0, 1);
    EXPECT_FALSE(cut.is_complete);
    EXPECT_EQ(made(cut), std::vector{new_one});
}

TEST_F(KeyFamilyTest, ReachesWhatItsClientOwnsOrWasSharedWithItAndAServerAdminsAll) {
    const ProjectId owned = ProjectId::make(clock_, random_);
    const ProjectId shared = ProjectId::make(clock_, random_);
    const ProjectId once_shared = ProjectId::make(clock_, random_);
    const ProjectId foreign = ProjectId::make(clock_, random_);
    const KeyId other = new_key();
    write([&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(writer.put(Table::Slugs, store::project_slug_key(ann_, "a"), owned.view()));
        return writer.put(Table::Slugs, store::client_grant_key(ann_, shared), shared.view());
    });
    const ClientId bob = ClientId::make(clock_, random_);
    log_row({.time = kStart, .type = "grant.removed", .project = once_shared}, other);
    write([&](store::Writer& writer) {
        return record_audit(
            writer, {.time = kStart, .type = "grant.set", .client = bob, .project = foreign});
    });
    const ProjectId given_away = ProjectId::make(clock_, random_);
    write([&](store::Writer& writer) {
        return record_audit(writer,
                            {.time = kStart,
                             .type = "project.transferred",
                             .client = bob,
                             .project = given_away,
                             .details = {{"from", ann_.str()}}});
    });
    const auto reach = family(leaked_).projects;
    ASSERT_TRUE(reach);
    EXPECT_EQ(std::set(reach->begin(), reach->end()),
              (std::set{owned, shared, once_shared, given_away}));
    log_row({.time = kStart + 1, .type = "client.changed", .details = {{"admin", "false"}}}, other);
    EXPECT_FALSE(family(leaked_).projects) << "it was one";
}

TEST_F(KeyFamilyTest, AKeyWhoseRowIsGoneIsKnownFromTheLog) {
    const KeyId token = new_key();
    const ProjectId project = ProjectId::make(clock_, random_);
    log("key.revoked", leaked_, token.str(), 0);
    const auto known = [&](const KeyId& id) {
        std::optional<store::KeyRow> row;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(found, key_as_logged(reader, id));
            row = found;
            return {};
        }));
        return row;
    };
    EXPECT_FALSE(known(token)) << "anybody may name an id";
    log_row(
        {.time = kStart + 7, .type = "token.created", .project = project, .subject = token.str()},
        leaked_);
    const auto row = known(token);
    ASSERT_TRUE(row);
    EXPECT_EQ(row->client, ann_);
    EXPECT_EQ(row->projects, std::vector{project});
    EXPECT_EQ(row->created_at, kStart + 7);
}

}  // namespace
}  // namespace origin::auth
