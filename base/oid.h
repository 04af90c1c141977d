// SPDX-License-Identifier: Apache-2.0
// base/oid: a Git object id (SHA-1): 20 raw bytes, 40 lower-case hex digits.
#pragma once

#include <array>
#include <compare>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace origin {

inline constexpr std::size_t kOidBytes = 20;
inline constexpr std::size_t kOidHexDigits = 40;

struct Oid {
    std::array<unsigned char, kOidBytes> raw{};

    /// Exactly 40 hex digits (either case), else nullopt.
    static std::optional<Oid> from_hex(std::string_view hex);
    /// Exactly 20 bytes, else nullopt.
    static std::optional<Oid> from_raw(std::string_view raw);

    std::string hex() const;
    std::string_view view() const { return {reinterpret_cast<const char*>(raw.data()), kOidBytes}; }
    /// The id of forty zeros: "no object" in ref updates.
    bool is_zero() const { return *this == Oid{}; }

    friend auto operator<=>(const Oid&, const Oid&) = default;
};

struct OidHash {
    std::size_t operator()(const Oid& oid) const noexcept {
        std::size_t head = 0;
        std::memcpy(&head, oid.raw.data(), sizeof head);  // Already uniformly distributed.
        return head;
    }
};

}  // namespace origin
