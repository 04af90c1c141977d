// SPDX-License-Identifier: Apache-2.0
// git/odb/pack_file: the file a pack is written to while it comes in or is built. A small one stays
// in memory until it outgrows what it was allowed: most pushes never touch the disk here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/oid.h"
#include "base/result.h"
#include "git/odb/mapped_file.h"
#include "git/odb/quarantine.h"

namespace origin::git {

/// Appends through a buffer. Errors of all functions: StorageFull; Internal.
class PackFile {
public:
    /// Creates the file; it must not exist.
    static Result<PackFile> create(const std::filesystem::path& path);
    /// The file, and its folder, are created only when more than `memory_bytes_max` are
    /// appended, or by spill().
    static PackFile in_memory(const Quarantine& quarantine,
                              const std::filesystem::path& path,
                              std::size_t memory_bytes_max);

    PackFile() = default;
    PackFile(PackFile&& other) noexcept;
    PackFile& operator=(PackFile&& other) noexcept;
    PackFile(const PackFile&) = delete;
    PackFile& operator=(const PackFile&) = delete;
    ~PackFile();

    bool is_open() const { return file_ >= 0 || is_in_memory(); }
    bool is_in_memory() const { return memory_bytes_max_ > 0; }
    std::uint64_t size() const { return written_ + buffer_.size(); }

    Status append(Bytes bytes);
    Status flush();
    /// The next append() goes to `offset`, over what is there. Flushes.
    Status rewind_to(std::uint64_t offset);
    Status overwrite(std::uint64_t offset, Bytes bytes);
    /// Everything written so far, mapped (or copied, if in memory). Flushes.
    Result<MappedFile> map();
    /// Writes what is in memory to the file; from now on everything goes there.
    Status spill();
    /// What is_in_memory(). Nothing is left here.
    std::string take_memory();

private:
    int file_ = -1;
    std::size_t memory_bytes_max_ = 0;  // 0: in the file.
    std::filesystem::path path_;
    std::function<Status()> before_file_;
    std::uint64_t written_ = 0;
    std::string buffer_;
};

}  // namespace origin::git
