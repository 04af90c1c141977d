// SPDX-License-Identifier: Apache-2.0
#include "crypto/master_key.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include <unistd.h>

#include "crypto/encode.h"
#include "crypto/own_file.h"
#include "crypto/seal.h"

namespace origin::crypto {

namespace {

std::unexpected<Error> failed(std::string_view what, const std::filesystem::path& path) {
    const int error = errno;
    const bool full = error == ENOSPC || error == EDQUOT;
    return std::unexpected(
        Error(full ? Code::StorageFull : Code::Internal,
              "The master key cannot be stored.",
              std::string(what) + " " + path.string() + ": " + std::strerror(error)));
}

std::string new_key(Random& random) {
    return random_bytes(random, kSealKeyBytes);
}

// A name of its own, linked into place: link() never replaces the key of a process that was faster.
Status create(const std::filesystem::path& folder, Random& random) {
    const std::filesystem::path path = folder / kMasterKeyFile;
    const std::filesystem::path draft =
        folder / (std::string(kMasterKeyFile) + "." + hex(random_bytes(random, 8)));
    ORIGIN_CHECK(write_own_file(draft, new_key(random)));
    Status linked;
    if (::link(draft.c_str(), path.c_str()) != 0 && errno != EEXIST) {
        linked = failed("link", path);
    }
    ::unlink(draft.c_str());
    ORIGIN_CHECK(std::move(linked));
    return sync_folder(folder);
}

// nullopt: there is no such file. `is_ours`: in our folder; a credential's mode is systemd's
// affair.
Result<std::optional<Secret>> read(const std::filesystem::path& path, bool is_ours = true) {
    auto bytes =
        is_ours ? read_own_file(path, kSealKeyBytes) : read_plain_file(path, kSealKeyBytes);
    if (bytes && bytes->size() == kSealKeyBytes) {
        return Secret(std::move(*bytes));
    }
    if (bytes) {
        return std::unexpected(Error(Code::Corrupt,
                                     "The master key file is damaged: it must hold 32 bytes.",
                                     path.string())
                                   .because("master_key_damaged"));
    }
    Error error = bytes.error();
    switch (error.code()) {
        case Code::NotFound:
            return std::nullopt;
        case Code::Forbidden:
            return std::unexpected(std::move(error).because("master_key_exposed"));
        default:
            return std::unexpected(std::move(error).because("master_key_damaged"));
    }
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
    if (::link(path.c_str(), previous.c_str()) != 0) {
        if (errno != EEXIST) {
            return failed("link", previous);
        }
        return std::unexpected(Error(Code::Conflict,
                                     "The key was replaced before and not everything is sealed "
                                     "anew; start the server once.")
                                   .because("rotation_unfinished"));
    }
    return write_own_file(path, new_key(random));
}

Status forget_previous_key(const std::filesystem::path& folder) {
    const std::filesystem::path previous = folder / kPreviousKeyFile;
    if (::unlink(previous.c_str()) != 0 && errno != ENOENT) {
        return failed("unlink", previous);
    }
    return sync_folder(folder);
}

}  // namespace origin::crypto
