// SPDX-License-Identifier: Apache-2.0
// git/odb/wire_numbers: big-endian numbers and ids in a pack's or an index's bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "base/bytes.h"
#include "base/oid.h"

namespace origin::git {

/// The caller has checked that the bytes are there, for all of these.
inline std::uint32_t be32(Bytes bytes, std::uint64_t at) {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return __builtin_bswap32(value);
}

inline std::uint64_t be64(Bytes bytes, std::uint64_t at) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return __builtin_bswap64(value);
}

inline Oid oid_at_byte(Bytes bytes, std::uint64_t at) {
    Oid oid;
    std::memcpy(oid.raw.data(), bytes.data() + at, kOidBytes);
    return oid;
}

inline void put_be32(std::string& out, std::uint32_t value) {
    value = __builtin_bswap32(value);
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

inline void put_be64(std::string& out, std::uint64_t value) {
    value = __builtin_bswap64(value);
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace origin::git
