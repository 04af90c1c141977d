// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <array>
#include <cstdio>
#include <cstring>

namespace origin {
namespace {

struct Lead {
    std::size_t bytes;
    char32_t bits;
    char32_t smallest;
};

std::optional<Lead> lead_of(unsigned char first) {
    if (first < 0x80) {
        return Lead{1, first, 0};
    }
    if ((first & 0xE0) == 0xC0) {
        return Lead{2, static_cast<char32_t>(first & 0x1F), 0x80};
    }
    if ((first & 0xF0) == 0xE0) {
        return Lead{3, static_cast<char32_t>(first & 0x0F), 0x800};
    }
    if ((first & 0xF8) == 0xF0) {
        return Lead{4, static_cast<char32_t>(first & 0x07), 0x10000};
    }
    return std::nullopt;
}

/// Eight bytes at a time: most text is nothing else.
void skip_ascii(std::string_view& text) {
    constexpr std::uint64_t kHighBits = 0x8080808080808080;
    std::uint64_t eight = 0;
    while (text.size() >= sizeof(eight)) {
        std::memcpy(&eight, text.data(), sizeof(eight));
        if ((eight & kHighBits) != 0) {
            return;
        }
        text.remove_prefix(sizeof(eight));
    }
}

}  // namespace

std::optional<char32_t> take_code_point(std::string_view& text) {
    if (text.empty()) {
        return std::nullopt;
    }
    const auto lead = lead_of(static_cast<unsigned char>(text[0]));
    if (!lead || text.size() < lead->bytes) {
        return std::nullopt;
    }
    char32_t point = lead->bits;
    for (std::size_t i = 1; i < lead->bytes; ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte & 0xC0) != 0x80) {
            return std::nullopt;
        }
        point = (point << 6) | (byte & 0x3FU);
    }
    if (point < lead->smallest || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
        return std::nullopt;
    }
    text.remove_prefix(lead->bytes);
    return point;
}

bool is_utf8(std::string_view text) {
    while (true) {
        skip_ascii(text);
        if (text.empty()) {
            return true;
        }
        if (!take_code_point(text)) {
            return false;
        }
    }
}

bool is_deceptive(char32_t code_point) {
    return code_point < 0x20 || (code_point >= 0x7F && code_point <= 0x9F) || code_point == 0xAD ||
           code_point == 0x61C || code_point == 0x180E ||
           (code_point >= 0x200B && code_point <= 0x200F) ||
           (code_point >= 0x2028 && code_point <= 0x202E) ||
           (code_point >= 0x2060 && code_point <= 0x206F) || code_point == 0xFEFF ||
           (code_point >= 0xFFF9 && code_point <= 0xFFFB) ||
           (code_point >= 0xE0000 && code_point <= 0xE007F);
}

std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        std::string_view rest = text;
        const auto point = take_code_point(rest);
        const std::size_t bytes = point ? text.size() - rest.size() : 1;
        if (point && !is_deceptive(*point)) {
            out += text.substr(0, bytes);
        } else {
            for (const char c : text.substr(0, bytes)) {
                std::array<char, 8> escape{};
                std::snprintf(
                    escape.data(), escape.size(), "\\x%02x", static_cast<unsigned char>(c));
                out += escape.data();
            }
        }
        text.remove_prefix(bytes);
    }
    return out;
}

}  // namespace origin
