// SPDX-License-Identifier: Apache-2.0
// git/wire/protocol_error: how this room says that a peer broke the protocol.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace origin::git {

/// InvalidInput, reason `protocol_error`: "<what>".
std::unexpected<Error> protocol_error(std::string what);

/// The same with what the peer sent, made printable and cut short: "<what>: '<got>'".
std::unexpected<Error> protocol_error(std::string_view what, std::string_view got);

/// LimitExceeded, reason `request_too_large`: "<what> (at most <limit>)".
std::unexpected<Error> past_limit(std::string_view what, std::size_t limit);

}  // namespace origin::git
