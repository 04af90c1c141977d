// SPDX-License-Identifier: Apache-2.0
// net/problem: an Error as an HTTP answer: application/problem+json (RFC 9457).
// In: an Error. Out: {"type":"about:blank","title":...,"status":...,"code":reason,"detail":...}.
#pragma once

#include <string>

#include "net/http.h"

namespace origin::net {

/// Status from door_codes; Retry-After with 503 and 429.
Response problem_response(const Error& error);
/// The same with a status the caller knows better (422, 429, 415 ...).
Response problem_response(int status, const Error& error);

/// "Not Found"; "Unknown" for a number without a name.
std::string_view reason_phrase(int status);

}  // namespace origin::net
