// SPDX-License-Identifier: Apache-2.0
// website/header_rules: a site's `_headers` file.
// In: its text. Out: rules, and notes on the lines that are not obeyed.
// A line that begins with a slash is a path (website/path_pattern.h, with at most one `*`, anywhere
// behind the placeholders); the `Name: value` lines below it are for that path. A name repeated
// below one path: its values are joined by commas. Of several paths that match, a later one
// replaces what an earlier one says of the same name.
// Source: Netlify's documentation of custom headers; netlify-cli's headersForPath for the order.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"
#include "website/path_pattern.h"

namespace origin::website {

inline constexpr std::size_t kHeaderRulesMax = 500;
inline constexpr std::size_t kHeadersOfRuleMax = 50;
inline constexpr std::size_t kHeaderBytesOfRuleMax = 8192;

class HeaderRules {
public:
    struct Parsed;
    static Parsed parse(std::string_view text);

    bool empty() const { return rules_.empty(); }

    /// Sets what is said of `path` (decoded, with its leading slash): a header of the same name is
    /// replaced. Vary is joined instead. Never more than kHeadersOfRuleMax are added.
    void apply(std::string_view path, std::vector<net::Header>& headers) const;

private:
    struct Rule {
        PathPattern path;
        std::vector<net::Header> headers;
        std::size_t bytes = 0;
    };
    static std::string add(Rule& rule, std::string_view line);

    std::vector<Rule> rules_;
};

struct HeaderRules::Parsed {
    HeaderRules headers;
    std::vector<std::string> notes;
};

}  // namespace origin::website
