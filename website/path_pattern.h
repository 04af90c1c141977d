// SPDX-License-Identifier: Apache-2.0
// website/path_pattern: which paths a rule is about: "/news/:year/*".
// `:name` as a whole segment stands for one segment, one `*` for anything, slashes too. Matching
// takes time in the length of the path, whatever the pattern.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace origin::website {

inline constexpr std::size_t kPlaceholdersMax = 16;

/// What the placeholders of a pattern stand for in one path: decoded text. `*` is "splat".
using Captures = std::vector<std::pair<std::string_view, std::string_view>>;

class PathPattern {
public:
    /// `text` as in a file: with a leading slash, percent-escapes allowed. Else: what is wrong with
    /// it, for people.
    static std::expected<PathPattern, std::string> parse(std::string_view text);

    /// `path`: decoded, with its leading slash. A slash at its end does not count, but for "/"
    /// alone. `/a/*` matches `/a` too. Lifetime: the captures lie in this and in `path`.
    std::optional<Captures> match(std::string_view path) const;

    bool has_star() const { return star_; }
    const std::string& tail() const { return tail_; }
    bool names(std::string_view placeholder) const;

private:
    struct Piece {
        std::string text;  // Literal bytes, or the name of a placeholder.
        bool is_name = false;
    };
    std::optional<std::string_view> match_head(std::string_view path, Captures& captures) const;

    std::vector<Piece> head_;  // Before the star.
    bool star_ = false;
    std::string tail_;  // Behind the star.
};

}  // namespace origin::website
