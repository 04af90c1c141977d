// SPDX-License-Identifier: Apache-2.0
// Goal: who may do what, and which of 401, 403 and 404 everybody else gets (docs/security.md).
// Method: clients, keys and projects in the in-memory store; hostile keys first, then the table.
#include "auth/gatekeeper.h"

#include <gtest/gtest.h>

#include "auth/accounts.h"
#include "auth/grants.h"
#include "auth/key_text.h"
#include "store/memory_store.h"
#include "store/rows/access.h"

namespace origin::auth {
namespace {

/// Time that stands still unless a test moves it.
class StillClock final : public Clock {
public:
    UnixMillis now() const override { return millis; }
    std::chrono::steady_clock::time_point steady() const override {
        return std::chrono::steady_clock::time_point(std::chrono::milliseconds(millis));
    }
    UnixMillis millis = 1'000'000'000;
};

class GatekeeperTest : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(
                create_client(writer, {.id = ann_, .slug = "ann", .name = {}, .email = {}}));
            ORIGIN_CHECK(
                create_client(writer, {.id = bob_, .slug = "bob", .name = {}, .email = {}}));
            store::ProjectRow project;
            project.owner = ann_;
            project.slug = "shop";
            ORIGIN_CHECK(store::put_row(writer, store::Table::Projects, shop_.view(), project));
            project.deleted_at = 1;
            return store::put_row(writer, store::Table::Projects, gone_.view(), project);
        }));
    }

    std::string key_for(const ClientId& client,
                        std::vector<std::string> scopes,
                        std::vector<ProjectId> projects = {},
                        UnixMillis expires_at = 0) {
        const auto id = KeyId::make(clock_, random_);
        const Secret text = make_key_text(id, random_);
        EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_TRY(parsed, Scopes::parse(scopes));
            ORIGIN_CHECK(create_key(writer,
                                    {.id = id,
                                     .text = text,
                                     .client = client,
                                     .title = {},
                                     .scopes = parsed,
                                     .projects = projects,
                                     .expires_at = expires_at}));
            return {};
        }));
        return text.reveal();
    }

    std::string refusal(const std::string& key) {
        const auto identity = gatekeeper_.identify(key, "192.0.2." + std::to_string(++peer_));
        return identity ? "" : std::string(identity.error().reason());
    }

    std::string verdict(const std::string& key, const ProjectId& project, Action action) {
        const auto identity = gatekeeper_.identify(key, "127.0.0.1");
        EXPECT_TRUE(identity);
        const auto permit = gatekeeper_.permit(*identity, project, action);
        return permit ? "ok" : std::string(permit.error().reason());
    }

    StillClock clock_;
    SystemRandom random_;
    Metrics metrics_;
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    Gatekeeper gatekeeper_{*store_, clock_, metrics_};
    ClientId ann_ = ClientId::make(clock_, random_);
    ClientId bob_ = ClientId::make(clock_, random_);
    ProjectId shop_ = ProjectId::make(clock_, random_);
    ProjectId gone_ = ProjectId::make(clock_, random_);
    int peer_ = 0;
};

TEST_F(GatekeeperTest, EveryBadKeyGetsTheSameRefusal) {
    const std::string good = key_for(ann_, {"git:read"});
    std::string wrong_secret = make_key_text(*key_id_of(good), random_).reveal();
    for (const std::string& key : {std::string(),
                                   std::string("x"),
                                   good.substr(1),
                                   good + "0",
                                   good.substr(0, good.size() - 1),
                                   std::string(100'000, 'a'),
                                   "ogk_" + std::string(71, 'z'),
                                   wrong_secret,
                                   make_key_text(KeyId::make(clock_, random_), random_).reveal()}) {
        EXPECT_EQ(refusal(key), "unauthenticated") << key.substr(0, 90);
    }
    EXPECT_EQ(refusal(good), "");
}

TEST_F(GatekeeperTest, ExpiryRevocationAndDisabledClientsEndAKey) {
    const std::string short_lived = key_for(ann_, {"git:read"}, {}, clock_.millis + 1);
    EXPECT_EQ(refusal(short_lived), "");
    clock_.millis += 1;
    EXPECT_EQ(refusal(short_lived), "unauthenticated");
    const std::string key = key_for(ann_, {"git:read"});
    ASSERT_TRUE(store_->write(
        [&](store::Writer& writer) { return revoke_key(writer, *key_id_of(key), clock_.millis); }));
    EXPECT_EQ(refusal(key), "unauthenticated");
    const std::string bobs = key_for(bob_, {"git:read"});
    ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
        ORIGIN_TRY(
            row, store::need_row<store::ClientRow>(writer, store::Table::Clients, bob_.view(), ""));
        row.disabled = true;
        return store::put_row(writer, store::Table::Clients, bob_.view(), row);
    }));
    EXPECT_EQ(refusal(bobs), "unauthenticated");
}

