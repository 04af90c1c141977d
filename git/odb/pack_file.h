// SPDX-License-Identifier: Apache-2.0
// git/odb/pack_file: the file a pack is written to while it comes in or is built.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/bytes.h"
#include "base/oid.h"
#include "base/result.h"
#include "git/odb/mapped_file.h"

namespace origin::git {

/// Appends through a buffer. Errors of all functions: StorageFull; Internal.
class PackFile {
public:
    /// Creates the file; it must not exist.
    static Result<PackFile> create(const std::filesystem::path& path);

    PackFile() = default;
    PackFile(PackFile&& other) noexcept;
    PackFile& operator=(PackFile&& other) noexcept;
    PackFile(const PackFile&) = delete;
    PackFile& operator=(const PackFile&) = delete;
    ~PackFile();

    bool is_open() const { return file_ >= 0; }
    std::uint64_t size() const { return written_ + buffer_.size(); }

    Status append(Bytes bytes);
    Status flush();
    /// The next append() goes to `offset`, over what is there. Flushes.
    Status rewind_to(std::uint64_t offset);
    Status overwrite(std::uint64_t offset, Bytes bytes);
    /// Everything written so far, mapped. Flushes.
    Result<MappedFile> map();

private:
    int file_ = -1;
    std::filesystem::path path_;
    std::uint64_t written_ = 0;
    std::string buffer_;
};

}  // namespace origin::git
