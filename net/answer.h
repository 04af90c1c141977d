// SPDX-License-Identifier: Apache-2.0
// net/answer: how a Response looks on the wire: its head, and what frames its body. Pure.
#pragma once

#include <optional>
#include <string>

#include "net/http.h"

namespace origin::net {

/// What of the request and the connection the answer depends on.
struct AnswerFacts {
    bool to_head = false;  // Same headers, no body.
    int version_minor = 1;
    bool keep_alive = true;             // If nothing speaks against it.
    std::optional<UnixMillis> now = 0;  // None: no Date.
};

struct AnswerPlan {
    std::string head;
    bool has_body = false;
    bool chunked = false;  // Each piece of the stream in a chunk of its own.
    bool keep_alive = false;
};

/// The headers as given, then Content-Length or Transfer-Encoding, Date, Server, and Connection
/// where the default would mislead.
///
/// Errors: Internal `unsafe_header`: a name or value that would break out of its line, or a header
///         that is the server's to write. Nothing of such an answer is sent.
Result<AnswerPlan> plan_answer(const Response& response, const AnswerFacts& facts);

/// "1f4\r\n"
std::string chunk_line(std::size_t bytes);

}  // namespace origin::net
