// SPDX-License-Identifier: Apache-2.0
// store/folder_lock: one process owns a data folder; the kernel lets go of it when that one ends.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace origin::store {

/// A file descriptor with one owner.
class OwnedFd {
public:
    explicit OwnedFd(int fd = -1) : fd_(fd) {}
    OwnedFd(const OwnedFd&) = delete;
    OwnedFd& operator=(const OwnedFd&) = delete;
    OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    OwnedFd& operator=(OwnedFd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~OwnedFd();
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_;
};

/// Holding one is owning the folder.
class FolderLock {
public:
    /// Takes the flock on `folder`/lock, made with mode 0600 if need be. Does not wait.
    /// Errors: NotFound `no_data_folder`; Conflict `data_folder_in_use`; Internal.
    static Result<FolderLock> take(const std::string& folder);

private:
    explicit FolderLock(OwnedFd fd) : fd_(std::move(fd)) {}
    OwnedFd fd_;
};

/// Syncs a folder, so that the files just made in it stay.
Status sync_folder(const std::string& folder);

}  // namespace origin::store
