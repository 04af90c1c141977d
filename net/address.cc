// SPDX-License-Identifier: Apache-2.0
#include "net/address.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/assert.h"

namespace origin::net {

namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

Address mapped(std::span<const std::uint8_t, 4> v4) {
    Address address;
    std::ranges::copy(kMappedPrefix, address.bytes.begin());
    std::ranges::copy(v4, address.bytes.begin() + 12);
    return address;
}

// The block named by a literal of this file.
Cidr block(const char* text) {
    const auto parsed = Cidr::parse(text);
    ORIGIN_ASSERT(parsed);
    return *parsed;
}

// IPv4 blocks that are not globally reachable, in the IANA registry's order.
const std::vector<Cidr>& special_v4() {
    static const std::vector<Cidr> kBlocks = {
        block("0.0.0.0/8"),
        block("10.0.0.0/8"),
        block("100.64.0.0/10"),
        block("127.0.0.0/8"),
        block("169.254.0.0/16"),
        block("172.16.0.0/12"),
        block("192.0.0.0/24"),
        block("192.0.2.0/24"),
        block("192.88.99.0/24"),
        block("192.168.0.0/16"),
        block("198.18.0.0/15"),
        block("198.51.100.0/24"),
        block("203.0.113.0/24"),
        block("224.0.0.0/4"),
        block("240.0.0.0/4"),
    };
    return kBlocks;
}

// IPv6: only 2000::/3 is given out, so these are the exceptions inside it. Teredo (2001::/32),
// ORCHID and benchmarking lie in 2001::/23; 6to4 carries an IPv4 address: refused as a whole.
const std::vector<Cidr>& special_v6() {
    static const std::vector<Cidr> kBlocks = {
        block("2001::/23"), block("2001:db8::/32"), block("2002::/16"), block("3fff::/20")};
    return kBlocks;
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text) {
    if (text.size() > INET6_ADDRSTRLEN) {
        return std::nullopt;
    }
    const std::string terminated(text);
    std::array<std::uint8_t, 4> v4{};
    if (::inet_pton(AF_INET, terminated.c_str(), v4.data()) == 1) {
        return mapped(v4);
    }
    Address address;
    if (::inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) {
        return address;
    }
    return std::nullopt;
}

std::optional<Address> Address::from(const sockaddr& address) {
    if (address.sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address, sizeof v4);
        std::array<std::uint8_t, 4> bytes{};
        std::memcpy(bytes.data(), &v4.sin_addr, bytes.size());
        return mapped(bytes);
    }
    if (address.sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &address, sizeof v6);
        Address result;
        std::memcpy(result.bytes.data(), &v6.sin6_addr, result.bytes.size());
        return result;
    }
    return std::nullopt;
}

bool Address::is_v4() const {
    return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin());
}

std::string Address::str() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (!is_v4()) {
        ::inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
        return text.data();
    }
    // inet_ntop() calls sprintf(), and this is done for every request.
    char* end = text.data();
    for (std::size_t i = kMappedPrefix.size(); i < bytes.size(); ++i) {
        if (i > kMappedPrefix.size()) {
            *end++ = '.';
        }
        end = std::to_chars(end, text.data() + text.size(), bytes.at(i)).ptr;
    }
    return {text.data(), end};
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto base = Address::parse(text.substr(0, slash));
    if (!base) {
        return std::nullopt;
    }
    const unsigned skipped = base->is_v4() ? 96 : 0;
    unsigned bits = 128 - skipped;
    if (slash != std::string_view::npos) {
        const std::string_view number = text.substr(slash + 1);
        const auto [stop, error] =
            std::from_chars(number.data(), number.data() + number.size(), bits);
        if (number.empty() || stop != number.end() || error != std::errc() ||
            bits > 128 - skipped) {
            return std::nullopt;
        }
    }
    return Cidr{*base, bits + skipped};
}

bool Cidr::contains(const Address& address) const {
    const std::size_t whole = bits / 8;
    const unsigned rest = bits % 8;
    if (!std::equal(base.bytes.begin(),
                    base.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                    address.bytes.begin())) {
        return false;
    }
    if (rest == 0) {
        return true;
    }
    const unsigned difference =
        static_cast<unsigned>(base.bytes.at(whole) ^ address.bytes.at(whole));
    return (difference >> (8 - rest)) == 0;
}

bool any_contains(std::span<const Cidr> blocks, const Address& address) {
    return std::ranges::any_of(blocks, [&](const Cidr& b) { return b.contains(address); });
}

bool is_public_address(const Address& address) {
    if (address.is_v4()) {
        return !any_contains(special_v4(), address);
    }
    const bool given_out = (address.bytes[0] & 0xe0U) == 0x20;
    return given_out && !any_contains(special_v6(), address);
}

}  // namespace origin::net
