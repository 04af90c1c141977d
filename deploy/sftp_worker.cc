// SPDX-License-Identifier: Apache-2.0
#include "deploy/sftp_worker.h"

#include <charconv>

#include "deploy/remote_job.h"
#include "deploy/sftp_releases.h"

namespace origin::deploy {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kListBytesMax = 256ULL * 1024 * 1024;
constexpr std::size_t kFileBytesMax = SIZE_MAX;

Result<std::vector<RemoteFile>> read_list(const fs::path& path) {
    ORIGIN_TRY(text, read_text(path, kListBytesMax));
    return read_manifest(text);
}

Status plan(SftpReleases& releases, const fs::path& folder) {
    ORIGIN_TRY(wanted, read_list(folder / "wanted"));
    ORIGIN_TRY(lacking, releases.plan(wanted));
    std::string text;
    for (const std::size_t i : lacking) {
        text += std::to_string(i) + "\n";
    }
    return write_text(folder / "out" / "lacking", text);
}

Status send(SftpReleases& releases, const fs::path& folder) {
    ORIGIN_TRY(files, read_list(folder / "files"));
    std::vector<std::string> data;
    std::vector<SftpReleases::Sent> sent;
    data.reserve(files.size());  // What is sent points into it.
    for (const RemoteFile& file : files) {
        ORIGIN_TRY(bytes, read_text(folder / ("f" + std::to_string(data.size())), kFileBytesMax));
        data.push_back(std::move(bytes));
        sent.push_back({file, data.back()});
    }
    return releases.send(sent);
}

Status publish(SftpReleases& releases, const fs::path& folder, const std::string& keep) {
    std::size_t number = 1;
    std::from_chars(keep.data(), keep.data() + keep.size(), number);
    ORIGIN_TRY(wanted, read_list(folder / "wanted"));
    return releases.publish(wanted, number);
}

Status work(const fs::path& folder) {
    ORIGIN_TRY(job, read_remote_job());
    use_libssh2();
    ORIGIN_CHECK(confine_remote(folder));
    ORIGIN_TRY(connection, SshConnection::open(job.peer));
    ORIGIN_TRY(channel, connection->subsystem("sftp"));
    ORIGIN_TRY(sftp, SftpClient::begin(std::move(channel)));
    SftpReleases releases(sftp, {job.word("path"), job.word("id")}, sandbox::tell_parent);
    if (job.verb == "plan") {
        return plan(releases, folder);
    }
    if (job.verb == "send") {
        return send(releases, folder);
    }
    if (job.verb == "publish") {
        return publish(releases, folder, job.word("keep"));
    }
    return job.verb == "back" ? releases.put_back() : releases.drop();
}

}  // namespace

void run_sftp_worker(const fs::path& folder) {
    sandbox::end_worker(work(folder));
}

}  // namespace origin::deploy
