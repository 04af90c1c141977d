// SPDX-License-Identifier: Apache-2.0
#include "origind/remote_worker.h"

#include <array>
#include <cstdio>

#include <pwd.h>
#include <unistd.h>

#include "base/limits.h"
#include "git/odb/libgit2_init.h"
#include "git/odb/remote_clone.h"
#include "git/serve/import.h"
#include "origind/environment.h"
#include "sandbox/confine.h"
#include "sandbox/worker.h"

namespace origin {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCloneFolder = "clone.git";
constexpr const char* kSshFolder = ".ssh";
constexpr const char* kSshKey = "key";
constexpr const char* kAgentVariable = "SSH_AUTH_SOCK";  // libssh2 finds the agent by it.

Status confine_to(sandbox::Network network, std::vector<fs::path> more, const fs::path& out) {
    sandbox::Confinement confinement{.memory_bytes_max = kImportMemoryBytesMax,
                                     .cpu_seconds_max = kImportCpuSecondsMax,
                                     .file_bytes_max = kPackBytesMax,
                                     .network = network,
                                     .readable = sandbox::system_files(),
                                     .writable = {out}};
    confinement.readable.insert(confinement.readable.end(), more.begin(), more.end());
    ORIGIN_TRY(confined, sandbox::confine(confinement));
    if (!confined.files) {
        sandbox::tell_parent(
            "note: this kernel has no Landlock; files are open as the user's rights say");
    }
    return {};
}

Status clone(const fs::path& out) {
    std::array<char, kChildInputBytesMax> bytes{};
    const std::size_t size = std::fread(bytes.data(), 1, bytes.size(), stdin);
    ORIGIN_TRY(url, git::RemoteUrl::parse(std::string_view(bytes.data(), size)));
    git::use_libgit2();  // Its libraries read their configuration now, not later.
    ORIGIN_CHECK(confine_to(sandbox::Network::Clients, {}, out));
    std::error_code ignored;
    const fs::path key = out / kSshFolder / kSshKey;
    return git::clone_remote({.url = url.whole().reveal(),
                              .folder = out / kCloneFolder,
                              .ssh_key = fs::exists(key, ignored) ? key : fs::path(),
                              .ssh_agent = !variable(kAgentVariable).empty(),
                              .progress = sandbox::tell_parent});
}

Status stage(const fs::path& source, const fs::path& out) {
    git::use_libgit2();
    ORIGIN_CHECK(confine_to(sandbox::Network::None, {source}, out));
    return git::stage_import(source, out, sandbox::tell_parent);
}

Status run_in_child(std::vector<std::string> arguments,
                    std::string input,
                    const fs::path& out,
                    const SayProgress& progress) {
    std::vector<std::string> environment;
    if (const std::string agent = variable(kAgentVariable); !agent.empty()) {
        environment.push_back(std::string(kAgentVariable) + "=" + agent);
    }
    const SystemClock clock;
    const Status ended = sandbox::run_worker({.arguments = std::move(arguments),
                                              .environment = std::move(environment),
                                              .input = std::move(input),
                                              .folder = out,
                                              .time_max = kImportTimeout,
                                              .progress = progress},
                                             clock);
    if (!ended && ended.error().reason() == "worker_died") {
        return std::unexpected(Error(Code::InvalidInput,
                                     "the process that reads it ended by itself: it is damaged, "
                                     "hostile or too large",
                                     ended.error().kept_in_log())
                                   .because("worker_died"));
    }
    return ended;
}

/// Copies of what the child may not look for itself: the list of trusted hosts, and a key if one is
/// named. The agent is better: the child can then sign, but not see the key.
Status lend_ssh_files(const fs::path& key, const fs::path& out) {
    const fs::path to = out / kSshFolder;
    std::error_code error;
    fs::create_directories(to, error);
    if (const passwd* user = ::getpwuid(::getuid()); user != nullptr) {
        fs::copy_file(fs::path(user->pw_dir) / ".ssh/known_hosts", to / "known_hosts", error);
    }
    if (key.empty()) {
        return {};
    }
    fs::copy_file(key, to / kSshKey, error);
    if (!error) {
        fs::copy_file(key.string() + ".pub", to / (std::string(kSshKey) + ".pub"), error);
    }
    if (error) {
        return std::unexpected(Error(
            Code::NotFound, "the key '" + key.string() + "' or its .pub file cannot be read"));
    }
    return {};
}

}  // namespace

void run_clone_worker(const WorkerOptions& options) {
    sandbox::end_worker(clone(options.out));
}

void run_stage_worker(const WorkerOptions& options) {
    sandbox::end_worker(stage(options.source, options.out));
}

Status clone_in_child(const git::RemoteUrl& url,
                      const fs::path& ssh_key,
                      const fs::path& out,
                      const SayProgress& progress) {
    if (url.scheme() == "ssh") {
        ORIGIN_CHECK(lend_ssh_files(ssh_key, out));
    }
    // The URL goes in through a pipe: arguments can be read by every user of the machine.
    ORIGIN_CHECK(run_in_child({"clone", out.string()}, url.whole().reveal(), out, progress));
    const fs::path clone = out / kCloneFolder;
    ORIGIN_CHECK(stage_in_child(clone, out, progress));
    std::error_code ignored;
    fs::remove_all(clone, ignored);
    fs::remove_all(out / kSshFolder, ignored);
    return {};
}

Status stage_in_child(const fs::path& source, const fs::path& out, const SayProgress& progress) {
    return run_in_child({"stage", source.string(), out.string()}, {}, out, progress);
}

}  // namespace origin
