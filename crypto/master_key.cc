// SPDX-License-Identifier: Apache-2.0
#include "crypto/master_key.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/encode.h"
#include "crypto/seal.h"

namespace origin::crypto {

namespace {

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    int get() const { return fd_; }
    bool ok() const { return fd_ >= 0; }

private:
    int fd_;
};

std::unexpected<Error> failed(std::string_view what, const std::filesystem::path& path) {
    const int error = errno;
    const bool full = error == ENOSPC || error == EDQUOT;
    return std::unexpected(
        Error(full ? Code::StorageFull : Code::Internal,
              "The master key cannot be stored.",
              std::string(what) + " " + path.string() + ": " + std::strerror(error)));
}

Status write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return failed("write", path);
        }
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

// The key is written under a name of its own and linked into place: a crash leaves no half key,
// and link() never replaces the key of a process that was faster.
Status create(const std::filesystem::path& folder, Random& random) {
    const std::filesystem::path path = folder / kMasterKeyFile;
    const std::filesystem::path draft =
        folder / (std::string(kMasterKeyFile) + "." + hex(random_bytes(random, 8)));
    const Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file.ok()) {
        return failed("create", draft);
    }
    Status written = write_all(file.get(), random_bytes(random, kSealKeyBytes), draft);
    if (written && ::fsync(file.get()) != 0) {
        written = failed("fsync", draft);
    }
    if (written && ::link(draft.c_str(), path.c_str()) != 0 && errno != EEXIST) {
        written = failed("link", path);
    }
    ::unlink(draft.c_str());
    ORIGIN_CHECK(std::move(written));
    const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.ok() || ::fsync(directory.get()) != 0) {
        return failed("fsync", folder);
    }
    return {};
}

Status check_owner(const struct stat& found, const std::filesystem::path& path) {
    if (S_ISREG(found.st_mode) && (found.st_mode & 077U) == 0 && found.st_uid == ::geteuid()) {
        return {};
    }
    return std::unexpected(Error(Code::Forbidden,
                                 "The master key is readable by others; set its mode to 0600.",
                                 path.string() + " must be our own plain file with mode 0600")
                               .because("master_key_exposed"));
}

// nullopt: there is no such file.
Result<std::optional<Secret>> read(const std::filesystem::path& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file.ok()) {
        if (errno == ENOENT) {
            return std::nullopt;
        }
        return failed("open", path);
    }
    struct stat found{};
    if (::fstat(file.get(), &found) != 0) {
        return failed("stat", path);
    }
    ORIGIN_CHECK(check_owner(found, path));
    std::array<char, kSealKeyBytes + 1> bytes{};
    const ssize_t n = ::read(file.get(), bytes.data(), bytes.size());
    if (n != static_cast<ssize_t>(kSealKeyBytes)) {
        return std::unexpected(Error(Code::Corrupt,
                                     "The master key file is damaged.",
                                     path.string() + " must hold exactly 32 bytes")
                                   .because("master_key_damaged"));
    }
    return Secret(std::string(bytes.data(), kSealKeyBytes));
}

}  // namespace

Result<Secret> load_or_create_master_key(const std::filesystem::path& folder, Random& random) {
    const std::filesystem::path path = folder / kMasterKeyFile;
    ORIGIN_TRY(found, read(path));
    if (found) {
        return std::move(*found);
    }
    ORIGIN_CHECK(create(folder, random));
    ORIGIN_TRY(made, read(path));
    if (!made) {
        return failed("vanished", path);
    }
    return std::move(*made);
}

}  // namespace origin::crypto
