// SPDX-License-Identifier: Apache-2.0
// net/body_decoder: a request body out of its framing (Content-Length or chunked). No socket.
// In: bytes behind a checked head. Out: the body's bytes. Beast parses; trailers are dropped.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace origin::net {

class BodyDecoder {
public:
    /// `raw_head` must have passed check_head(): Beast is a second reader, never the first.
    explicit BodyDecoder(std::string_view raw_head);
    BodyDecoder(const BodyDecoder&) = delete;
    BodyDecoder& operator=(const BodyDecoder&) = delete;
    ~BodyDecoder();

    /// Takes what it can off the front of `in` and appends at most `out_bytes_max` to `out`.
    ///
    /// Returns: how many bytes of `in` are used up. 0, and not done(): more bytes are needed.
    /// Errors:  InvalidInput `bad_body_framing`; a chunk line or trailer above 16 KiB is one.
    Result<std::size_t> decode(std::string_view in, std::string& out, std::size_t out_bytes_max);
    bool done() const;

private:
    struct Parser;  // net/body_decoder.cc: all of Beast.
    std::unique_ptr<Parser> parser_;
};

}  // namespace origin::net
