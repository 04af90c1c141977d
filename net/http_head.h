// SPDX-License-Identifier: Apache-2.0
// net/http_head: the door's own check of a request head, stricter than any library's. Pure.
// In: raw bytes up to and with the empty line. Out: a RequestHead, or the status that refuses it.
//
// Accepted: `METHOD SP /origin-form SP HTTP/1.0 or 1.1 CRLF`, then `token:value CRLF` lines, CRLF.
// Whatever two readers could understand differently is refused, so that nothing can be smuggled:
// folded lines, bare CR or LF, NUL, a space before the colon, two lengths, a length beside
// chunked, any coding but exactly `chunked`, a missing or second Host.
// Source: RFC 9110, RFC 9112 sections 2.2, 3, 5, 6.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string_view>

#include "net/http.h"

namespace origin::net {

struct HeadRefusal {
    int status;
    Error error;
};

struct CheckedHead {
    RequestHead head;
    bool keep_alive = true;
    bool expects_continue = false;
};

/// Looks for the end of the head at the front of `buffered`.
///
/// Returns: the head's size with its empty line; nullopt while it is incomplete. `scanned` is where
///          to go on next time; begin with 0.
/// Errors:  what can be seen at once, so that nobody waits for the end of nonsense (a TLS hello, a
///          bare LF, a NUL): 400; 414 and 431 when it grows above kHttpHeadBytesMax.
std::expected<std::optional<std::size_t>, HeadRefusal> find_head_end(std::string_view buffered,
                                                                     std::size_t& scanned);

/// Errors: 400, 411, 414, 417, 431, 501, 505. `peer` and `secure` are left for the connection.
std::expected<CheckedHead, HeadRefusal> check_head(std::string_view raw);

}  // namespace origin::net