TEST_F(GatekeeperTest, WhoMayDoWhatByTable) {
    const std::string reader = key_for(ann_, {"git:read"});
    const std::string writer = key_for(ann_, {"git:write"});
    const std::string deployer = key_for(ann_, {"deploy"});
    const std::string other = key_for(bob_, {"admin"});
    const std::string elsewhere = key_for(ann_, {"admin"}, {gone_});
    struct Row {
        const std::string& key;
        const ProjectId& project;
        Action action;
        std::string_view verdict;
    };
    for (const Row& row : {Row{other, shop_, Action::Read, "not_found"},
                           Row{elsewhere, shop_, Action::Read, "not_found"},
                           Row{reader, gone_, Action::Read, "not_found"},
                           Row{deployer, shop_, Action::Read, "not_found"},
                           Row{deployer, shop_, Action::Write, "not_found"},
                           Row{reader, shop_, Action::Write, "forbidden"},
                           Row{writer, shop_, Action::Deploy, "forbidden"},
                           Row{writer, shop_, Action::Admin, "forbidden"},
                           Row{reader, shop_, Action::Read, "ok"},
                           Row{writer, shop_, Action::Read, "ok"},
                           Row{writer, shop_, Action::Write, "ok"},
                           Row{deployer, shop_, Action::Deploy, "ok"}}) {
        EXPECT_EQ(verdict(row.key, row.project, row.action), row.verdict)
            << "action " << static_cast<int>(row.action);
    }
}

TEST_F(GatekeeperTest, AGrantAllowsWhatItAndTheKeyBothAllow) {
    const std::string all = key_for(bob_, {"admin"});
    const std::string reader = key_for(bob_, {"git:read"});
    const auto actions = {
        Action::Read, Action::Write, Action::Require, Action::Deploy, Action::Admin};
    const auto verdicts = [&](const std::string& key) {
        std::string said;
        for (const Action action : actions) {
            const std::string verdict = this->verdict(key, shop_, action);
            said += verdict == "ok" ? 'y' : verdict == "forbidden" ? 'n' : '-';
        }
        return said;
    };
    const auto set = [&](store::Access access) {
        return store_->write([&](store::Writer& writer) {
            return set_grant(writer,
                             {.project = shop_, .client = bob_, .access = access, .by = ann_});
        });
    };
    EXPECT_EQ(verdicts(all), "-----");
    ASSERT_TRUE(set(store::Access::Read));
    EXPECT_EQ(verdicts(all), "ynnnn");
    EXPECT_EQ(verdicts(reader), "ynnnn");
    ASSERT_TRUE(set(store::Access::Write));
    EXPECT_EQ(verdicts(all), "yyynn");
    EXPECT_EQ(verdicts(reader), "ynnnn");
    ASSERT_TRUE(set(store::Access::Deploy));
    EXPECT_EQ(verdicts(all), "ynnyn");
    ASSERT_TRUE(set(store::Access::Admin));
    EXPECT_EQ(verdicts(all), "yyyyy");
    EXPECT_EQ(verdicts(reader), "ynnnn");
    const auto removed = [&] {
        return store_->write(
            [&](store::Writer& writer) { return remove_grant(writer, shop_, bob_, 0); });
    };
    ASSERT_TRUE(removed());
    EXPECT_EQ(verdicts(all), "-----");
    EXPECT_FALSE(removed());
}

