// SPDX-License-Identifier: Apache-2.0
#include "base/id.h"

namespace origin {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr int kBitsPerDigit = 5;
constexpr int kTimeBytes = 6;

}  // namespace

std::string id_digits(const std::array<unsigned char, kIdBytes>& raw) {
    std::string digits(kIdDigits, '0');
    unsigned buffer = 0;
    int bits = 0;
    std::size_t at = kIdDigits;
    for (std::size_t i = kIdBytes; i-- > 0;) {
        buffer |= static_cast<unsigned>(raw[i]) << bits;
        bits += 8;
        while (bits >= kBitsPerDigit) {
            digits[--at] = kAlphabet[buffer & 31U];
            buffer >>= kBitsPerDigit;
            bits -= kBitsPerDigit;
        }
    }
    digits[--at] = kAlphabet[buffer & 31U];
    return digits;
}

std::optional<std::array<unsigned char, kIdBytes>> id_from_digits(std::string_view digits) {
    if (digits.size() != kIdDigits || digits[0] > '7') {  // 130 bits: the first two are zero.
        return std::nullopt;
    }
    std::array<unsigned char, kIdBytes> raw{};
    unsigned buffer = 0;
    int bits = 0;
    std::size_t at = kIdBytes;
    for (std::size_t i = kIdDigits; i-- > 0;) {
        const auto value = kAlphabet.find(digits[i]);
        if (value == std::string_view::npos) {
            return std::nullopt;
        }
        buffer |= static_cast<unsigned>(value) << bits;
        bits += kBitsPerDigit;
        if (bits >= 8 && at > 0) {
            raw[--at] = static_cast<unsigned char>(buffer & 255U);
            buffer >>= 8;
            bits -= 8;
        }
    }
    return raw;
}

std::array<unsigned char, kIdBytes> make_id_bytes(UnixMillis now, Random& random) {
    std::array<unsigned char, kIdBytes> raw{};
    random.fill(std::as_writable_bytes(std::span(raw)));
    for (int i = 0; i < kTimeBytes; ++i) {
        raw[static_cast<std::size_t>(i)] =
            static_cast<unsigned char>((now >> (8 * (kTimeBytes - 1 - i))) & 255);
    }
    return raw;
}

}  // namespace origin
