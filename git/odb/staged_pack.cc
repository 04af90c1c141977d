// SPDX-License-Identifier: Apache-2.0
#include "git/odb/staged_pack.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace origin::git {
namespace {

Status sync_path(const std::filesystem::path& path, int flags) {
    const int file = ::open(path.c_str(), flags | O_CLOEXEC);
    if (file < 0) {
        return std::unexpected(disk_error("open to sync " + path.string(), errno));
    }
    const bool is_synced = ::fsync(file) == 0;
    const int error_number = errno;
    ::close(file);
    if (is_synced) {
        return {};
    }
    Error error = disk_error("sync " + path.string(), error_number);
    if (error.code() == Code::StorageFull) {
        return std::unexpected(std::move(error));
    }
    return std::unexpected(std::move(error).because("sync_failed"));
}

Status rename_path(const std::filesystem::path& from, const std::filesystem::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) {
        return std::unexpected(disk_error("rename " + from.string(), errno));
    }
    return {};
}

}  // namespace

Error disk_error(std::string_view doing, int error_number) {
    const std::string log = std::string(doing) + ": " + std::strerror(error_number);
    if (error_number == ENOSPC || error_number == EDQUOT) {
        return {Code::StorageFull, "the server's disk is full", log};
    }
    if (error_number == EMFILE || error_number == ENFILE) {
        return {Code::Unavailable, "the server has too many files open; try again", log};
    }
    return {Code::Internal, "the server could not write to its disk", log};
}

Status write_file(const std::filesystem::path& path, std::string_view bytes) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        return std::unexpected(disk_error("create " + path.string(), errno));
    }
    int error_number = 0;
    while (!bytes.empty() && error_number == 0) {
        const ssize_t written = ::write(file, bytes.data(), bytes.size());
        if (written >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno != EINTR) {
            error_number = errno;
        }
    }
    if (::close(file) != 0 && error_number == 0) {
        error_number = errno;
    }
    if (error_number != 0) {
        return std::unexpected(disk_error("write " + path.string(), error_number));
    }
    return {};
}

StagedPack::StagedPack(std::filesystem::path dir, std::string stem)
    : dir_(std::move(dir)), stem_(std::move(stem)) {}

StagedPack StagedPack::in(const std::filesystem::path& dir) {
    static std::atomic<std::uint64_t> number{0};
    return {dir, "incoming-" + std::to_string(::getpid()) + "-" + std::to_string(++number)};
}

StagedPack::StagedPack(StagedPack&& other) noexcept
    : dir_(std::move(other.dir_)), stem_(std::exchange(other.stem_, {})) {}

StagedPack& StagedPack::operator=(StagedPack&& other) noexcept {
    std::swap(dir_, other.dir_);
    std::swap(stem_, other.stem_);
    return *this;
}

StagedPack::~StagedPack() {
    discard();
}

void StagedPack::discard() noexcept {
    if (stem_.empty()) {
        return;
    }
    ::unlink(pack_path().c_str());
    ::unlink(index_path().c_str());
    stem_.clear();
}

Status StagedPack::write(const Pack& pack) const {
    ORIGIN_CHECK(write_file(pack_path(), text_of(pack.bytes())));
    return write_file(index_path(), text_of(pack.index().bytes()));
}

Status StagedPack::make_durable(const std::filesystem::path& final_dir, const std::string& name) {
    ORIGIN_CHECK(sync_path(pack_path(), O_RDONLY));
    ORIGIN_CHECK(sync_path(index_path(), O_RDONLY));
    ORIGIN_CHECK(rename_path(pack_path(), final_dir / (name + ".pack")));
    ORIGIN_CHECK(rename_path(index_path(), final_dir / (name + ".idx")));
    stem_.clear();
    return sync_path(final_dir, O_RDONLY | O_DIRECTORY);
}

}  // namespace origin::git