TEST_F(GatekeeperTest, NobodyIsGrantedWhatIsTheirsOrIsNotThere) {
    const auto refused = [&](const ProjectId& project, const ClientId& client) {
        const Status status = store_->write([&](store::Writer& writer) {
            return set_grant(writer, {.project = project, .client = client, .by = ann_});
        });
        return status ? "" : std::string(status.error().reason());
    };
    EXPECT_EQ(refused(shop_, ann_), "grant_to_owner");
    EXPECT_EQ(refused(shop_, ClientId::make(clock_, random_)), "not_found");
    EXPECT_EQ(refused(ProjectId::make(clock_, random_), bob_), "not_found");
    EXPECT_FALSE(parse_access("owner"));
    EXPECT_FALSE(parse_access(""));
}

TEST_F(GatekeeperTest, APublicProjectIsReadByAnybodyAndNoMore) {
    const auto asked = [&](const Identity& who, Action action) {
        const auto permit = gatekeeper_.permit(who, shop_, action);
        return permit ? "ok" : std::string(permit.error().reason());
    };
    const std::string bobs = key_for(bob_, {"admin"});
    EXPECT_EQ(asked(Gatekeeper::anonymous(), Action::Read), "not_found");
    ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
        ORIGIN_TRY(
            row,
            store::need_row<store::ProjectRow>(writer, store::Table::Projects, shop_.view(), ""));
        row.is_public = true;
        return store::put_row(writer, store::Table::Projects, shop_.view(), row);
    }));
    EXPECT_EQ(asked(Gatekeeper::anonymous(), Action::Read), "ok");
    EXPECT_EQ(verdict(bobs, shop_, Action::Read), "ok");
    for (const Action action : {Action::Write, Action::Require, Action::Deploy, Action::Admin}) {
        EXPECT_EQ(asked(Gatekeeper::anonymous(), action), "forbidden");
        EXPECT_EQ(verdict(bobs, shop_, action), "forbidden");
    }
}

TEST_F(GatekeeperTest, FailuresAreSlowedForTheirAddressOnly) {
    const std::string good = key_for(ann_, {"git:read"});
    for (int i = 0; i < 6; ++i) {
        EXPECT_FALSE(gatekeeper_.identify("bad", "198.51.100.1"));
    }
    const auto slowed = gatekeeper_.identify(good, "198.51.100.1");
    ASSERT_FALSE(slowed);
    EXPECT_EQ(slowed.error().reason(), "too_many_failures");
    EXPECT_TRUE(gatekeeper_.identify(good, "198.51.100.2"));
    clock_.millis += 61'000;
    EXPECT_TRUE(gatekeeper_.identify(good, "198.51.100.1"));
}

TEST_F(GatekeeperTest, GuessesAtOneKeyAreSlowedFromEveryAddressButItsOwnerIsNotLockedOut) {
    const std::string good = key_for(ann_, {"git:read"});
    std::string last;
    for (int i = 0; i < 7; ++i) {
        last = refusal(make_key_text(*key_id_of(good), random_).reveal());
    }
    EXPECT_EQ(last, "too_many_failures");
    EXPECT_EQ(refusal(good), "");
}

