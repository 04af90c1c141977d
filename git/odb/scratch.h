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
    /// What is kept of a file: descriptors are few.
    enum class Keeps : std::uint8_t { Mapping, DescriptorToo };
    /// Errors: StorageFull; Internal. Limits: above kObjectHeapBytesMax a file in `dir`.
    static Result<Scratch> make(const std::filesystem::path& dir,
                                std::uint64_t size,
                                Keeps keeps = Keeps::Mapping);

    Scratch() = default;
    Scratch(Scratch&& other) noexcept;
    Scratch& operator=(Scratch&& other) noexcept;
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch();

    std::span<char> bytes() { return {data_, size_}; }
    std::string_view text() const { return {data_, size_}; }
    std::size_t heap_bytes() const { return heap_ ? size_ : 0; }
    /// The file's descriptor, if it was to be kept and there is a file; else -1.
    int file() const { return file_; }

private:
    std::unique_ptr<char[]> heap_;
    void* mapped_ = nullptr;
    int file_ = -1;
    char* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace origin::git
