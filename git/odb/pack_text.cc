// SPDX-License-Identifier: Apache-2.0
#include "git/odb/pack_text.h"

#include <array>
#include <utility>

#include "git/odb/wire_numbers.h"

namespace origin::git {

void put_pack_header(std::string& out, std::uint32_t count) {
    out += "PACK";
    put_be32(out, 2);
    put_be32(out, count);
}

void put_entry_header(std::string& out, EntryKind kind, std::uint64_t size) {
    auto byte =
        static_cast<unsigned>(std::to_underlying(kind) << 4) | static_cast<unsigned>(size & 15U);
    for (size >>= 4; size > 0; size >>= 7) {
        out += static_cast<char>(byte | 0x80U);
        byte = static_cast<unsigned>(size & 0x7fU);
    }
    out += static_cast<char>(byte);
}

void put_base_distance(std::string& out, std::uint64_t distance) {
    std::array<char, 10> digits{};
    std::size_t at = digits.size();
    digits[--at] = static_cast<char>(distance & 0x7fU);
    while ((distance >>= 7) != 0) {
        --distance;
        digits[--at] = static_cast<char>(0x80U | (distance & 0x7fU));
    }
    out.append(digits.data() + at, digits.size() - at);
}

}  // namespace origin::git
