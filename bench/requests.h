// SPDX-License-Identifier: Apache-2.0
// bench/requests: a file of recorded HTTP requests, ready to be sent as they are.
//
// Format: each request is a line "request <bytes>\n", then that many bytes: request line, headers,
// body. Where a request holds the nine bytes `@COUNTER@`, each sending of it puts a number there,
// nine digits with leading zeros, so that lengths stay true.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace origin::bench {

struct Request {
    std::string bytes;
    std::vector<std::size_t> counters;  // Where in `bytes` the number goes.

    void set_counter(std::uint64_t number);
};

/// Errors: InvalidInput: not in the format above.
Result<std::vector<Request>> parse_requests(std::string_view text);

/// Errors: NotFound: no such file; those of parse_requests.
Result<std::vector<Request>> read_requests(const std::string& path);

}  // namespace origin::bench
