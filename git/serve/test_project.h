// SPDX-License-Identifier: Apache-2.0
// git/serve/test_project: a project in a temporary folder over the in-memory store, for tests.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "auth/accounts.h"
#include "auth/key_text.h"
#include "base/steadied_clock.h"
#include "git/serve/catalogue.h"
#include "git/serve/commit.h"
#include "git/serve/push.h"
#include "git/serve/refs.h"
#include "store/jobs.h"
#include "store/memory_store.h"

namespace origin::git {

/// The system's time, and what a test adds to it.
class MovableClock final : public Clock {
public:
    UnixMillis now() const override { return system_.now() + ahead_.count(); }
    std::chrono::steady_clock::time_point steady() const override {
        return system_.steady() + passed_;
    }
    /// Time passes.
    void advance(Milliseconds by) {
        ahead_ += by;
        passed_ += by;
    }
    /// Somebody sets the clock.
    void set(Milliseconds by) { ahead_ += by; }

private:
    SystemClock system_;
    Milliseconds ahead_{0};
    Milliseconds passed_{0};
};

class TestProject : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() /
                  ("origin-serve-" + id_digits(make_id_bytes(clock_.now(), random_)));
        std::filesystem::create_directories(folder_);
        const auto key = KeyId::make(clock_, random_);
        key_text_ = auth::make_key_text(key, random_).reveal();
        const Status made = store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(auth::create_client(
                writer,
                {.id = client_, .slug = "ann", .name = {}, .email = {}, .now = clock_.now()}));
            ORIGIN_CHECK(auth::create_key(writer,
                                          {.id = key,
                                           .text = Secret(key_text_),
                                           .client = client_,
                                           .title = {},
                                           .scopes = auth::Scopes::all(),
                                           .projects = {},
                                           .now = clock_.now()}));
            ORIGIN_CHECK(create_project(
                writer,
                {.id = project_, .owner = client_, .slug = "shop", .name = {}, .actor = {}}));
            return {};
        });
        ASSERT_TRUE(made) << made.error().told_to_peer();
    }

    void TearDown() override { std::filesystem::remove_all(folder_); }

    auth::Identity identity() {
        auto found = gatekeeper_.identify(key_text_, "127.0.0.1");
        EXPECT_TRUE(found);
        return *found;
    }

    auth::Permit permit(auth::Action action = auth::Action::Write) {
        auto found = gatekeeper_.permit(identity(), project_, action);
        EXPECT_TRUE(found);
        return *found;
    }

    /// A commit of one file on top of `parent` (zero: none), pushed to `branch`.
    Result<PushOutcome> commit_file(const std::string& branch,
                                    Oid parent,  // A copy: `made` may be the same variable.
                                    const std::string& path,
                                    const std::string& content,
                                    Oid* made = nullptr) {
        ORIGIN_TRY(draft, Draft::open(service(), permit()));
        std::optional<Oid> base;
        if (!parent.is_zero()) {
            ORIGIN_TRY(tree, draft->tree_of(parent));
            base = tree;
        }
        ORIGIN_TRY(tree,
                   draft->repository().edit_tree(base, {{path, FileEdit{kModeFile, content}}}));
        Commit commit;
        commit.tree = tree;
        commit.author = commit.committer = server_ident(clock_.now());
        commit.message = "edit " + path;
        if (!parent.is_zero()) {
            commit.parents = {parent};
        }
        ORIGIN_TRY(oid, draft->add_commit(commit));
        if (made != nullptr) {
            *made = oid;
        }
        return draft->push({.via = "api", .refs = {{branch, parent, oid}}});
    }

    std::optional<Oid> tip(const std::string& name) {
        std::optional<Oid> oid;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(ref, find_ref(reader, project_, name));
            oid = ref ? std::optional(ref->oid) : std::nullopt;
            return {};
        }));
        return oid;
    }

    /// A job of this kind that is ready at `now`, leased for a minute.
    std::optional<store::Job> claim(std::string_view kind, UnixMillis now) {
        std::optional<store::Job> job;
        EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_TRY(claimed, store::claim(writer, {kind, now, Milliseconds(60'000), 1}));
            job = claimed;
            return {};
        }));
        return job;
    }

    std::size_t rows(store::Table table) {
        std::size_t count = 0;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) {
            return reader.scan(table, {}, [&](std::string_view, std::string_view) {
                ++count;
                return true;
            });
        }));
        return count;
    }

    MovableClock clock_;
    SteadiedClock schedule_{clock_};
    SystemRandom random_;
    Metrics metrics_;
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    auth::Gatekeeper gatekeeper_{*store_, clock_, metrics_};
    std::filesystem::path folder_;
    ClientId client_ = ClientId::make(clock_, random_);
    ProjectId project_ = ProjectId::make(clock_, random_);
    std::string key_text_;
    // Built when first used, after SetUp() has made the folder.
    Storage& storage() {
        if (!storage_) {
            storage_ = std::make_unique<Storage>(folder_ / "projects");
        }
        return *storage_;
    }
    std::unique_ptr<Storage> storage_;
    std::vector<PushGate*> gates_;
    PushPlanner* planner_ = nullptr;
    PushService& service() {
        if (!service_) {
            service_ = std::make_unique<PushService>(PushService::Around{.store = *store_,
                                                                         .storage = storage(),
                                                                         .gatekeeper = gatekeeper_,
                                                                         .clock = clock_,
                                                                         .schedule = schedule_,
                                                                         .random = random_,
                                                                         .metrics = metrics_,
                                                                         .gates = gates_,
                                                                         .planner = planner_});
        }
        return *service_;
    }
    std::unique_ptr<PushService> service_;
};

}  // namespace origin::git
