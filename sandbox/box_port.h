// SPDX-License-Identifier: Apache-2.0
// sandbox/box_port: a port of a box that is answered from outside of it. The socket belongs to the
// box's network, which is otherwise empty; who holds it need not.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "sandbox/fd.h"

namespace origin::sandbox {

/// Listens on 127.0.0.1:`port` in the network that `process` (a pidfd) is in. Errors: Unavailable
/// `no_sandbox`. Blocks: for a child that goes there and hands the socket back.
Result<Fd> listen_in(const Fd& process, std::uint16_t port);

}  // namespace origin::sandbox
