// SPDX-License-Identifier: Apache-2.0
// githttp/large_blob: a large file of a site, inflated once into a file without a name, for all who
// ask for it: their memory is page cache, which the kernel takes back.
// In: a blob's reader. Out: its bytes at any place, as far as it has been inflated.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "git/odb/blob_reader.h"
#include "git/odb/scratch.h"
#include "net/http.h"

namespace origin::githttp {

/// Below this a file is copied when it is sent: one that is not costs a descriptor.
inline constexpr std::uint64_t kSentFromFileBytesMin = 8ULL * 1024 * 1024;

/// Thread-safe.
class LargeBlob {
public:
    /// Errors: StorageFull, Internal: no room for the file.
    static Result<std::shared_ptr<LargeBlob>> make(git::BlobReader reader,
                                                   const std::filesystem::path& folder);

    std::uint64_t size_bytes() const { return size_; }

    /// Appends bytes from `at` on, at most `most`; none, if it has not been inflated that far: then
    /// the call took it one step further. Errors: Corrupt. Blocks: a step, or another's step.
    Status read(std::string& out, std::uint64_t at, std::size_t most);

    /// A part of the file, to be sent from where it lies, if all of it is in memory now; empty if
    /// not. Lifetime: this. Costs a system call; does not read the disk.
    std::string_view resident(std::uint64_t first, std::uint64_t bytes);
    /// The open file in which the bytes lie at their own places; -1: it has none.
    int file() const { return file_.file(); }

private:
    LargeBlob(git::BlobReader reader, git::Scratch file)
        : size_(reader.size_bytes()), file_(std::move(file)), reader_(std::move(reader)) {}
    Status inflate();

    const std::uint64_t size_;
    git::Scratch file_;
    std::mutex mutex_;
    std::optional<git::BlobReader> reader_;  // None: it has been read to its end.
    std::uint64_t ready_ = 0;                // Bytes of file_ that are there.
};

/// A part of a large blob as an answer's stream.
class LargeBlobSource final : public net::BodySource {
public:
    LargeBlobSource(std::shared_ptr<LargeBlob> blob, std::uint64_t first, std::uint64_t bytes)
        : blob_(std::move(blob)), at_(first), end_(first + bytes) {}
    Result<State> step(std::string& out) override;

private:
    std::shared_ptr<LargeBlob> blob_;
    std::uint64_t at_;
    const std::uint64_t end_;
};

}  // namespace origin::githttp
