// SPDX-License-Identifier: Apache-2.0
#include "toml/parse.h"

#include <algorithm>

#include "base/utf8.h"

namespace origin {
namespace {

/// Each dot of a key is a table in a table, and each is taken apart by a call of its own.
constexpr std::ptrdiff_t kDotsMax = 1000;

std::unexpected<Error> refuse(std::size_t line, const std::string& why) {
    return std::unexpected(
        Error(Code::InvalidInput, "line " + std::to_string(line) + ": " + why).because("bad_toml"));
}

std::size_t line_of(std::string_view text, std::size_t at) {
    return 1 + static_cast<std::size_t>(std::ranges::count(text.substr(0, at), '\n'));
}

}  // namespace

Result<toml::table> parse_toml(std::string_view text) {
    // TOML forbids them, and toml++ asserts that it never meets a NUL in a key.
    const auto odd = std::ranges::find_if(text, [](char c) {
        return (c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == '\x7f';
    });
    if (odd != text.end()) {
        return refuse(line_of(text, static_cast<std::size_t>(odd - text.begin())),
                      "has a control character");
    }
    if (std::ranges::count(text, '.') > kDotsMax) {
        return refuse(1, "the file has more than 1000 dots");
    }
    toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
        return refuse(parsed.error().source().begin.line, printable(parsed.error().description()));
    }
    return std::move(parsed).table();
}

}  // namespace origin
