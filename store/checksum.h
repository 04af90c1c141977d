// SPDX-License-Identifier: Apache-2.0
// store/checksum: how a stored value proves that it is itself; LMDB 0.9 has no checksums.
//
// Stored bytes: CRC-32C (4, big-endian), then the value. The checksum covers the table's name, one
// zero byte, the key's length (2, big-endian), the key and the value: a value that turned up under
// another key or in another table is as wrong as one with a changed bit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/store.h"

namespace origin::store {

inline constexpr std::size_t kChecksumBytes = 4;

/// CRC-32C (Castagnoli) of what `before` covers followed by `bytes`. Source: RFC 3720, appendix
/// B.4.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);
/// The same, for a processor without an instruction for it.
std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before = 0);

/// The checksum's four bytes.
std::string checksum(Table table, std::string_view key, std::string_view value);

/// The value inside `stored`, or nullopt if its checksum is wrong. Lifetime: a view into `stored`.
std::optional<std::string_view> verified(Table table,
                                         std::string_view key,
                                         std::string_view stored);

}  // namespace origin::store
