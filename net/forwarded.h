// SPDX-License-Identifier: Apache-2.0
// net/forwarded: who asks, when a proxy stands in between.
#pragma once

#include <span>

#include "net/address.h"
#include "net/http.h"

namespace origin::net {

/// Sets `head.peer` and, behind a trusted proxy, `head.secure`. The client is the rightmost address
/// of X-Forwarded-For that is no trusted proxy: what stands left of it, anybody could have written.
void set_peer(RequestHead& head, const Address& connected, std::span<const Cidr> trusted_proxies);

}  // namespace origin::net