TEST_F(GatekeeperTest, TheFailureTableStaysBounded) {
    FailureTable table(clock_);
    for (int i = 0; i < 20'000; ++i) {
        table.record("address " + std::to_string(i));
    }
    EXPECT_LE(table.size(), 10'000U);
}

TEST_F(GatekeeperTest, APermitIsCheckedAgainInItsTransaction) {
    const std::string key = key_for(ann_, {"git:write"});
    const auto identity = gatekeeper_.identify(key, "127.0.0.1");
    ASSERT_TRUE(identity);
    const auto permit = gatekeeper_.permit(*identity, shop_, Action::Write);
    ASSERT_TRUE(permit);
    const auto recheck = [&] {
        return store_->write(
            [&](store::Writer& writer) { return gatekeeper_.recheck(writer, *permit); });
    };
    EXPECT_TRUE(recheck());
    ASSERT_TRUE(store_->write(
        [&](store::Writer& writer) { return revoke_key(writer, *key_id_of(key), clock_.millis); }));
    EXPECT_FALSE(recheck());
}

TEST_F(GatekeeperTest, APermitEndsWithWhatItStoodOn) {
    const auto change = [&](const ClientChange& change) {
        EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(change_client(writer, bob_, change));
            return {};
        }));
    };
    const auto recheck = [&](const Result<Permit>& permit) {
        const Status status = store_->write(
            [&](store::Writer& writer) { return gatekeeper_.recheck(writer, *permit); });
        return status ? "ok" : std::string(status.error().reason());
    };
    ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(change_client(writer, ann_, {.admin = true}));
        ORIGIN_CHECK(change_client(writer, bob_, {.admin = true}));
        return {};
    }));
    const std::string key = key_for(bob_, {"admin"});
    const auto permit = [&] {
        return gatekeeper_.permit(*gatekeeper_.identify(key, "127.0.0.1"), shop_, Action::Write);
    };
    const auto of_admin = permit();
    const auto of_nobody =
        gatekeeper_.permit(*gatekeeper_.identity_of(bob_, std::nullopt), shop_, Action::Write);
    EXPECT_EQ(recheck(of_admin), "ok");
    EXPECT_EQ(recheck(of_nobody), "ok");
    change({.admin = false});
    EXPECT_EQ(recheck(of_admin), "not_found");
    EXPECT_EQ(recheck(of_nobody), "not_found");

    const auto share = [&](store::Access access) {
        ASSERT_TRUE(store_->write([&](store::Writer& writer) {
            return set_grant(writer,
                             {.project = shop_, .client = bob_, .access = access, .by = ann_});
        }));
    };
    share(store::Access::Write);
    const auto of_grant = permit();
    EXPECT_EQ(recheck(of_grant), "ok");
    change({.admin = true});
    const auto of_both = permit();
    change({.admin = false});
    EXPECT_EQ(recheck(of_both), "forbidden") << "it may have stood on either";
    share(store::Access::Read);
    EXPECT_EQ(recheck(of_grant), "forbidden");
    ASSERT_TRUE(
        store_->write([&](store::Writer& writer) { return remove_grant(writer, shop_, bob_, 0); }));
    EXPECT_EQ(recheck(of_grant), "not_found");
    share(store::Access::Write);
    change({.disabled = true});
    EXPECT_EQ(recheck(of_grant), "unauthenticated");
    EXPECT_EQ(recheck(of_nobody), "unauthenticated");
    change({.disabled = false});
    EXPECT_EQ(recheck(of_grant), "ok");
    ASSERT_TRUE(store_->write([&](store::Writer& writer) { return delete_client(writer, bob_); }));
    EXPECT_EQ(recheck(of_grant), "unauthenticated");
}

TEST_F(GatekeeperTest, WhatAClientMayWhateverItsKey) {
    const auto check = [&](const Identity& who, const ProjectId& project) {
        const Status status = store_->write([&](store::Writer& writer) {
            return Gatekeeper::check_client(writer, who, project, Action::Deploy);
        });
        return status ? "ok" : std::string(status.error().reason());
    };
    const auto anns = gatekeeper_.identify(key_for(ann_, {"requirements"}), "127.0.0.1");
    const auto bobs = gatekeeper_.identify(key_for(bob_, {"admin"}), "127.0.0.1");
    ASSERT_TRUE(anns && bobs);
    EXPECT_EQ(check(*anns, shop_), "ok");
    EXPECT_EQ(check(*anns, gone_), "not_found");
    EXPECT_EQ(check(*bobs, shop_), "not_found");
    EXPECT_EQ(check(Gatekeeper::anonymous(), shop_), "not_found");
    const std::vector<std::pair<store::Access, std::string>> rows = {
        {store::Access::Read, "forbidden"},
        {store::Access::Write, "forbidden"},
        {store::Access::Deploy, "ok"},
        {store::Access::Admin, "ok"}};
    for (const auto& [access, verdict] : rows) {
        ASSERT_TRUE(store_->write([&](store::Writer& writer) {
            return set_grant(writer,
                             {.project = shop_, .client = bob_, .access = access, .by = ann_});
        }));
        EXPECT_EQ(check(*bobs, shop_), verdict) << name_of(access);
    }
}

}  // namespace
}  // namespace origin::auth
