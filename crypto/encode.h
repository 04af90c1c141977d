// SPDX-License-Identifier: Apache-2.0
// crypto/encode: bytes as text and back, strictly: each value has exactly one spelling.
//
// base64     RFC 4648 section 4, padded; base64url: section 5, without padding.
// base62     digits 0-9 A-Z a-z, most significant first. Bytes are one big-endian number, written
//            with the fewest digits that hold every number of that many bytes (32 bytes: 43).
// crc32      the one of zip and gzip; as six base62 digits it ends a key, so that a typing error
//            and a scanner's false alarm are seen without a look into the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace origin::crypto {

std::string base64(std::string_view bytes);
/// nullopt: a foreign character, missing or extra padding, or bits behind the end that are not 0.
std::optional<std::string> base64_decode(std::string_view text);

std::string base64url(std::string_view bytes);
std::optional<std::string> base64url_decode(std::string_view text);

/// Lower case.
std::string hex(std::string_view bytes);
/// Either case.
std::optional<std::string> hex_decode(std::string_view text);

std::string base62(std::string_view bytes);
/// The `size` bytes that base62() wrote as `text`.
std::optional<std::string> base62_decode(std::string_view text, std::size_t size);
/// `number` in exactly `digits` digits; it must fit.
std::string base62_number(std::uint64_t number, std::size_t digits);
std::size_t base62_digits(std::size_t bytes);

std::uint32_t crc32(std::string_view bytes);
inline constexpr std::size_t kChecksumDigits = 6;
/// crc32 as six base62 digits.
std::string base62_checksum(std::string_view text);

}  // namespace origin::crypto
