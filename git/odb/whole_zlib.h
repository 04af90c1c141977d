// SPDX-License-Identifier: Apache-2.0
// git/odb/whole_zlib: zlib streams of what is in memory as a whole, both directions, by libdeflate
// in about half of zlib's time. What comes or goes in pieces: zlib_stream.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

struct libdeflate_compressor;

namespace origin::git {

/// One whole stream after another; reuse saves the set-up of each.
class WholeDeflater {
public:
    /// `level`: 0 to 12; 1 is the fastest that compresses.
    explicit WholeDeflater(int level);

    /// Appends the whole stream of `data` to `out`.
    void append(std::string_view data, std::string& out) const;

private:
    struct Free {
        void operator()(libdeflate_compressor* compressor) const;
    };
    std::unique_ptr<libdeflate_compressor, Free> compressor_;
};

/// A whole zlib stream. `level`: as WholeDeflater's.
std::string deflate_all(std::string_view data, int level);

/// Inflates a whole stream that must give exactly `out.size()` bytes; what follows it in `in` is
/// ignored. Takes every stream that zlib takes, and a few that zlib refuses: what a peer sent was
/// judged by the Inflater of PackScan before. Errors: InvalidInput (bad_zlib, bad_object_size).
Status inflate_exactly(Bytes in, std::span<char> out);

/// The CRC-32 that pack indexes hold of an entry.
std::uint32_t crc32_of(std::string_view bytes);

}  // namespace origin::git
