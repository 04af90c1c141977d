// SPDX-License-Identifier: Apache-2.0
#include "store/folder_lock.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace origin::store {
namespace {

Error failed(const char* doing, int error) {
    return {Code::Internal,
            "The data folder cannot be used.",
            std::string(doing) + ": " + std::strerror(error)};
}

}  // namespace

OwnedFd::~OwnedFd() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

Result<FolderLock> FolderLock::take(const std::string& folder) {
    struct stat found{};
    if (::stat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) {
        return std::unexpected(
            Error(Code::NotFound, "There is no such data folder; make one with `origind init`.")
                .because("no_data_folder"));
    }
    const std::string path = folder + "/lock";
    OwnedFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) {
        return std::unexpected(failed("opening the lock file", errno));
    }
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            return std::unexpected(failed("locking the lock file", errno));
        }
        return std::unexpected(
            Error(Code::Conflict,
                  "Another origind process is using this data folder. Stop it first, or use it.")
                .because("data_folder_in_use"));
    }
    return FolderLock(std::move(fd));
}

Status sync_folder(const std::string& folder) {
    const OwnedFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) {
        return std::unexpected(failed("syncing a folder", errno));
    }
    return {};
}

}  // namespace origin::store
