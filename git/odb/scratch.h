// SPDX-License-Identifier: Apache-2.0
// git/odb/scratch: room for one inflated object. Small ones are on the heap; large ones in a file
// without a name, so that a push of large files costs page cache, which the kernel takes back,
// and not memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"

namespace origin::git {

class Scratch {
public:
    /// Errors: StorageFull; Internal. Limits: above kObjectHeapBytesMax a file in `dir`.
    static Result<Scratch> make(const std::filesystem::path& dir, std::uint64_t size);

    Scratch() = default;
    Scratch(Scratch&& other) noexcept;
    Scratch& operator=(Scratch&& other) noexcept;
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch();

    std::span<char> bytes() { return {data_, size_}; }
    std::string_view text() const { return {data_, size_}; }
    std::size_t heap_bytes() const { return heap_ ? size_ : 0; }

private:
    std::unique_ptr<char[]> heap_;
    void* mapped_ = nullptr;
    char* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace origin::git
