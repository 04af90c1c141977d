// SPDX-License-Identifier: Apache-2.0
// Goal: a client owns no more projects and bytes than its quota, to the byte, also if it pushes
// many things at once; the operator, deletes and everybody else are not stopped.
// Method: a project over the in-memory store; rows of packs as large as we say they are.
#include "git/serve/quotas.h"

#include "git/serve/test_project.h"
#include "git/serve/transfer.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::git {
namespace {

/// A store in which something happens between the end of a read and what is made of it.
class SlowStore final : public store::Store {
public:
    explicit SlowStore(store::Store& store) : store_(store) {}

    Status read(const store::ReadFn& fn) override {
        Status done = store_.read(fn);
        if (const auto happens = std::exchange(after_read, nullptr)) {
            happens();
        }
        return done;
    }
    Status write(const store::WriteFn& fn) override { return store_.write(fn); }
    std::uint64_t version() const override { return store_.version(); }
    std::uint64_t wait_for_change(std::uint64_t seen, Milliseconds timeout) override {
        return store_.wait_for_change(seen, timeout);
    }
    std::uint64_t version_of(store::Table table) const override { return store_.version_of(table); }
    std::uint64_t wait_for_change_of(store::Table table,
                                     std::uint64_t seen,
                                     Milliseconds timeout) override {
        return store_.wait_for_change_of(table, seen, timeout);
    }

    std::function<void()> after_read;  // Once.

private:
    store::Store& store_;
};

class QuotasTest : public TestProject {
protected:
    void pack(char name, std::uint64_t bytes, const ProjectId& project) {
        EXPECT_TRUE(store_->write([&](store::Writer& writer) {
            return store::put_row(writer,
                                  store::Table::Packs,
                                  store::pack_key(project, "pack-" + std::string(40, name)),
                                  store::PackRow{bytes, 1, clock_.now()});
        }));
    }
    Quotas make(std::uint64_t bytes, std::uint64_t projects = 0) {
        return {{.projects = projects, .stored_bytes = bytes}, *store_, clock_};
    }
    void install(std::uint64_t bytes, std::uint64_t projects = 0) {
        quotas_ = std::make_unique<Quotas>(
            QuotaSettings{.projects = projects, .stored_bytes = bytes}, *store_, clock_);
        service_ = std::make_unique<PushService>(PushService::Around{.store = *store_,
                                                                     .storage = storage(),
                                                                     .gatekeeper = gatekeeper_,
                                                                     .clock = clock_,
                                                                     .schedule = schedule_,
                                                                     .random = random_,
                                                                     .metrics = metrics_,
                                                                     .gates = {},
                                                                     .quotas = quotas_.get()});
    }
    std::uint64_t stored() {
        std::uint64_t bytes = 0;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(found, stored_bytes_of(reader, client_));
            bytes = found;
            return {};
        }));
        return bytes;
    }
    Status create(const std::string& slug, const Quotas* quotas) {
        return store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(create_project(writer,
                                        {.id = ProjectId::make(clock_, random_),
                                         .owner = client_,
                                         .slug = slug,
                                         .name = {},
                                         .actor = {},
                                         .quotas = quotas}));
            return {};
        });
    }

    std::unique_ptr<Quotas> quotas_;
};

TEST_F(QuotasTest, GivesToTheLastByteAndNotOneMore) {
    pack('a', 600, project_);
    Quotas quotas = make(1000);
    EXPECT_EQ(quotas.room(client_), 400U);
    EXPECT_TRUE(quotas.claim(client_, 400));
    const auto refused = quotas.claim(client_, 401);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::LimitExceeded);
    EXPECT_EQ(refused.error().reason(), kQuotaExceeded);
    EXPECT_TRUE(refused.error().told_to_peer().contains("600 of 1000 are used, and this needs 401"))
        << refused.error().told_to_peer();
}

TEST_F(QuotasTest, WhatIsClaimedIsNobodyElses) {
    Quotas quotas = make(1000);
    auto first = quotas.claim(client_, 700);
    ASSERT_TRUE(first);
    EXPECT_FALSE(quotas.claim(client_, 301));
    EXPECT_TRUE(quotas.claim(ClientId::make(clock_, random_), 1000)) << "another's quota";
    first->reset();
    EXPECT_TRUE(quotas.claim(client_, 1000)) << "it was not stored";
    auto kept = quotas.claim(client_, 700);
    ASSERT_TRUE(kept);
    pack('a', 700, project_);
    (*kept)->stored = true;
    kept->reset();
    EXPECT_FALSE(quotas.claim(client_, 301));
    EXPECT_TRUE(quotas.claim(client_, 300));
}

TEST_F(QuotasTest, WhatWasFreedCountsAtOnce) {
    pack('a', 1000, project_);
    Quotas quotas = make(1000);
    EXPECT_FALSE(quotas.claim(client_, 1));
    pack('a', 10, project_);
    EXPECT_TRUE(quotas.claim(client_, 990));
    EXPECT_TRUE(service().quotas() == nullptr);
}

