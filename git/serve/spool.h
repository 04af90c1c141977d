// SPDX-License-Identifier: Apache-2.0
// git/serve/spool: bytes on their way into a commit, one after another. But for the first few they
// are in files without a name, so that a large commit costs page cache and not memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "git/odb/scratch.h"

namespace origin::git {

class Spool {
public:
    /// `dir`: where the files without a name are; it has to exist by the time bytes come.
    explicit Spool(std::filesystem::path dir) : dir_(std::move(dir)) {}

    /// Errors: StorageFull; Internal.
    Status append(std::string_view bytes);
    std::uint64_t size() const { return size_; }

    /// Some bytes from `offset` on, at most `most`; empty only at the end of all.
    /// Lifetime: the spool's.
    std::string_view at(std::uint64_t offset, std::size_t most);

private:
    std::filesystem::path dir_;
    std::vector<Scratch> blocks_;  // The first is small and on the heap.
    std::uint64_t size_ = 0;
};

}  // namespace origin::git
