// SPDX-License-Identifier: Apache-2.0
#include "deploy/builds.h"

#include <cerrno>
#include <cstring>

#include <unistd.h>

#include "base/utf8.h"
#include "deploy/box_files.h"
#include "deploy/build_log.h"
#include "deploy/registry_proxy.h"
#include "git/odb/objects.h"
#include "git/serve/archive.h"
#include "git/serve/commit.h"
#include "git/serve/hidden_ref.h"
#include "git/serve/refs.h"
#include "git/serve/untar.h"

namespace origin::deploy {
namespace {

constexpr Milliseconds kLookAgain{2000};  // Whether there is room for one more build.

std::unexpected<Error> refuse(std::string reason, std::string why) {
    return std::unexpected(Error(Code::InvalidInput, std::move(why)).because(std::move(reason)));
}

git::ReadMore reading(int file) {
    return [file](char* out, std::size_t size) -> Result<std::size_t> {
        std::size_t total = 0;
        while (total < size) {
            const ssize_t got = ::read(file, out + total, size - total);
            if (got < 0 && errno != EINTR) {
                return std::unexpected(Error(Code::Internal,
                                             "the files that came out cannot be read",
                                             std::strerror(errno)));
            }
            if (got == 0) {
                break;
            }
            total += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
        }
        return total;
    };
}

/// One of the builds that run at once.
class Place {
public:
    Place(std::atomic<unsigned>& running, unsigned most) : running_(running) {
        has_ = running_.fetch_add(1) < most;
    }
    ~Place() { running_.fetch_sub(1); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    explicit operator bool() const { return has_; }

private:
    std::atomic<unsigned>& running_;
    bool has_ = false;
};

}  // namespace

struct Builds::Work {
    hooks::OrigindToml::Build wish;
    sandbox::Fd in;
    sandbox::Fd out;
};

Result<bool> Builds::is_needed(Task& task) const {
    ORIGIN_TRY(built, task.built());
    if (built) {
        return false;
    }
    ORIGIN_TRY(objects, task.objects());
    ORIGIN_TRY(toml, hooks::read_origind_toml(*objects, task.row().commit));
    return toml && toml->build.has_value();
}

Result<sandbox::Fd> Builds::pack_tree(Task& task) const {
    ORIGIN_TRY(objects, task.objects());
    ORIGIN_TRY(links, objects->commit_links(task.row().commit));
    ORIGIN_TRY(archive,
               git::Archive::of(objects, {.tree = links.tree, .seconds = links.committed_seconds}));
    ORIGIN_TRY(file, sandbox::nameless_file(around_.folder));
    std::uint64_t bytes = 0;
    for (auto progress = git::Archive::Progress::More; progress != git::Archive::Progress::Done;) {
        std::string piece;
        ORIGIN_TRY(went, archive.step(piece));
        progress = went;
        bytes += piece.size();
        if (bytes > around_.settings.folder_bytes_max) {
            return std::unexpected(
                Error(Code::LimitExceeded, "the commit's files are more than a build has room for")
                    .because("too_many_bytes"));
        }
        ORIGIN_CHECK(write_all(file.get(), piece));
    }
    ::lseek(file.get(), 0, SEEK_SET);
    return std::move(file);
}

Status Builds::run(Task& task, Work& work) const {
    BuildLog log(task,
                 around_.clock,
                 {.lines_max = kBuildLogLinesMax, .line_bytes_max = kBuildLineBytesMax});
    std::optional<RegistryProxy> registry;
    sandbox::BoxPort port;
    if (around_.settings.registry) {
        registry.emplace(*around_.settings.registry, around_.clock);
        port = {.number = kRegistryPort, .serve = [&](sandbox::Fd listening) {
                    registry->serve(std::move(listening));
                }};
    }
    std::vector<std::string> environment = registry_environment(registry ? &*registry : nullptr);
    environment.push_back("ORIGIN_COMMIT=" + task.row().commit.hex());
    environment.push_back("ORIGIN_REF=" + task.row().ref);
    environment.push_back("ORIGIN_TARGET=" + task.row().target);
    environment.emplace_back(task.row().preview ? "ORIGIN_PREVIEW=1" : "ORIGIN_PREVIEW=0");
    bool wants_network = false;
    ORIGIN_TRY(end,
               log.run(around_.box,
                       {.command = {"/bin/sh", "-c", work.wish.command},
                        .environment = std::move(environment),
                        .archive_in = work.in.get(),
                        .archive_out = work.out.get(),
                        .out_folder = work.wish.output,
                        .port = std::move(port),
                        .limits = {.time_max = around_.settings.time_max,
                                   .memory_bytes_max = around_.settings.memory_bytes_max,
                                   .work_bytes_max = around_.settings.folder_bytes_max,
                                   .files_max = 4 * kBuildOutputFilesMax,
                                   .processes_max = kBuildProcessesMax},
                        .line = [&](std::string_view line) {
                            wants_network = wants_network || sounds_like_no_network(line);
                        }}));
    if (end.ok()) {
        return {};
    }
    std::string hint;
    if (registry && !registry->complaint().empty()) {
        hint = "; package registry: " + registry->complaint();
    } else if (wants_network) {
        hint = registry ? "; a build has no network but the package registry"
                        : "; a build has no network: this server's operator may allow a package "
                          "registry (build.registry)";
    }
    if (end.why == sandbox::BoxEnd::Why::Exited) {
        return refuse("build_failed",
                      "the build failed (exit code " + std::to_string(end.status) + ")" +
                          log.ending() + hint);
    }
    if (end.why == sandbox::BoxEnd::Why::Killed) {
        return refuse("build_failed",
                      "the build was ended: " + printable(end.text) + log.ending() + hint);
    }
    return refuse("bad_output", "the build's files: " + printable(end.text));
}

Status Builds::keep(Task& task, Work& work) const {
    ::lseek(work.out.get(), 0, SEEK_SET);
    ORIGIN_TRY(objects, task.objects());
    git::PackBuilder builder(objects);
    ORIGIN_TRY(tree,
               git::untar(reading(work.out.get()),
                          builder,
                          {.files_max = kBuildOutputFilesMax, .bytes_max = kBuildOutputBytesMax}));
    if (!tree) {
        return refuse("bad_output",
                      "the build left no file in '" + printable(work.wish.output) + "'");
    }
    git::Commit commit;
    commit.tree = *tree;
    commit.parents = {task.row().commit};
    commit.author = commit.committer = git::server_ident(around_.clock.now());
    commit.message = "Build of " + task.row().commit.hex() + "\n\n" + work.wish.command + "\n";
    ORIGIN_TRY(oid, builder.add(git::ObjectType::Commit, git::serialize(commit)));
    ORIGIN_CHECK(git::keep_hidden({around_.store, around_.storage, around_.quotas},
                                  builder,
                                  {.project = task.project(),
                                   .name = git::build_ref(task.row().commit),
                                   .oid = oid,
                                   .now = around_.clock.now(),
                                   .schedule = around_.schedule.now()}));
    return task.look_again();
}

Result<Milliseconds> Builds::build(Task& task) {
    ORIGIN_TRY(needed, is_needed(task));
    if (!needed) {
        // It was stored, and then the process was killed; or another target had it built.
        ORIGIN_CHECK(task.look_again());
        return Milliseconds(0);
    }
    if (const Status usable = around_.usable(); !usable) {
        // Not worth another try, as Unavailable would say.
        return refuse("no_sandbox", "this server cannot build: " + usable.error().told_to_peer());
    }
    const Place place(running_, around_.settings.at_once);
    if (!place) {
        if (task.row().progress.waiting.empty()) {
            task.row().progress.waiting = "other builds";
            ORIGIN_CHECK(task.save());
        }
        return kLookAgain;
    }
    task.row().progress.waiting.clear();
    ORIGIN_TRY(objects, task.objects());
    ORIGIN_TRY(toml, hooks::read_origind_toml(*objects, task.row().commit));
    Work work{.wish = *toml->build, .in = sandbox::Fd(), .out = sandbox::Fd()};
    ORIGIN_TRY(in, pack_tree(task));
    ORIGIN_TRY(out, sandbox::nameless_file(around_.folder));
    work.in = std::move(in);
    work.out = std::move(out);
    ORIGIN_CHECK(task.say("$ " + printable(work.wish.command)));
    ORIGIN_CHECK(run(task, work));
    ORIGIN_CHECK(keep(task, work));
    return Milliseconds(0);
}

}  // namespace origin::deploy
