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

Status sync_folder(const std::filesystem::path& folder) {
    const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.ok() || ::fsync(directory.get()) != 0) {
        return failed("fsync", folder);
    }
    return {};
}

/// A new key in a file of its own, which is on disk. Returns: its path.
Result<std::filesystem::path> write_draft(const std::filesystem::path& folder, Random& random) {
    std::filesystem::path draft =
        folder / (std::string(kMasterKeyFile) + "." + hex(random_bytes(random, 8)));
    const Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file.ok()) {
        return failed("create", draft);
    }
    Status written = write_all(file.get(), random_bytes(random, kSealKeyBytes), draft);
    if (written && ::fsync(file.get()) != 0) {
        written = failed("fsync", draft);
    }
    if (!written) {
        ::unlink(draft.c_str());
        return std::unexpected(std::move(written).error());
    }
    return draft;
}

// The draft is linked into place: a crash leaves no half key, and link() never replaces the key of
// a process that was faster.
Status create(const std::filesystem::path& folder, Random& random) {
    const std::filesystem::path path = folder / kMasterKeyFile;
    ORIGIN_TRY(draft, write_draft(folder, random));
    Status linked;
    if (::link(draft.c_str(), path.c_str()) != 0 && errno != EEXIST) {
        linked = failed("link", path);
    }
    ::unlink(draft.c_str());
    ORIGIN_CHECK(std::move(linked));
    return sync_folder(folder);
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

// nullopt: there is no such file. `is_ours`: in our folder; a credential's mode is systemd's
// affair.
Result<std::optional<Secret>> read(const std::filesystem::path& path, bool is_ours = true) {
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
    if (is_ours) {
        ORIGIN_CHECK(check_owner(found, path));
    }
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

Result<std::optional<Secret>> read_text(const Secret& text, std::string_view name) {
    if (text.empty()) {
        return std::nullopt;
    }
    const auto bytes = hex_decode(text.reveal());
    if (!bytes || bytes->size() != kSealKeyBytes) {
        return std::unexpected(
            Error(Code::Corrupt, std::string(name) + " must be 64 hexadecimal digits.")
                .because("master_key_damaged"));
    }
    return Secret(*bytes);
}

/// The one key that is in `found`, or nullopt.
Result<std::optional<Secret>> only_one(std::array<std::optional<Secret>, 3> found) {
    std::optional<Secret> one;
    for (std::optional<Secret>& each : found) {
        if (each && one && each->reveal() != one->reveal()) {
            return std::unexpected(
                Error(
                    Code::Conflict,
                    "There are two different master keys; leave one: the file in the data folder, "
                    "the credential, or the environment's.")
                    .because("master_key_twice"));
        }
        if (each) {
            one = std::move(each);
        }
    }
    return one;
}

Result<std::optional<Secret>> find_one(const MasterKeySources& sources,
                                       const char* file,
                                       const Secret& text,
                                       std::string_view text_name) {
    std::array<std::optional<Secret>, 3> found;
    ORIGIN_TRY(in_folder, read(sources.folder / file));
    found[0] = std::move(in_folder);
    if (!sources.credentials.empty()) {
        ORIGIN_TRY(given, read(sources.credentials / file, false));
        found[1] = std::move(given);
    }
    ORIGIN_TRY(spelled, read_text(text, text_name));
    found[2] = std::move(spelled);
    return only_one(std::move(found));
}

}  // namespace

Result<std::optional<MasterKeys>> find_master_keys(const MasterKeySources& sources) {
    ORIGIN_TRY(current, find_one(sources, kMasterKeyFile, sources.text, kMasterKeyVariable));
    if (!current) {
        return std::nullopt;
    }
    ORIGIN_TRY(previous,
               find_one(sources, kPreviousKeyFile, sources.previous_text, kPreviousKeyVariable));
    return MasterKeys{std::move(*current), std::move(previous)};
}

Result<Secret> create_master_key(const std::filesystem::path& folder, Random& random) {
    const std::filesystem::path path = folder / kMasterKeyFile;
    ORIGIN_CHECK(create(folder, random));
    ORIGIN_TRY(made, read(path));
    if (!made) {
        return failed("vanished", path);
    }
    return std::move(*made);
}

Status rotate_master_key(const std::filesystem::path& folder, Random& random) {
    const std::filesystem::path path = folder / kMasterKeyFile;
    const std::filesystem::path previous = folder / kPreviousKeyFile;
    ORIGIN_TRY(current, read(path));
    if (!current) {
        return std::unexpected(Error(Code::NotFound,
                                     "The data folder has no master.key; one that comes from "
                                     "outside is replaced there (docs/operations.md).")
                                   .because("no_master_key"));
    }
    ORIGIN_TRY(draft, write_draft(folder, random));
    Status moved;
    if (::link(path.c_str(), previous.c_str()) != 0) {
        moved = errno != EEXIST
                    ? failed("link", previous)
                    : std::unexpected(Error(Code::Conflict,
                                            "The key was replaced before and not everything is "
                                            "sealed anew; start the server once.")
                                          .because("rotation_unfinished"));
    } else if (::rename(draft.c_str(), path.c_str()) != 0) {
        moved = failed("rename", path);
    }
    if (!moved) {
        ::unlink(draft.c_str());
        return moved;
    }
    return sync_folder(folder);
}

Status forget_previous_key(const std::filesystem::path& folder) {
    const std::filesystem::path previous = folder / kPreviousKeyFile;
    if (::unlink(previous.c_str()) != 0 && errno != ENOENT) {
        return failed("unlink", previous);
    }
    return sync_folder(folder);
}

}  // namespace origin::crypto
