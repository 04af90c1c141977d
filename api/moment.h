// SPDX-License-Identifier: Apache-2.0
// api/moment: a time as a peer writes it: RFC 3339, "2026-11-22T12:34:56Z".
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace origin::api {

/// With or without a fraction of a second; `Z` or an offset like `+02:00`.
/// Errors: InvalidInput `bad_time`.
Result<UnixMillis> parse_moment(std::string_view text);

/// The same, or how long before `now` it was: a number and `s`, `m`, `h` or `d`, "36h".
/// Errors: InvalidInput `bad_time`.
Result<UnixMillis> parse_moment_or_age(std::string_view text, UnixMillis now);

}  // namespace origin::api
