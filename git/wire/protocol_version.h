// SPDX-License-Identifier: Apache-2.0
// git/wire/protocol_version: which protocol a client asks for.
// In: the `Git-Protocol` header or the GIT_PROTOCOL variable: `key[=value]` joined by colons.
#pragma once

#include <cstdint>
#include <string_view>

namespace origin::git {

enum class ProtocolVersion : std::uint8_t { V0, V1, V2 };

/// The highest version named that we know. Unknown keys and versions are ignored; none: V0.
/// A push has no V2: answer it as V0 (advertisement.h does).
/// Source: gitprotocol-v2(5), "Initial Client Request"; gitprotocol-pack(5), "Extra Parameters".
ProtocolVersion parse_protocol_version(std::string_view extra_parameters);

}  // namespace origin::git
