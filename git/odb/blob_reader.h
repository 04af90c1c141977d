// SPDX-License-Identifier: Apache-2.0
// git/odb/blob_reader: one blob, read from its front in pieces.
// Memory: a blob that is stored whole is inflated while it is read. One that is stored as a delta
// is built first; above kObjectHeapBytesMax it then waits in a file without a name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/oid.h"
#include "base/result.h"
#include "git/odb/object_store.h"
#include "git/odb/scratch.h"
#include "git/odb/zlib_stream.h"

namespace origin::git {

/// Not thread-safe; calls may come from different threads.
class BlobReader {
public:
    /// Errors: NotFound; InvalidInput (wrong_type); Corrupt.
    static Result<BlobReader> open(ObjectStoreRef objects, const Oid& oid);

    std::uint64_t size_bytes() const { return size_; }
    std::uint64_t left_bytes() const { return size_ - at_; }

    std::size_t heap_bytes() const { return heap_.capacity(); }

    /// Appends the next bytes, at most `most`; none at the end. Errors: Corrupt.
    Status read(std::string& out, std::size_t most);

private:
    explicit BlobReader(ObjectStoreRef objects) : objects_(std::move(objects)) {}
    Status build(const Oid& oid);
    Status inflate(std::string& out, std::size_t count);

    ObjectStoreRef objects_;  // Keeps what `stored_` lies in.
    std::uint64_t size_ = 0;
    std::uint64_t at_ = 0;
    Bytes stored_;  // What is left of its zlib stream.
    std::optional<Inflater> inflater_;
    std::string heap_;
    std::optional<Scratch> file_;
};

}  // namespace origin::git
