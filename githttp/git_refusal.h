// SPDX-License-Identifier: Apache-2.0
// githttp/git_refusal: how smart HTTP answers, and how it says no.
// Header order: Expires, Pragma, Cache-Control, Content-Type: Git's own tests compare it.
#pragma once

#include <chrono>
#include <string_view>

#include "auth/rate_limits.h"
#include "base/error.h"
#include "net/http.h"

namespace origin::githttp {

/// 200 with the three headers that forbid caching, then the type.
net::Response git_response(std::string_view content_type);

/// The error's status and its sentence as text/plain, which Git shows as `remote:`. 401 carries the
/// challenge, 404 has no body, 429 and 503 carry Retry-After.
net::Response git_refusal(const Error& error,
                          std::chrono::seconds retry_after = std::chrono::seconds(1));

/// 429: what was gone over, and when to come back, for people and for programs. Git shows the
/// sentence of a refused `info/refs`; the refusal of a POST it shows as a number only.
net::Response git_refusal(const auth::Excess& excess);
/// The headers of a 429.
void add_rate_headers(net::Response& response, const auth::Excess& excess);

/// Only a status: 403 for the dumb protocol, 404, ...
net::Response git_refusal(int status);
/// 405.
net::Response method_refusal(std::string_view allowed);

}  // namespace origin::githttp
