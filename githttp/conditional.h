// SPDX-License-Identifier: Apache-2.0
// githttp/conditional: which part of a file a GET wants, if any. Pure.
// Source: RFC 9110, sections 13.1.2 (If-None-Match), 13.1.5 (If-Range), 14.1.2 (Range).
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

namespace origin::githttp {

/// Does `If-None-Match: header` name `etag` (quoted), by weak comparison, or everything (`*`)?
bool names_etag(std::string_view header, std::string_view etag);

struct WholeFile {};
struct FilePart {
    std::uint64_t first = 0;
    std::uint64_t last = 0;  // Inclusive.
};
struct NoSuchPart {};  // 416.
using RangeWish = std::variant<WholeFile, FilePart, NoSuchPart>;

/// A `Range` header on a file of `size` bytes. Absent, malformed, another unit or several ranges:
/// the whole file.
RangeWish parse_range(std::string_view header, std::uint64_t size);

}  // namespace origin::githttp