TEST_F(QuotasTest, ASlowReadDoesNotForgetWhatWasStoredMeanwhile) {
    SlowStore slow(*store_);
    Quotas quotas({.projects = 0, .stored_bytes = 1000}, slow, clock_);
    auto claim = quotas.claim(client_, 600);
    ASSERT_TRUE(claim);
    clock_.advance(std::chrono::minutes(2));  // It is read anew.
    slow.after_read = [&] {
        pack('a', 600, project_);
        (*claim)->stored = true;
        claim->reset();
    };
    EXPECT_EQ(quotas.room(client_), 400U);
    EXPECT_EQ(quotas.room(client_), 400U);
    EXPECT_FALSE(quotas.claim(client_, 401));
}

TEST_F(QuotasTest, AreTheReceiversWhenAProjectIsTransferred) {
    const ClientId to = ClientId::make(clock_, random_);
    const ProjectId own = ProjectId::make(clock_, random_);
    ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(auth::create_client(
            writer, {.id = to, .slug = "bob", .name = {}, .email = {}, .now = clock_.now()}));
        ORIGIN_CHECK(create_project(
            writer, {.id = own, .owner = to, .slug = "own", .name = {}, .actor = {}}));
        return {};
    }));
    pack('a', 600, project_);
    pack('b', 300, own);
    Quotas quotas = make(1000);
    const auto transfer = [&](Quotas* asked) {
        return store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(transfer_project(writer,
                                          {.project = project_,
                                           .to = to,
                                           .by = client_,
                                           .now = clock_.now(),
                                           .quotas = asked}));
            return {};
        });
    };
    auto claim = quotas.claim(to, 101);
    ASSERT_TRUE(claim);
    const Status refused = transfer(&quotas);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason(), kQuotaExceeded);
    EXPECT_FALSE(refused.error().told_to_peer().contains("300")) << "what bob has is bob's";
    claim->reset();
    EXPECT_EQ(quotas.room(to), 700U);
    EXPECT_EQ(quotas.room(client_), 400U);
    EXPECT_TRUE(transfer(&quotas)) << "to the last byte";
    quotas.forget(to);
    quotas.forget(client_);
    EXPECT_EQ(quotas.room(to), 100U);
    EXPECT_EQ(quotas.room(client_), 1000U);
}

TEST_F(QuotasTest, SumsDoNotWrapAround) {
    pack('a', Quotas::kNoLimit - 5, project_);
    pack('b', Quotas::kNoLimit - 5, project_);
    EXPECT_EQ(stored(), Quotas::kNoLimit);
    Quotas quotas = make(1000);
    EXPECT_FALSE(quotas.claim(client_, 1));
    EXPECT_EQ(quotas.room(client_), 0U);
    Quotas wide = make(Quotas::kNoLimit);
    EXPECT_EQ(wide.room(client_), 0U);
    Quotas other = make(1000);
    EXPECT_FALSE(other.claim(ClientId::make(clock_, random_), Quotas::kNoLimit));
}

TEST_F(QuotasTest, ZeroIsWithoutEnd) {
    pack('a', Quotas::kNoLimit - 5, project_);
    Quotas quotas = make(0);
    EXPECT_TRUE(quotas.claim(client_, Quotas::kNoLimit));
    EXPECT_EQ(quotas.room(client_), Quotas::kNoLimit);
    EXPECT_TRUE(create("more", &quotas));
}

TEST_F(QuotasTest, OfProjectsCountsThoseThatAreThere) {
    const Quotas quotas = make(0, 3);
    EXPECT_TRUE(create("second", &quotas));
    EXPECT_TRUE(create("third", &quotas));
    const Status refused = create("fourth", &quotas);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason(), kQuotaExceeded);
    EXPECT_TRUE(refused.error().told_to_peer().contains("limits.projects"));
    EXPECT_EQ(create("third", &quotas).error().reason(), "slug_taken");
    EXPECT_TRUE(create("fourth", nullptr)) << "the operator's";
    EXPECT_FALSE(create("fifth", &quotas));
    const auto admin = permit(auth::Action::Admin);
    EXPECT_TRUE(store_->write(
        [&](store::Writer& writer) { return delete_project(writer, admin, clock_.now()); }));
    EXPECT_FALSE(create("fifth", &quotas)) << "three are left";
}

TEST_F(QuotasTest, APushThatDoesNotFitChangesNothing) {
    install(300);
    Oid first;
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "small", &first));
    const std::uint64_t before = stored();
    ASSERT_LE(before, 300U);
    const auto refused =
        commit_file("refs/heads/main", first, "b", random_bytes(random_, 1000), nullptr);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason(), kQuotaExceeded);
    EXPECT_EQ(tip("refs/heads/main"), first);
    EXPECT_EQ(stored(), before);
}

}  // namespace
}  // namespace origin::git
