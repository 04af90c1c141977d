// SPDX-License-Identifier: Apache-2.0
// net/http_text: small pure readers of HTTP text: escapes, queries, header values.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace origin::net {

/// "%41b" -> "Ab", once. Errors: InvalidInput `bad_escape`: a broken escape, or a NUL byte.
Result<std::string> percent_decode(std::string_view text);
/// Everything but RFC 3986 unreserved characters as %HH.
std::string percent_encode(std::string_view text);

/// The parameters of a query, in order.
struct Query {
    std::vector<std::pair<std::string, std::string>> items;
    /// The value of a parameter; nullopt if it is absent.
    std::optional<std::string_view> get(std::string_view name) const;
};

/// `a=1&b=x+y`: '+' is a space, a parameter without '=' has an empty value.
/// Errors: InvalidInput: `bad_escape`; `repeated_parameter`; `bad_query` for an empty name, text
///         that is not UTF-8, or more than kQueryParametersMax parameters.
Result<Query> parse_query(std::string_view raw);

/// No CR, LF or NUL, nor another control but tab: what may stand in a header's value.
bool header_value_is_safe(std::string_view value);
/// RFC 9110 token: what may be a header's name.
bool is_token(std::string_view text);
/// ASCII letters only, as everywhere in HTTP.
constexpr char lower_case(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
std::string lower_case(std::string_view text);
/// Here, not behind a call: every header is compared with many names, most of another length.
constexpr bool same_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return lower_case(x) == lower_case(y); });
}

/// A date in one of HTTP's three spellings; nullopt: none of them. The way back: base's http_date.
/// Source: RFC 9110, section 5.6.7.
std::optional<UnixMillis> read_http_date(std::string_view text);

}  // namespace origin::net
