// SPDX-License-Identifier: Apache-2.0
#include "net/http_text.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "base/limits.h"
#include "base/utf8.h"

namespace origin::net {

namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char small = lower_case(c);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

constexpr bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (lower_case(c) >= 'a' && lower_case(c) <= 'z');
}

/// For each byte: may it stand in a token? RFC 9110 section 5.6.2.
constexpr std::array<bool, 256> token_characters() {
    std::array<bool, 256> is{};
    for (int byte = 0; byte < 128; ++byte) {
        const char c = static_cast<char>(byte);
        is[static_cast<std::size_t>(byte)] =
            is_alphanumeric(c) || std::string_view("!#$%&'*+-.^_`|~").contains(c);
    }
    return is;
}

std::unexpected<Error> refused(std::string_view reason, std::string_view sentence) {
    return std::unexpected(
        Error(Code::InvalidInput, std::string(sentence)).because(std::string(reason)));
}

Result<std::string> decode_form(std::string_view text) {
    std::string spaced(text);
    std::ranges::replace(spaced, '+', ' ');
    ORIGIN_TRY(decoded, percent_decode(spaced));
    if (!is_utf8(decoded)) {
        return refused("bad_query", "The query is not UTF-8.");
    }
    return std::move(decoded);
}

}  // namespace

Result<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return refused("bad_escape", "The URL contains a broken percent escape.");
            }
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        if (c == '\0') {
            return refused("bad_escape", "The URL contains a NUL byte.");
        }
        decoded.push_back(c);
    }
    return decoded;
}

std::string percent_encode(std::string_view text) {
    static constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        if (is_alphanumeric(c) || std::string_view("-._~").contains(c)) {
            encoded.push_back(c);
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded.push_back('%');
        encoded.push_back(kDigits[byte >> 4U]);
        encoded.push_back(kDigits[byte & 15U]);
    }
    return encoded;
}

std::optional<std::string_view> Query::get(std::string_view name) const {
    const auto found = std::ranges::find(items, name, &std::pair<std::string, std::string>::first);
    return found == items.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

Result<Query> parse_query(std::string_view raw) {
    Query query;
    while (!raw.empty()) {
        const std::string_view item = raw.substr(0, raw.find('&'));
        raw.remove_prefix(std::min(raw.size(), item.size() + 1));
        if (item.empty()) {
            continue;
        }
        const std::size_t equals = std::min(item.find('='), item.size());
        ORIGIN_TRY(name, decode_form(item.substr(0, equals)));
        ORIGIN_TRY(value, decode_form(item.substr(std::min(equals + 1, item.size()))));
        if (name.empty()) {
            return refused("bad_query", "A query parameter has no name.");
        }
        if (query.get(name)) {
            return refused("repeated_parameter", "A query parameter is given twice.");
        }
        if (query.items.size() == kQueryParametersMax) {
            return refused("bad_query", "The query has too many parameters.");
        }
        query.items.emplace_back(std::move(name), std::move(value));
    }
    return query;
}

bool header_value_is_safe(std::string_view value) {
    // Without a way out of the loop, so that several bytes are looked at at once.
    unsigned char unsafe = 0;
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        unsafe |= static_cast<unsigned char>((byte < 0x20 && c != '\t') || byte == 0x7f);
    }
    return unsafe == 0;
}

bool is_token(std::string_view text) {
    static constexpr std::array<bool, 256> kIs = token_characters();
    return !text.empty() &&
           std::ranges::all_of(text, [](char c) { return kIs[static_cast<unsigned char>(c)]; });
}

std::string lower_case(std::string_view text) {
    std::string lowered(text);
    std::ranges::transform(lowered, lowered.begin(), [](char c) { return lower_case(c); });
    return lowered;
}

std::optional<UnixMillis> read_http_date(std::string_view text) {
    constexpr std::size_t kLongest = 40;
    if (text.size() > kLongest) {
        return std::nullopt;
    }
    const std::string owned(text);
    for (const char* form :
         {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
        std::tm parts{};
        const char* end = ::strptime(owned.c_str(), form, &parts);
        if (end != nullptr && *end == '\0') {
            return static_cast<UnixMillis>(::timegm(&parts)) * 1000;
        }
    }
    return std::nullopt;
}

}  // namespace origin::net
