// SPDX-License-Identifier: Apache-2.0
// bench_seed: writes many projects, each with one commit on `main`, into the data folder of a
// server that does not run, by the functions the server itself uses: git/serve's catalogue and
// push. In: a data folder made by `origind init`, a key of its client on standard input, how many.
#include <array>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <thread>
#include <vector>

#include <unistd.h>

#include "auth/gatekeeper.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "git/odb/libgit2_init.h"
#include "git/serve/catalogue.h"
#include "git/serve/commit.h"
#include "git/serve/push.h"
#include "store/lmdb_store.h"

namespace origin::bench {
namespace {

constexpr unsigned kThreads = 16;  // As many waits for the disk at once.
constexpr std::uint64_t kProjectsPerWrite = 500;
constexpr int kExitUsage = 64;  // sysexits(3) EX_USAGE.

struct World {
    SystemClock clock;
    SystemRandom random;
    Metrics metrics;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<auth::Gatekeeper> gatekeeper;
    std::unique_ptr<git::Storage> storage;
    std::unique_ptr<git::PushService> pushes;
    auth::Identity identity;
};

Status open(World& world, const std::string& folder, const std::string& key, Log& log) {
    ORIGIN_TRY(store, store::open_lmdb({.data_folder = folder, .fatal = {}}, log, world.clock));
    world.store = std::move(store);
    git::use_libgit2();
    world.storage = std::make_unique<git::Storage>(folder + "/projects");
    world.gatekeeper = std::make_unique<auth::Gatekeeper>(*world.store, world.clock, world.metrics);
    world.pushes =
        std::make_unique<git::PushService>(git::PushService::Around{.store = *world.store,
                                                                    .storage = *world.storage,
                                                                    .gatekeeper = *world.gatekeeper,
                                                                    .clock = world.clock,
                                                                    .schedule = world.clock,
                                                                    .random = world.random,
                                                                    .metrics = world.metrics,
                                                                    .gates = {}});
    ORIGIN_TRY(identity, world.gatekeeper->identify(key, "127.0.0.1"));
    world.identity = identity;
    return world.storage->sweep(*world.store, log);
}

/// Projects `first` to `first` + ids.size() of the catalogue: rows alone, in one transaction.
Status add_rows(World& world, std::uint64_t first, std::vector<ProjectId>& ids) {
    for (ProjectId& id : ids) {
        id = ProjectId::make(world.clock, world.random);
    }
    const UnixMillis now = world.clock.now();
    return world.store->write([&](store::Writer& writer) -> Status {
        for (std::size_t i = 0; i < ids.size(); ++i) {
            ORIGIN_CHECK(git::create_project(
                writer,
                {.id = ids[i],
                 .owner = world.identity.client,
                 .slug = "seeded-" + std::to_string(first + i),
                 .name = {},
                 .actor = {world.identity.client, world.identity.key, "operator"},
                 .now = now}));
        }
        return {};
    });
}

/// The folders that a push over Git makes; without their syncs, for nobody kills this.
Status add_folders(const World& world, const ProjectId& id) {
    std::error_code error;
    std::filesystem::create_directories(world.storage->pack_dir(id), error);
    if (!error) {
        std::filesystem::create_directories(world.storage->quarantine_dir(id), error);
    }
    return error ? std::unexpected(Error(Code::Internal, "no folders", error.message())) : Status();
}

/// The commit every project begins with: three small files.
Status add_commit(World& world, const ProjectId& id) {
    ORIGIN_TRY(permit, world.gatekeeper->permit(world.identity, id, auth::Action::Write));
    ORIGIN_TRY(draft, git::Draft::open(*world.pushes, permit));
    const git::TreeEdits edits = {
        {"README.md", git::FileEdit{git::kModeFile, "# " + id.str() + "\n"}},
        {"index.html", git::FileEdit{git::kModeFile, "<!doctype html><title>Seeded</title>\n"}},
        {"assets/app.js", git::FileEdit{git::kModeFile, "export const project = 1;\n"}}};
    ORIGIN_TRY(tree, draft->repository().edit_tree(std::nullopt, edits));
    git::Commit commit;
    commit.tree = tree;
    commit.author = commit.committer = git::server_ident(world.clock.now());
    commit.message = "Begin\n";
    ORIGIN_TRY(oid, draft->add_commit(commit));
    ORIGIN_TRY(pushed, draft->push({.via = "operator", .refs = {{"refs/heads/main", Oid{}, oid}}}));
    return git::need_all_ok(pushed);
}

Status seed(World& world, std::uint64_t first, std::uint64_t count) {
    std::vector<ProjectId> all;
    while (all.size() < count) {
        std::vector<ProjectId> ids(std::min(kProjectsPerWrite, count - all.size()));
        ORIGIN_CHECK(add_rows(world, first + all.size(), ids));
        all.insert(all.end(), ids.begin(), ids.end());
    }
    std::atomic<std::size_t> next = 0;
    const auto work = [&](Status& end) {
        for (std::size_t i = next++; i < all.size() && end; i = next++) {
            end = add_commit(world, all[i]);
            end = end ? add_folders(world, all[i]) : std::move(end);
        }
    };
    std::array<Status, kThreads> ends{};
    {
        std::vector<std::jthread> threads;
        threads.reserve(ends.size());
        for (Status& end : ends) {
            threads.emplace_back(work, std::ref(end));
        }
    }
    for (Status& end : ends) {
        ORIGIN_CHECK(std::move(end));
    }
    return {};
}

bool read_number(std::string_view text, std::uint64_t& number) {
    const auto [end, error] = std::from_chars(text.begin(), text.end(), number);
    return error == std::errc{} && end == text.end();
}

int run(const std::string& folder, std::uint64_t first, std::uint64_t count) {
    std::string key;
    std::getline(std::cin, key);
    World world;
    Log log(STDERR_FILENO, LogFormat::Text, Level::Warning, world.clock);
    Status done = open(world, folder, key, log);
    if (done) {
        done = seed(world, first, count);
    }
    if (!done) {
        std::fprintf(stderr,
                     "bench_seed: %s %s\n",
                     done.error().told_to_peer().c_str(),
                     done.error().kept_in_log().c_str());
        return 1;
    }
    return 0;
}

}  // namespace
}  // namespace origin::bench

int main(int argc, char** argv) {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    if (argc != 4 || !origin::bench::read_number(argv[2], first) ||
        !origin::bench::read_number(argv[3], count)) {
        std::fputs("usage: bench_seed DATA FIRST COUNT <KEY\n", stderr);
        return origin::bench::kExitUsage;
    }
    return origin::bench::run(argv[1], first, count);
}
