// SPDX-License-Identifier: Apache-2.0
// git/odb/mapped_file: a file's bytes, mapped read-only. Files of the store never shrink or change.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace origin::git {

class MappedFile {
public:
    /// Errors: NotFound; Internal (the system's message is kept in the log).
    static Result<MappedFile> open(const std::filesystem::path& path);
    /// Owned bytes behind the same face, for tests and fuzzing.
    static MappedFile of(std::string bytes);

    MappedFile() = default;
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile();

    Bytes bytes() const;
    std::uint64_t size() const { return bytes().size(); }
    bool is_in_memory() const { return mapped_ == nullptr; }

private:
    void* mapped_ = nullptr;
    std::size_t mapped_bytes_ = 0;
    std::string owned_;
};

}  // namespace origin::git
