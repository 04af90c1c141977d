// SPDX-License-Identifier: Apache-2.0
#include "git/odb/mapped_file.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace origin::git {
namespace {

Error open_error(const std::filesystem::path& path, int error_number) {
    const std::string log = "open " + path.string() + ": " + std::strerror(error_number);
    if (error_number == EMFILE || error_number == ENFILE) {
        return {Code::Unavailable, "the server has too many files open; try again", log};
    }
    const Code code = error_number == ENOENT ? Code::NotFound : Code::Internal;
    return {code, "a stored file cannot be read", log};
}

struct Descriptor {
    explicit Descriptor(int number) : fd(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int fd;
    ~Descriptor() {
        if (fd >= 0) {
            ::close(fd);
        }
    }
};

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat info{};
    if (file.fd < 0 || ::fstat(file.fd, &info) != 0) {
        return std::unexpected(open_error(path, errno));
    }
    MappedFile result;
    if (info.st_size == 0) {
        return result;
    }
    const auto bytes = static_cast<std::size_t>(info.st_size);
    void* mapped = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file.fd, 0);
    if (mapped == MAP_FAILED) {
        return std::unexpected(open_error(path, errno));
    }
    result.mapped_ = mapped;
    result.mapped_bytes_ = bytes;
    return result;
}

MappedFile MappedFile::of(std::string bytes) {
    MappedFile result;
    result.owned_ = std::move(bytes);
    return result;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : mapped_(std::exchange(other.mapped_, nullptr)),
      mapped_bytes_(std::exchange(other.mapped_bytes_, 0)),
      owned_(std::move(other.owned_)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(mapped_, other.mapped_);
    std::swap(mapped_bytes_, other.mapped_bytes_);
    std::swap(owned_, other.owned_);
    return *this;
}

MappedFile::~MappedFile() {
    if (mapped_ != nullptr) {
        ::munmap(mapped_, mapped_bytes_);
    }
}

Bytes MappedFile::bytes() const {
    if (mapped_ != nullptr) {
        return {static_cast<const std::byte*>(mapped_), mapped_bytes_};
    }
    return bytes_of(owned_);
}

}  // namespace origin::git
