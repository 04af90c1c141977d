// SPDX-License-Identifier: Apache-2.0
#include "crypto/encode.h"

#include <array>
#include <cmath>
#include <vector>

#include "base/assert.h"

namespace origin::crypto {

namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kBase62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kHex = "0123456789abcdef";

unsigned byte_of(char c) {
    return static_cast<unsigned char>(c);
}

// Value of each character in an alphabet; -1 for the others.
constexpr std::array<int, 256> values_of(std::string_view alphabet) {
    std::array<int, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        values[static_cast<unsigned char>(alphabet[i])] = static_cast<int>(i);
    }
    return values;
}

std::string encode64(std::string_view bytes, std::string_view alphabet) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    unsigned bits = 0;
    unsigned held = 0;
    for (const char c : bytes) {
        bits = (bits << 8U) | byte_of(c);
        held += 8;
        while (held >= 6) {
            held -= 6;
            text.push_back(alphabet[(bits >> held) & 63U]);
        }
        bits &= (1U << held) - 1;
    }
    if (held > 0) {
        text.push_back(alphabet[(bits << (6 - held)) & 63U]);
    }
    return text;
}

// Without padding.
std::optional<std::string> decode64(std::string_view text, const std::array<int, 256>& values) {
    if (text.size() % 4 == 1) {
        return std::nullopt;
    }
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    unsigned bits = 0;
    unsigned held = 0;
    for (const char c : text) {
        const int value = values[byte_of(c)];
        if (value < 0) {
            return std::nullopt;
        }
        bits = (bits << 6U) | static_cast<unsigned>(value);
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes.push_back(static_cast<char>((bits >> held) & 255U));
            bits &= (1U << held) - 1;
        }
    }
    return bits == 0 ? std::optional(bytes) : std::nullopt;
}

}  // namespace

std::string base64(std::string_view bytes) {
    std::string text = encode64(bytes, kBase64);
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
    static constexpr auto kValues = values_of(kBase64);
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) {
        text.remove_suffix(1);
    }
    return decode64(text, kValues);
}

std::string base64url(std::string_view bytes) {
    return encode64(bytes, kBase64Url);
}

std::optional<std::string> base64url_decode(std::string_view text) {
    static constexpr auto kValues = values_of(kBase64Url);
    return decode64(text, kValues);
}

std::string hex(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        text.push_back(kHex[byte_of(c) >> 4U]);
        text.push_back(kHex[byte_of(c) & 15U]);
    }
    return text;
}

std::optional<std::string> hex_decode(std::string_view text) {
    static constexpr auto kValues = [] {
        auto values = values_of(kHex);
        for (unsigned i = 0; i < 6; ++i) {
            values['A' + i] = static_cast<int>(10 + i);
        }
        return values;
    }();
    if (text.size() % 2 != 0) {
        return std::nullopt;
    }
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = kValues[byte_of(text[i])];
        const int low = kValues[byte_of(text[i + 1])];
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        bytes.push_back(static_cast<char>(high * 16 + low));
    }
    return bytes;
}

std::size_t base62_digits(std::size_t bytes) {
    return static_cast<std::size_t>(std::ceil(static_cast<double>(bytes) * 8 / std::log2(62.0)));
}

std::string base62(std::string_view bytes) {
    std::vector<unsigned> number(bytes.size());  // Base 256, most significant first.
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        number[i] = byte_of(bytes[i]);
    }
    std::string text(base62_digits(bytes.size()), '0');
    for (std::size_t digit = text.size(); digit-- > 0;) {
        unsigned rest = 0;
        for (unsigned& part : number) {
            const unsigned value = rest * 256 + part;
            part = value / 62;
            rest = value % 62;
        }
        text[digit] = kBase62[rest];
    }
    return text;
}

std::optional<std::string> base62_decode(std::string_view text, std::size_t size) {
    static constexpr auto kValues = values_of(kBase62);
    if (text.size() != base62_digits(size)) {
        return std::nullopt;
    }
    std::string bytes(size, '\0');
    for (const char c : text) {
        const int value = kValues[byte_of(c)];
        if (value < 0) {
            return std::nullopt;
        }
        auto carry = static_cast<unsigned>(value);
        for (std::size_t i = size; i-- > 0;) {
            const unsigned part = byte_of(bytes[i]) * 62 + carry;
            bytes[i] = static_cast<char>(part & 255U);
            carry = part >> 8U;
        }
        if (carry != 0) {
            return std::nullopt;  // More than `size` bytes hold.
        }
    }
    return bytes;
}

std::string base62_number(std::uint64_t number, std::size_t digits) {
    std::string text(digits, '0');
    for (std::size_t digit = digits; digit-- > 0;) {
        text[digit] = kBase62[number % 62];
        number /= 62;
    }
    ORIGIN_ASSERT(number == 0);
    return text;
}

std::uint32_t crc32(std::string_view bytes) {
    static constexpr auto kTable = [] {
        std::array<std::uint32_t, 256> table{};
        for (std::uint32_t i = 0; i < table.size(); ++i) {
            std::uint32_t value = i;
            for (int bit = 0; bit < 8; ++bit) {
                value = (value >> 1U) ^ ((value & 1U) != 0 ? 0xEDB88320U : 0U);
            }
            table[i] = value;
        }
        return table;
    }();
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const char c : bytes) {
        crc = kTable[(crc ^ byte_of(c)) & 255U] ^ (crc >> 8U);
    }
    return ~crc;
}

std::string base62_checksum(std::string_view text) {
    return base62_number(crc32(text), kChecksumDigits);
}

}  // namespace origin::crypto
