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

PackFile::PackFile(PackFile&& other) noexcept {
    *this = std::move(other);
}

PackFile& PackFile::operator=(PackFile&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(path_, other.path_);
    std::swap(written_, other.written_);
    std::swap(buffer_, other.buffer_);
    return *this;
}

PackFile::~PackFile() {
    if (file_ >= 0) {
        ::close(file_);
    }
}

Status PackFile::overwrite(std::uint64_t offset, Bytes bytes) {
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
    if (buffer_.size() + bytes.size() > kStepBytes) {
        ORIGIN_CHECK(flush());
    }
    if (bytes.size() > kStepBytes / 2) {
        ORIGIN_CHECK(overwrite(written_, bytes));
        written_ += bytes.size();
        return {};
    }
    buffer_ += text_of(bytes);
    return {};
}

Status PackFile::flush() {
    ORIGIN_CHECK(overwrite(written_, bytes_of(buffer_)));
    written_ += buffer_.size();
    buffer_.clear();
    return {};
}

Status PackFile::rewind_to(std::uint64_t offset) {
    ORIGIN_CHECK(flush());
    written_ = offset;
    return {};
}

Result<MappedFile> PackFile::map() {
    ORIGIN_CHECK(flush());
    return MappedFile::open(path_);
}

}  // namespace origin::git
