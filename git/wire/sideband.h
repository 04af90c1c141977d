// SPDX-License-Identifier: Apache-2.0
// git/wire/sideband: pack, progress and last words multiplexed over pkt-lines.
//   line = length, band (1 byte: 1 data, 2 progress, 3 fatal), at most 995 or 65515 bytes
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace origin::git {

enum class Band : std::uint8_t { Data = 1, Progress = 2, Fatal = 3 };

/// What the client can read. None: the pack comes bare, and there is no room for anything else.
enum class SideBand : std::uint8_t { None, Small, Large };

inline constexpr std::size_t kSmallBandBytesMax = 995;    // side-band: 1000 with header and band.
inline constexpr std::size_t kLargeBandBytesMax = 65515;  // side-band-64k: 65520.

/// Appends `bytes` on `band`, split into as many lines as they need; nothing for no bytes.
/// With SideBand::None data is appended bare, and the other bands are dropped.
void append_band(std::string& out, Band band, Bytes bytes, SideBand width);

/// Appends the empty data line `0005\1`, which tells a waiting client that we are alive.
void append_keep_alive(std::string& out);

/// `text` for a terminal that is not ours: control characters but LF, bidirectional and zero-width
/// characters are dropped, and each byte that is not UTF-8 becomes `?`.
std::string sanitize_progress_text(std::string_view text);

}  // namespace origin::git
