// SPDX-License-Identifier: Apache-2.0
// git/odb/pack_text: the bytes of a pack, for those who write one. Format: see pack_scan.h.
#pragma once

#include <cstdint>
#include <string>

#include "git/odb/pack.h"

namespace origin::git {

void put_pack_header(std::string& out, std::uint32_t count);
void put_entry_header(std::string& out, EntryKind kind, std::uint64_t size);
/// How far back an OfsDelta's base is. `distance` > 0.
void put_base_distance(std::string& out, std::uint64_t distance);

}  // namespace origin::git
