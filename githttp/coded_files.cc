// SPDX-License-Identifier: Apache-2.0
#include "githttp/coded_files.h"

#include <algorithm>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include "crypto/hash.h"
#include "crypto/own_file.h"

namespace origin::githttp {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBlockBytes = 4096;

std::string file_name(website::Coding coding, const Oid& oid) {
    return oid.hex() + "." + std::string(website::name_of(coding));
}

std::string hash_of(std::string_view name, std::string_view coded) {
    crypto::Sha256 hash;
    hash.update(name);
    hash.update(std::string_view("\0", 1));
    hash.update(coded);
    return hash.finish();
}

std::uint64_t cost_of(std::uint64_t bytes) {
    return (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
}

struct Found {
    fs::file_time_type used;
    std::uint64_t cost = 0;
    fs::path path;
};

/// Files that go meanwhile are passed over.
std::vector<Found> list(const fs::path& folder) {
    std::vector<Found> files;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        std::error_code gone;
        const auto bytes = at->file_size(gone);
        const auto used = gone ? fs::file_time_type() : at->last_write_time(gone);
        if (!gone) {
            files.push_back({.used = used, .cost = cost_of(bytes), .path = at->path()});
        }
    }
    return files;
}

std::uint64_t cost_of(const std::vector<Found>& files) {
    std::uint64_t bytes = 0;
    for (const Found& file : files) {
        bytes += file.cost;
    }
    return bytes;
}

}  // namespace

std::optional<std::string> CodedFiles::read(website::Coding coding, const Oid& oid) {
    const std::string name = file_name(coding, oid);
    const fs::path path = folder_ / name;
    auto text = crypto::read_own_file(path, crypto::kSha256Bytes + website::kCodedFileBytesMax);
    if (!text && text.error().code() == Code::NotFound) {
        return std::nullopt;
    }
    std::error_code ignored;
    const std::string_view hash =
        text ? std::string_view(*text).substr(0, crypto::kSha256Bytes) : std::string_view();
    if (hash.empty() || hash_of(name, std::string_view(*text).substr(hash.size())) != hash) {
        fs::remove(path, ignored);
        return std::nullopt;
    }
    ::utimensat(AT_FDCWD, path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);  // It was used now.
    return text->substr(crypto::kSha256Bytes);
}

void CodedFiles::keep(website::Coding coding, const Oid& oid, std::string_view coded) {
    const std::string name = file_name(coding, oid);
    std::string text = hash_of(name, coded);
    text += coded;
    std::error_code error;
    fs::create_directories(folder_, error);
    if (!store::disk_has(folder_, kCodedDiskReserve).value_or(false)) {
        return;
    }
    const std::lock_guard lock(mutex_);
    if (!bytes_) {
        bytes_ = count();
    }
    if (!crypto::write_own_file_unsynced(folder_ / name, text)) {
        return;  // It is made again.
    }
    *bytes_ += cost_of(text.size());
    if (*bytes_ > bytes_max_) {
        bytes_ = trim();
    }
}

std::uint64_t CodedFiles::count() const {
    return cost_of(list(folder_));
}

/// Down to three quarters, so that it is seldom. Returns: what is left.
std::uint64_t CodedFiles::trim() const {
    std::vector<Found> files = list(folder_);
    std::ranges::sort(files, {}, &Found::used);
    std::uint64_t bytes = cost_of(files);
    for (const Found& file : files) {
        if (bytes <= bytes_max_ / 4 * 3) {
            break;
        }
        std::error_code failed;
        fs::remove(file.path, failed);
        bytes -= failed ? 0 : file.cost;
    }
    return bytes;
}

}  // namespace origin::githttp
