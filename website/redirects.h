// SPDX-License-Identifier: Apache-2.0
// website/redirects: a site's `_redirects` file.
// In: its text. Out: rules, and notes on the lines that are not obeyed.
// A line: FROM [KEY=VALUE ...] TO [STATUS[!]], words apart by blanks; `#` begins a comment.
//   FROM    a path (website/path_pattern.h) whose `*` is its last character
//   KEY=VALUE  a parameter that the query must have: a value, or `:name` for any
//   TO      a path, or the URL of another host (3xx only), in which `:name` and `:splat` are
//           replaced; never in the host
//   STATUS  200 and 404 answer with TO's file, 301 (default) 302 303 307 308 redirect; `!`: also
//           where FROM is a file
// Rules are tried from the top; one without `!` only where there is no file. Refused, with a note:
// rules for a country, a language, a role or a cookie; files of another host (200 to a URL); rules
// for another host (FROM is a URL).
// Source: Netlify's documentation of redirects, and of redirect options.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "website/path_pattern.h"

namespace origin::website {

inline constexpr std::size_t kRedirectsMax = 2000;
inline constexpr std::size_t kRedirectParametersMax = 8;
inline constexpr std::size_t kRedirectTargetBytesMax = 8192;  // Once it is filled in.

/// What a request is to get instead.
struct Redirection {
    int status = 301;
    /// 3xx: the value of Location. 200, 404: a path with escapes, whose file is the answer.
    std::string target;

    bool is_rewrite() const { return status == 200 || status == 404; }
};

struct Asked {
    std::string_view path;   // Decoded, with its leading slash.
    std::string_view query;  // Raw, without '?'.
};

class Redirects {
public:
    struct Parsed;
    static Parsed parse(std::string_view text);

    bool empty() const { return rules_.empty(); }
    std::size_t size() const { return rules_.size(); }

    /// The first rule for this; `is_file`: only of those with a `!`. A rule that would redirect to
    /// the very path that was asked for is passed over.
    std::optional<Redirection> find(const Asked& asked, bool is_file) const;

private:
    struct Parameter {
        std::string key;
        std::string value;  // Or the placeholder's name.
        bool is_name = false;
    };
    struct Rule {
        PathPattern from;
        std::vector<Parameter> parameters;
        std::string to;
        int status = 301;
        bool force = false;
    };
    static std::optional<std::string> read(std::string_view line, Redirects& into);
    static std::optional<std::string> read_to(Rule& rule, std::string_view to);
    static std::optional<Redirection> apply(const Rule& rule,
                                            const Asked& asked,
                                            const Captures& captures);

    std::vector<Rule> rules_;
};

struct Redirects::Parsed {
    Redirects redirects;
    std::vector<std::string> notes;
};

}  // namespace origin::website
