// SPDX-License-Identifier: Apache-2.0
#include "githttp/conditional.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace origin::githttp {
namespace {

constexpr std::string_view kUnit = "bytes=";

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

/// Decimal digits only; one too large for any file becomes the largest number.
std::optional<std::uint64_t> number_of(std::string_view digits) {
    const bool good =
        !digits.empty() && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
    if (!good) {
        return std::nullopt;
    }
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
    return error == std::errc{} ? number : UINT64_MAX;
}

}  // namespace

bool names_etag(std::string_view header, std::string_view etag) {
    while (!header.empty()) {
        std::string_view item = header.substr(0, header.find(','));
        header.remove_prefix(std::min(header.size(), item.size() + 1));
        item = trimmed(item);
        if (item.starts_with("W/")) {
            item.remove_prefix(2);
        }
        if (item == etag || item == "*") {
            return true;
        }
    }
    return false;
}

RangeWish parse_range(std::string_view header, std::uint64_t size) {
    if (!header.starts_with(kUnit)) {
        return WholeFile{};
    }
    const std::string_view range = trimmed(header.substr(kUnit.size()));
    const std::size_t dash = range.find('-');
    if (dash == std::string_view::npos || range.contains(',')) {
        return WholeFile{};
    }
    const auto first = number_of(range.substr(0, dash));
    const auto last = number_of(range.substr(dash + 1));
    if (dash == 0) {  // The last N bytes.
        if (!last) {
            return WholeFile{};
        }
        if (*last == 0 || size == 0) {
            return NoSuchPart{};
        }
        return FilePart{size - std::min(*last, size), size - 1};
    }
    const bool open = dash + 1 == range.size();
    if (!first || (!last && !open) || (last && *last < *first)) {
        return WholeFile{};
    }
    if (*first >= size) {
        return NoSuchPart{};
    }
    return FilePart{*first, open ? size - 1 : std::min(*last, size - 1)};
}

}  // namespace origin::githttp
