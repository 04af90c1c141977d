// SPDX-License-Identifier: Apache-2.0
#include "git/odb/scratch.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"
#include "git/odb/staged_pack.h"

namespace origin::git {
namespace {

struct Mapped {
    void* at = nullptr;  // nullptr, and errno, if the file system cannot do that.
    int file = -1;
};

/// Reserves the blocks first: writing to a mapped hole on a full disk would end the process.
Mapped map_nameless_file(const std::filesystem::path& dir, std::size_t size) {
    const int file = ::open(dir.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0) {
        return {};
    }
    void* mapped = MAP_FAILED;
    if (::fallocate(file, 0, 0, static_cast<off_t>(size)) == 0) {
        mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    }
    if (mapped != MAP_FAILED) {
        return {mapped, file};
    }
    const int error_number = errno;
    ::close(file);
    errno = error_number;
    return {};
}

}  // namespace

Result<Scratch> Scratch::make(const std::filesystem::path& dir, std::uint64_t size, Keeps keeps) {
    Scratch scratch;
    scratch.size_ = size;
    if (size > kObjectHeapBytesMax) {
        const Mapped mapped = map_nameless_file(dir, size);
        if (mapped.at != nullptr) {
            scratch.mapped_ = mapped.at;
            if (keeps == Keeps::DescriptorToo) {
                scratch.file_ = mapped.file;
            } else {
                ::close(mapped.file);
            }
            scratch.data_ = static_cast<char*>(scratch.mapped_);
            return scratch;
        }
        if (errno != EOPNOTSUPP && errno != EISDIR) {
            return std::unexpected(disk_error("scratch file", errno));
        }
    }
    scratch.heap_ = std::make_unique_for_overwrite<char[]>(size);
    scratch.data_ = scratch.heap_.get();
    return scratch;
}

Scratch::Scratch(Scratch&& other) noexcept {
    *this = std::move(other);
}

Scratch& Scratch::operator=(Scratch&& other) noexcept {
    std::swap(heap_, other.heap_);
    std::swap(mapped_, other.mapped_);
    std::swap(file_, other.file_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

Scratch::~Scratch() {
    if (mapped_ != nullptr) {
        ::munmap(mapped_, size_);
    }
    if (file_ >= 0) {
        ::close(file_);
    }
}

}  // namespace origin::git
