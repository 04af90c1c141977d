// SPDX-License-Identifier: Apache-2.0
// git/odb/delta: an object as copies from, and insertions into, another object.
// Format: base size, result size (7 bits a byte, low first, top bit: more follows); then commands:
// 1xxxxxxx copy: bits 0-3 say which offset bytes follow, bits 4-6 which size bytes (low first; a
// size of 0 means 65536); 0nnnnnnn insert the next n bytes; 00000000 is reserved.
// Source: gitformat-pack(5), "Deltified representation".
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"

namespace origin::git {

/// The longest delta a useful writer makes: all insertions, one command byte in 127.
inline constexpr std::uint64_t kDeltaBytesMax = kBlobBytesMax + kBlobBytesMax / 64 + 64;

/// Two sizes and one command. Git reads no shorter one, not even where the result is empty.
inline constexpr std::uint64_t kDeltaBytesMin = 4;

struct DeltaSizes {
    std::uint64_t base;
    std::uint64_t result;
    std::size_t header_bytes;  // The commands begin here.
};

/// Reads the two sizes off the front of a delta, of which the first 20 bytes are enough.
/// Errors: InvalidInput (bad_delta).
Result<DeltaSizes> parse_delta_sizes(std::string_view delta);

/// Builds the result into `out`, whose size must be what the delta says.
/// Errors: InvalidInput (bad_delta): a size that is not right, a copy from outside the base, a
/// command that is cut off or reserved, a result that is too long or too short.
Status apply_delta(std::string_view base, std::string_view delta, std::span<char> out);

}  // namespace origin::git
