// SPDX-License-Identifier: Apache-2.0
#include "git/odb/pack_file.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/limits.h"
#include "git/odb/staged_pack.h"

namespace origin::git {

Result<PackFile> PackFile::create(const std::filesystem::path& path) {
    PackFile result;
    result.path_ = path;
    result.file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (result.file_ < 0) {
        return std::unexpected(disk_error("create " + path.string(), errno));
    }
    return result;
}

PackFile PackFile::in_memory(const Quarantine& quarantine,
                             const std::filesystem::path& path,
                             std::size_t memory_bytes_max) {
    PackFile result;
    result.path_ = path;
    result.before_file_ = quarantine.before_file;
    result.memory_bytes_max_ = memory_bytes_max;
    return result;
}

PackFile::PackFile(PackFile&& other) noexcept {
    *this = std::move(other);
}

PackFile& PackFile::operator=(PackFile&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(memory_bytes_max_, other.memory_bytes_max_);
    std::swap(path_, other.path_);
    std::swap(before_file_, other.before_file_);
    std::swap(written_, other.written_);
    std::swap(buffer_, other.buffer_);
    return *this;
}

PackFile::~PackFile() {
    if (file_ >= 0) {
        ::close(file_);
    }
}

Status PackFile::spill() {
    if (!is_in_memory()) {
        return {};
    }
    if (before_file_) {
        ORIGIN_CHECK(before_file_());
    }
    std::error_code error;  // If it cannot be made, create() says so.
    std::filesystem::create_directories(path_.parent_path(), error);
    ORIGIN_TRY(file, create(path_));
    file.buffer_ = std::move(buffer_);
    *this = std::move(file);
    return flush();
}

std::string PackFile::take_memory() {
    memory_bytes_max_ = 0;
    return std::exchange(buffer_, {});
}

Status PackFile::overwrite(std::uint64_t offset, Bytes bytes) {
    if (is_in_memory()) {
        buffer_.replace(offset, bytes.size(), text_of(bytes));
        return {};
    }
    while (!bytes.empty()) {
        const ssize_t written =
            ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return std::unexpected(disk_error("write " + path_.string(), errno));
        }
        bytes = bytes.subspan(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
    return {};
}

Status PackFile::append(Bytes bytes) {
    if (is_in_memory()) {
        if (buffer_.size() + bytes.size() <= memory_bytes_max_) {
            buffer_ += text_of(bytes);
            return {};
        }
        ORIGIN_CHECK(spill());
    }
    const bool is_large = bytes.size() > kStepBytes / 2;
    if (is_large || buffer_.size() + bytes.size() > kStepBytes) {
        ORIGIN_CHECK(flush());  // What came before goes before.
    }
    if (is_large) {
        ORIGIN_CHECK(overwrite(written_, bytes));
        written_ += bytes.size();
        return {};
    }
    buffer_ += text_of(bytes);
    return {};
}

Status PackFile::flush() {
    if (is_in_memory()) {
        return {};
    }
    ORIGIN_CHECK(overwrite(written_, bytes_of(buffer_)));
    written_ += buffer_.size();
    buffer_.clear();
    return {};
}

Status PackFile::rewind_to(std::uint64_t offset) {
    if (is_in_memory()) {
        buffer_.resize(offset);
        return {};
    }
    ORIGIN_CHECK(flush());
    written_ = offset;
    return {};
}

Result<MappedFile> PackFile::map() {
    if (is_in_memory()) {
        return MappedFile::of(buffer_);
    }
    ORIGIN_CHECK(flush());
    return MappedFile::open(path_);
}

}  // namespace origin::git
