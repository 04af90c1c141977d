// SPDX-License-Identifier: Apache-2.0
#include "base/oid.h"

namespace origin {
namespace {

int digit_of(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

}  // namespace

std::optional<Oid> Oid::from_hex(std::string_view hex) {
    if (hex.size() != kOidHexDigits) {
        return std::nullopt;
    }
    Oid oid;
    for (std::size_t i = 0; i < kOidBytes; ++i) {
        const int high = digit_of(hex[2 * i]);
        const int low = digit_of(hex[2 * i + 1]);
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        oid.raw[i] = static_cast<unsigned char>(high * 16 + low);
    }
    return oid;
}

std::optional<Oid> Oid::from_raw(std::string_view raw) {
    if (raw.size() != kOidBytes) {
        return std::nullopt;
    }
    Oid oid;
    std::memcpy(oid.raw.data(), raw.data(), kOidBytes);
    return oid;
}

std::string Oid::hex() const {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text(kOidHexDigits, '0');
    for (std::size_t i = 0; i < kOidBytes; ++i) {
        text[2 * i] = kDigits[raw[i] >> 4U];
        text[2 * i + 1] = kDigits[raw[i] & 15U];
    }
    return text;
}

}  // namespace origin
