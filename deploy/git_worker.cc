// SPDX-License-Identifier: Apache-2.0
#include "deploy/git_worker.h"

#include <algorithm>

#include "deploy/remote_job.h"
#include "git/odb/libgit2_init.h"
#include "git/odb/remote_push.h"
#include "sandbox/confine.h"

namespace origin::deploy {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRefsBytesMax = 256ULL * 1024 * 1024;

Result<std::vector<git::PushedRef>> read_refs(const fs::path& path) {
    ORIGIN_TRY(text, read_text(path, kRefsBytesMax));
    std::vector<git::PushedRef> refs;
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        const auto oid = Oid::from_hex(line.substr(0, kOidHexDigits));
        if (!oid || line.size() <= kOidHexDigits + 1) {
            return std::unexpected(Error(Code::InvalidInput, "the child's list is damaged"));
        }
        refs.push_back({std::string(line.substr(kOidHexDigits + 1)), *oid});
    }
    return refs;
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        words.emplace_back(word);
        text.remove_prefix(std::min(text.size(), word.size() + 1));
    }
    return words;
}

Status write_outcome(const git::RemotePushed& pushed, const fs::path& path) {
    std::string text;
    for (const git::RemoteOutcome& ref : pushed.refs) {
        text += ref.what + "\t" + ref.name + "\t" + ref.refusal + "\n";
    }
    text += "same\t" + std::to_string(pushed.same) + "\t\n";
    text += "strays\t" + std::to_string(pushed.strays) + "\t\n";
    return write_text(path, text);
}

/// libgit2 takes one road: this connects by SSH, if the job has a host key.
git::RemoteRoads roads_of(const RemoteJob& job) {
    return {.connect = [peer = job.peer] { return connect_to_peer(peer); },
            .command = [peer = job.peer](
                           std::string_view line) -> Result<std::unique_ptr<git::RemoteStream>> {
                static std::unique_ptr<SshConnection> connection;  // As long as the process.
                ORIGIN_TRY(opened, SshConnection::open(peer));
                connection = std::move(opened);
                return connection->command(line);
            }};
}

Status work(const fs::path& folder) {
    ORIGIN_TRY(job, read_remote_job());
    use_libssh2();
    git::use_libgit2();
    git::use_roads(roads_of(job));
    std::vector<fs::path> readable = sandbox::system_files();  // Certificates.
    readable.emplace_back(job.word("packs"));
    ORIGIN_CHECK(confine_remote(folder, readable));
    ORIGIN_TRY(refs, read_refs(folder / "refs"));
    ORIGIN_TRY(pushed,
               git::push_to_remote({.url = job.word("url"),
                                    .repository = folder / "source.git",
                                    .refs = std::move(refs),
                                    .patterns = words_of(job.word("patterns")),
                                    .prune = job.word("prune") == "true",
                                    .user = job.peer.user,
                                    .token = job.peer.private_key}));
    return write_outcome(pushed, folder / "out" / "outcome");
}

}  // namespace

void run_git_worker(const fs::path& folder) {
    sandbox::end_worker(work(folder));
}

}  // namespace origin::deploy
