// SPDX-License-Identifier: Apache-2.0
#include "deploy/box_files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <unistd.h>

#include "git/serve/tar.h"
#include "sandbox/bubblewrap.h"

namespace origin::deploy {

Status write_all(int file, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t put = ::write(file, bytes.data(), bytes.size());
        if (put < 0 && errno != EINTR) {
            const bool full = errno == ENOSPC || errno == EDQUOT;
            return std::unexpected(Error(full ? Code::StorageFull : Code::Internal,
                                         "the files cannot be made ready for a sandbox",
                                         std::strerror(errno)));
        }
        bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(put, 0)));
    }
    return {};
}

Result<sandbox::Fd> pack_site(Task& task,
                              const std::filesystem::path& folder,
                              std::uint64_t bytes_max) {
    ORIGIN_TRY(site, task.site());
    ORIGIN_TRY(file, sandbox::nameless_file(folder));
    std::uint64_t total = 0;
    for (const SiteFile& each : site->files) {
        ORIGIN_CHECK(task.check_time());
        ORIGIN_TRY(content, task.read(each));
        std::string piece;
        git::append_tar_file(piece, "site/" + each.path, each.blob, content);
        total += piece.size();
        if (total > bytes_max) {
            return std::unexpected(Error(Code::LimitExceeded,
                                         "the site is larger than a sandbox has room for: " +
                                             std::to_string(bytes_max >> 20U) + " MiB")
                                       .because("too_many_bytes"));
        }
        ORIGIN_CHECK(write_all(file.get(), piece));
    }
    std::string end;
    git::append_tar_end(end, total);
    ORIGIN_CHECK(write_all(file.get(), end));
    ::lseek(file.get(), 0, SEEK_SET);
    return std::move(file);
}

}  // namespace origin::deploy
