// SPDX-License-Identifier: Apache-2.0
#include "website/path_pattern.h"

#include <algorithm>

#include "net/http_text.h"

namespace origin::website {
namespace {

constexpr std::string_view kSplat = "splat";

bool is_name(std::string_view text) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !text.empty() && is_letter(text.front()) && std::ranges::all_of(text, [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9');
    });
}

/// The place of the first placeholder's colon; npos: there is none.
std::size_t find_placeholder(std::string_view text) {
    const std::size_t colon = text.find("/:");
    return colon == std::string_view::npos ? colon : colon + 1;
}

std::string_view without_last_slash(std::string_view path) {
    return path.size() > 1 && path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

}  // namespace

std::expected<PathPattern, std::string> PathPattern::parse(std::string_view text) {
    const auto decoded = net::percent_decode(text);
    if (!text.starts_with('/') || !decoded || decoded->contains('\\') || decoded->contains("//") ||
        text.find_first_of("?#") != std::string_view::npos) {
        return std::unexpected("is no path");
    }
    PathPattern pattern;
    const std::size_t star = decoded->find('*');
    std::string_view head = std::string_view(*decoded).substr(0, star);
    if (star != std::string::npos) {
        pattern.star_ = true;
        pattern.tail_ = decoded->substr(star + 1);
        if (pattern.tail_.contains('*')) {
            return std::unexpected("has more than one '*'");
        }
        if (pattern.tail_.contains("/:")) {
            return std::unexpected("has a placeholder behind its '*'");
        }
    } else {
        head = without_last_slash(head);
    }
    while (!head.empty()) {
        // Behind a literal that ends in a slash there is a colon only if it begins a placeholder.
        const std::size_t colon =
            head.front() == ':' ? 0 : std::min(find_placeholder(head), head.size());
        if (colon > 0) {
            pattern.head_.push_back({std::string(head.substr(0, colon)), false});
            head.remove_prefix(colon);
            continue;
        }
        const std::string_view name = head.substr(1, head.find('/') - 1);
        if (!is_name(name) || name == kSplat || pattern.names(name)) {
            return std::unexpected("has a placeholder without a name of its own");
        }
        pattern.head_.push_back({std::string(name), true});
        head.remove_prefix(1 + name.size());
        if (pattern.head_.size() > 2 * kPlaceholdersMax) {
            return std::unexpected("has more than 16 placeholders");
        }
    }
    return pattern;
}

bool PathPattern::names(std::string_view placeholder) const {
    return (star_ && placeholder == kSplat) || std::ranges::any_of(head_, [&](const Piece& piece) {
               return piece.is_name && piece.text == placeholder;
           });
}

std::optional<std::string_view> PathPattern::match_head(std::string_view path,
                                                        Captures& captures) const {
    for (const Piece& piece : head_) {
        const std::size_t taken = piece.is_name ? std::min(path.find('/'), path.size())
                                  : path.starts_with(piece.text) ? piece.text.size()
                                                                 : 0;
        if (taken == 0) {
            return std::nullopt;
        }
        if (piece.is_name) {
            captures.emplace_back(piece.text, path.substr(0, taken));
        }
        path.remove_prefix(taken);
    }
    return path;
}

std::optional<Captures> PathPattern::match(std::string_view path) const {
    Captures captures;
    if (!star_) {
        const auto rest = match_head(without_last_slash(path), captures);
        return rest && rest->empty() ? std::optional(std::move(captures)) : std::nullopt;
    }
    auto rest = match_head(path, captures);
    const bool is_folder =
        !head_.empty() && !head_.back().is_name && head_.back().text.ends_with('/');
    std::string with_slash;
    if (!rest && is_folder && tail_.empty() && !path.ends_with('/')) {
        captures.clear();
        with_slash = std::string(path) + "/";
        Captures of_copy;
        if (const auto left = match_head(with_slash, of_copy); left && left->empty()) {
            // The same names in `path` itself, which the copy only lengthens.
            for (const auto& [name, value] : of_copy) {
                const auto at = static_cast<std::size_t>(value.data() - with_slash.data());
                captures.emplace_back(name, path.substr(at, value.size()));
            }
            rest = path.substr(path.size());
        }
    }
    if (!rest || !rest->ends_with(tail_)) {
        return std::nullopt;
    }
    rest->remove_suffix(tail_.size());
    captures.emplace_back(kSplat, *rest);
    return captures;
}

}  // namespace origin::website
