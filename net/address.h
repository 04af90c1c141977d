// SPDX-License-Identifier: Apache-2.0
// net/address: IP addresses as numbers: which are public, and which lie in a block.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace origin::net {

/// An address in 16 bytes; IPv4 as ::ffff:a.b.c.d, so that one comparison serves both families.
struct Address {
    std::array<std::uint8_t, 16> bytes{};

    /// Canonical text only: "192.0.2.1", "2001:db8::1" (no brackets, no zone, no short IPv4).
    static std::optional<Address> parse(std::string_view text);
    /// nullopt for a family other than AF_INET and AF_INET6.
    static std::optional<Address> from(const sockaddr& address);
    bool is_v4() const;
    std::string str() const;
    friend bool operator==(const Address&, const Address&) = default;
};

/// A block of addresses: "10.0.0.0/8", "fd00::/8"; an address alone is a block of one.
struct Cidr {
    Address base;
    unsigned bits = 128;  // Of the 16-byte form.

    static std::optional<Cidr> parse(std::string_view text);
    bool contains(const Address& address) const;
};

inline constexpr Cidr kEveryAddress{{}, 0};  // Of both families.

bool any_contains(std::span<const Cidr> blocks, const Address& address);

/// False for what must not be reached on a stranger's behalf: private, loopback, link-local, shared
/// (100.64/10), benchmark, documentation, multicast and reserved addresses, and those that carry
/// such an IPv4 address inside (mapped, compatible, 6to4, NAT64, Teredo).
/// Source: IANA IPv4 and IPv6 Special-Purpose Address Registries.
bool is_public_address(const Address& address);

}  // namespace origin::net
