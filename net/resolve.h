// SPDX-License-Identifier: Apache-2.0
// net/resolve: the addresses of a host that a stranger named, judged before anything is connected.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace origin::net {

/// Every address of the name, once; all of them are public or `allowed`. Connect to these numbers,
/// not to the name: it may lead elsewhere the next time it is asked for.
/// Errors: Forbidden `address_refused`; Unavailable `resolve_failed`. The texts name `host` alone.
/// Blocks: as long as the system's resolver does.
Result<std::vector<Address>> resolve_outbound(const std::string& host,
                                              std::span<const Cidr> allowed);

}  // namespace origin::net
