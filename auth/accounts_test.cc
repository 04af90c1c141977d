// SPDX-License-Identifier: Apache-2.0
// Goal: a client is changed and deleted with all that is its own, and somebody can always manage
// the server. Method: clients, keys, grants and projects in the in-memory store; refusals first.
#include "auth/accounts.h"

#include <gtest/gtest.h>

#include "auth/grants.h"
#include "auth/key_text.h"
#include "store/memory_store.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::auth {
namespace {

using store::Table;

class AccountsTest : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(
            write([&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(create_client(
                    writer, {.id = ann_, .slug = "ann", .name = {}, .email = {}, .admin = true}));
                ORIGIN_CHECK(
                    create_client(writer, {.id = bob_, .slug = "bob", .name = {}, .email = {}}));
                store::ProjectRow project;
                project.owner = ann_;
                project.slug = "shop";
                ORIGIN_CHECK(
                    writer.put(Table::Slugs, store::project_slug_key(ann_, "shop"), shop_.view()));
                return store::put_row(writer, Table::Projects, shop_.view(), project);
            }),
            "");
    }

    /// The reason of its refusal; "" if it was done.
    std::string write(const store::WriteFn& fn) {
        const Status done = store_->write(fn);
        return done ? "" : std::string(done.error().reason());
    }
    std::string change(const ClientId& id, const ClientChange& change) {
        return write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(change_client(writer, id, change));
            return {};
        });
    }
    std::string remove(const ClientId& id) {
        return write([&](store::Writer& writer) { return delete_client(writer, id); });
    }
    KeyId add_key(const ClientId& client) {
        const auto id = KeyId::make(clock_, random_);
        EXPECT_EQ(write([&](store::Writer& writer) -> Status {
                      ORIGIN_CHECK(create_key(writer,
                                              {.id = id,
                                               .text = make_key_text(id, random_),
                                               .client = client,
                                               .title = {},
                                               .scopes = Scopes::all(),
                                               .projects = {}}));
                      return {};
                  }),
                  "");
        return id;
    }
    std::size_t rows(Table table) {
        std::size_t count = 0;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) {
            return reader.scan(table, {}, [&](std::string_view, std::string_view) {
                ++count;
                return true;
            });
        }));
        return count;
    }
    std::string client_of_slug(const std::string& slug) {
        std::string found;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(raw, reader.get(Table::Slugs, store::client_slug_key(slug)));
            found = raw.value_or("");
            return {};
        }));
        return found;
    }

    SystemClock clock_;
    SystemRandom random_;
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    ClientId ann_ = ClientId::make(clock_, random_);
    ClientId bob_ = ClientId::make(clock_, random_);
    ProjectId shop_ = ProjectId::make(clock_, random_);
};

TEST_F(AccountsTest, WhatIsRefusedChangesNothing) {
    const ClientId nobody = ClientId::make(clock_, random_);
    EXPECT_EQ(change(nobody, {.name = "x"}), "not_found");
    EXPECT_EQ(change(bob_, {.slug = "ann", .name = "Robert"}), "slug_taken");
    EXPECT_EQ(change(bob_, {.slug = "no/slug"}), "bad_slug");
    EXPECT_EQ(change(bob_, {.slug = ""}), "bad_slug");
    EXPECT_EQ(change(bob_, {.slug = "rob", .name = "a\nb"}), "bad_name");
    EXPECT_EQ(change(bob_, {.email = std::string(10'000, 'a')}), "bad_name");
    EXPECT_EQ(remove(nobody), "not_found");
    EXPECT_EQ(client_of_slug("bob"), bob_.view());
    EXPECT_EQ(client_of_slug("rob"), "");
}

TEST_F(AccountsTest, ANewSlugIsTheOnlyOne) {
    EXPECT_EQ(change(bob_, {.slug = "rob"}), "");
    EXPECT_EQ(client_of_slug("rob"), bob_.view());
    EXPECT_EQ(client_of_slug("bob"), "");
    EXPECT_EQ(change(bob_, {.slug = "rob"}), "") << "its own is not taken";
    EXPECT_EQ(change(ann_, {.slug = "bob"}), "");
}

TEST_F(AccountsTest, SomebodyCanAlwaysManageTheServer) {
    EXPECT_EQ(change(ann_, {.admin = false}), "last_admin");
    EXPECT_EQ(change(ann_, {.disabled = true}), "last_admin");
    EXPECT_EQ(change(ann_, {.admin = false, .disabled = true}), "last_admin");
    EXPECT_EQ(remove(ann_), "last_admin");
    EXPECT_EQ(change(bob_, {.admin = true, .disabled = true}), "");
    EXPECT_EQ(change(ann_, {.admin = false}), "last_admin") << "a disabled one is none";
    EXPECT_EQ(change(bob_, {.disabled = false}), "");
    EXPECT_EQ(change(ann_, {.admin = false}), "");
    EXPECT_EQ(change(bob_, {.disabled = true}), "last_admin");
    EXPECT_EQ(remove(bob_), "last_admin");
}

TEST_F(AccountsTest, OneThatOwnsProjectsStays) {
    EXPECT_EQ(change(bob_, {.admin = true}), "");
    EXPECT_EQ(remove(ann_), "client_owns_projects");
    EXPECT_EQ(client_of_slug("ann"), ann_.view());
}

TEST_F(AccountsTest, NothingIsLeftOfOneThatIsDeleted) {
    const std::size_t slugs = rows(Table::Slugs);
    const std::size_t clients = rows(Table::Clients);
    const ClientId cid = ClientId::make(clock_, random_);
    EXPECT_EQ(write([&](store::Writer& writer) -> Status {
                  ORIGIN_CHECK(
                      create_client(writer, {.id = cid, .slug = "cid", .name = {}, .email = {}}));
                  return set_grant(writer, {.project = shop_, .client = cid, .by = ann_});
              }),
              "");
    add_key(cid);
    const KeyId kept = add_key(bob_);
    EXPECT_EQ(rows(Table::Grants), 1U);
    EXPECT_EQ(remove(cid), "");
    EXPECT_EQ(rows(Table::Grants), 0U);
    EXPECT_EQ(rows(Table::Clients), clients);
    EXPECT_EQ(rows(Table::Keys), 1U);
    EXPECT_EQ(rows(Table::Slugs), slugs + 1) << "Bob's key is listed";
    EXPECT_EQ(write([&](store::Writer& writer) { return revoke_key(writer, kept, 1); }), "");
}

TEST_F(AccountsTest, NothingIsLeftOfTheGrantsOfADeletedProject) {
    const std::size_t slugs = rows(Table::Slugs);
    const ProjectId other = ProjectId::make(clock_, random_);
    EXPECT_EQ(write([&](store::Writer& writer) -> Status {
                  store::ProjectRow project;
                  project.owner = ann_;
                  ORIGIN_CHECK(store::put_row(writer, Table::Projects, other.view(), project));
                  ORIGIN_CHECK(set_grant(writer, {.project = shop_, .client = bob_, .by = ann_}));
                  ORIGIN_CHECK(set_grant(writer, {.project = other, .client = bob_, .by = ann_}));
                  return forget_grants(writer, shop_);
              }),
              "");
    EXPECT_EQ(rows(Table::Grants), 1U);
    EXPECT_EQ(rows(Table::Slugs), slugs + 1);
}

}  // namespace
}  // namespace origin::auth
