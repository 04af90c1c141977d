// SPDX-License-Identifier: Apache-2.0
// gitssh/first_piece: the first write to a channel, made safe.
#pragma once

#include <string_view>

#include "gitssh/ssh_handles.h"

namespace origin::gitssh {

/// Writes as ssh_channel_write() and ssh_channel_write_stderr() do. A peer that opens a channel for
/// packets of exactly 10 bytes leaves no room in them, and libssh 0.10.6 then makes empty packets
/// for ever, or until its buffer holds 256 MiB; it tells nobody that size, and keeps it for the
/// life of a channel. So the first write of each channel is watched and left when it makes more
/// packets than an honest peer's size can ask for.
/// `piece`: at most kFirstPieceBytes. Returns: bytes written; -1: an error of libssh, or the peer's
/// packets are too small and the session is good for nothing but to be dropped.
int write_first_piece(ssh_channel_struct* channel, std::string_view piece, bool to_stderr);

}  // namespace origin::gitssh
