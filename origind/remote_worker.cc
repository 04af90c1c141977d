// SPDX-License-Identifier: Apache-2.0
#include "origind/remote_worker.h"

#include <array>
#include <cstdio>
#include <cstdlib>

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "git/odb/libgit2_init.h"
#include "git/odb/remote_clone.h"
#include "git/serve/import.h"
#include "origind/environment.h"
#include "sandbox/child.h"
#include "sandbox/confine.h"

namespace origin {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCloneFolder = "clone.git";
constexpr const char* kHomeFolder = "home";
constexpr const char* kSshKey = "key";
constexpr const char* kAgentVariable = "SSH_AUTH_SOCK";  // libssh2 finds the agent by it.

void say(std::string_view line) {
    std::printf("- %.*s\n", static_cast<int>(line.size()), line.data());
    std::fflush(stdout);
}

[[noreturn]] void finish(const Status& status) {
    if (status) {
        std::_Exit(0);
    }
    const std::string& detail = status.error().kept_in_log();
    std::printf("! %s%s\n",
                status.error().told_to_peer().c_str(),
                detail.empty() ? "" : (" (" + detail + ")").c_str());
    std::fflush(stdout);
    std::_Exit(1);
}

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
        say("note: this kernel has no Landlock; files are open as the user's rights say");
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
    const fs::path key = out / kHomeFolder / ".ssh" / kSshKey;
    return git::clone_remote({.url = url.whole().reveal(),
                              .folder = out / kCloneFolder,
                              .ssh_key = fs::exists(key, ignored) ? key : fs::path(),
                              .ssh_agent = !variable(kAgentVariable).empty(),
                              .progress = say});
}

Status stage(const fs::path& source, const fs::path& out) {
    git::use_libgit2();
    ORIGIN_CHECK(confine_to(sandbox::Network::None, {source}, out));
    return git::stage_import(source, out, say);
}

/// What the child said: progress goes on to people, the last complaint is kept.
class Words {
public:
    explicit Words(const SayProgress& progress) : progress_(progress) {}

    void hear(std::string_view line) {
        if (line.starts_with("- ")) {
            progress_(line.substr(2));
        } else {
            complaint_ = line.starts_with("! ") ? line.substr(2) : line;
        }
    }
    std::string complaint() const { return complaint_; }

private:
    const SayProgress& progress_;
    std::string complaint_;
};

Status run_worker(std::vector<std::string> arguments,
                  std::string input,
                  const fs::path& out,
                  const SayProgress& progress) {
    Words words(progress);
    const SystemClock clock;
    std::vector<std::string> environment = {"HOME=" + (out / kHomeFolder).string()};
    // Nothing else of the environment goes along.
    if (const std::string agent = variable(kAgentVariable); !agent.empty()) {
        environment.push_back(std::string(kAgentVariable) + "=" + agent);
    }
    arguments.insert(arguments.begin(), "remote-worker");
    ORIGIN_TRY(end,
               sandbox::run_child({.program = "/proc/self/exe",
                                   .arguments = std::move(arguments),
                                   .environment = std::move(environment),
                                   .folder = out,
                                   .input = std::move(input),
                                   .time_max = kImportTimeout,
                                   .line =
                                       [&](std::string_view line) {
                                           words.hear(line);
                                       }},
                                  clock));
    if (end.ok()) {
        return {};
    }
    if (end.timed_out) {
        return std::unexpected(
            Error(Code::Timeout, "reading the repository took too long").because("worker_timeout"));
    }
    const std::string why = end.signal != 0 ? "the process that reads it was ended by signal " +
                                                  std::to_string(end.signal) +
                                                  ": it is damaged, hostile or too large"
                                            : words.complaint();
    return std::unexpected(Error(Code::InvalidInput, why).because("worker_failed"));
}

/// Copies of what the child may not look for itself: the list of trusted hosts, and a key if one is
/// named. The agent is better: the child can then sign, but not see the key.
Status lend_ssh_files(const fs::path& key, const fs::path& out) {
    const fs::path to = out / kHomeFolder / ".ssh";
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
    finish(clone(options.out));
}

void run_stage_worker(const WorkerOptions& options) {
    finish(stage(options.source, options.out));
}

Result<ImportFolder> ImportFolder::make() {
    std::error_code error;
    std::string path = (fs::temp_directory_path(error) / "origind-import-XXXXXX").string();
    if (error || ::mkdtemp(path.data()) == nullptr) {
        return std::unexpected(Error(Code::Internal, "a temporary folder cannot be made", path));
    }
    return ImportFolder(path);
}

ImportFolder::~ImportFolder() {
    if (!path_.empty()) {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
}

Status clone_in_child(const git::RemoteUrl& url,
                      const fs::path& ssh_key,
                      const fs::path& out,
                      const SayProgress& progress) {
    if (url.scheme() == "ssh") {
        ORIGIN_CHECK(lend_ssh_files(ssh_key, out));
    }
    // The URL goes in through a pipe: arguments can be read by every user of the machine.
    ORIGIN_CHECK(run_worker({"clone", out.string()}, url.whole().reveal(), out, progress));
    const fs::path clone = out / kCloneFolder;
    ORIGIN_CHECK(stage_in_child(clone, out, progress));
    std::error_code ignored;
    fs::remove_all(clone, ignored);
    fs::remove_all(out / kHomeFolder, ignored);
    return {};
}

Status stage_in_child(const fs::path& source, const fs::path& out, const SayProgress& progress) {
    return run_worker({"stage", source.string(), out.string()}, {}, out, progress);
}

}  // namespace origin
