// SPDX-License-Identifier: Apache-2.0
#include "website/redirects.h"

#include <algorithm>
#include <array>
#include <utility>

#include "net/http_text.h"
#include "website/lines.h"

namespace origin::website {
namespace {

constexpr std::array<std::string_view, 7> kStatuses = {
    "200", "301", "302", "303", "307", "308", "404"};
constexpr std::array<int, 7> kStatusNumbers = {200, 301, 302, 303, 307, 308, 404};
constexpr std::string_view kPathCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/%";

bool is_url(std::string_view text) {
    return text.starts_with("http://") || text.starts_with("https://");
}

bool is_status(std::string_view word) {
    constexpr std::size_t kDigits = 3;
    return word.size() >= kDigits &&
           word.substr(0, kDigits).find_first_not_of("0123456789") == std::string_view::npos;
}

/// Where the path of a URL begins; its size if it has none.
std::size_t path_of(std::string_view url) {
    const std::size_t host = url.find("://") + 3;
    return std::min(url.find_first_of("/?#", host), url.size());
}

/// "example.com", "example.com:8080".
bool is_host(std::string_view authority) {
    constexpr std::string_view kHost =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    const std::string_view name = authority.substr(0, colon);
    const std::string_view port = authority.substr(std::min(colon + 1, authority.size()));
    return !name.empty() && name.find_first_not_of(kHost) == std::string_view::npos &&
           port.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Calls `literal` and `name` for the parts of a TO. A colon before a digit or alone is a colon.
template <class Literal, class Name>
void walk_placeholders(std::string_view to, const Literal& literal, const Name& name) {
    while (!to.empty()) {
        const std::size_t colon = std::min(to.find(':'), to.size());
        literal(to.substr(0, colon));
        to.remove_prefix(colon);
        if (to.empty()) {
            return;
        }
        std::size_t end = 1;
        while (end < to.size() && is_name_character(to[end])) {
            ++end;
        }
        const bool named = end > 1 && !(to[1] >= '0' && to[1] <= '9');
        if (named) {
            name(to.substr(1, end - 1));
        } else {
            literal(to.substr(0, end));
        }
        to.remove_prefix(end);
    }
}

/// Everything that may not stand in a URL's path as %HH.
std::string escape_path(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string escaped;
    for (const char c : text) {
        if (kPathCharacters.contains(c) && c != '%') {
            escaped += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            escaped += '%';
            escaped += kHex[byte >> 4U];
            escaped += kHex[byte & 15U];
        }
    }
    return escaped;
}

/// The same for text that has its escapes already.
std::string escape_rest(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (kPathCharacters.contains(c) || c == '?' || c == '#') {
            escaped += c;
        } else {
            escaped += escape_path({&c, 1});
        }
    }
    return escaped;
}

std::optional<std::string_view> value_of(const Captures& captures, std::string_view name) {
    const auto found = std::ranges::find(captures, name, &Captures::value_type::first);
    return found == captures.end() ? std::nullopt : std::optional(found->second);
}

/// Would a browser take this for another host?
bool leaves_host(std::string_view path) {
    return !path.starts_with('/') || path.starts_with("//") || path.contains('\\');
}

std::string_view path_part(std::string_view target) {
    return target.substr(0, target.find_first_of("?#"));
}

}  // namespace

Redirects::Parsed Redirects::parse(std::string_view text) {
    Notes notes("_redirects");
    Redirects redirects;
    for (const Line& line : lines_of(text, notes)) {
        if (redirects.rules_.size() == kRedirectsMax) {
            notes.add(line.number, "there are more than 2,000 rules; the rest are ignored");
            break;
        }
        if (const auto wrong = read(line.text, redirects)) {
            notes.add(line.number, *wrong);
        }
    }
    return {std::move(redirects), notes.take()};
}

std::optional<std::string> Redirects::read(std::string_view line, Redirects& into) {
    const std::string_view from = take_word(line);
    if (is_url(from)) {
        return "rules for one host name are not supported: " + shown(from);
    }
    auto pattern = PathPattern::parse(from);
    if (!pattern) {
        return shown(from) + " " + pattern.error();
    }
    if (!pattern->tail().empty()) {
        return "'*' may only be the last character of the path: " + shown(from);
    }
    Rule rule{.from = std::move(*pattern), .parameters = {}, .to = {}};
    std::string_view word = take_word(line);
    for (; !word.empty() && !word.starts_with('/') && !is_url(word); word = take_word(line)) {
        const std::size_t sign = word.find('=');
        if (sign == std::string_view::npos || sign == 0) {
            return "this is no target: " + shown(word);
        }
        const std::string_view value = word.substr(sign + 1);
        const bool is_name = value.size() > 1 && value.starts_with(':');
        rule.parameters.push_back({std::string(word.substr(0, sign)),
                                   std::string(is_name ? value.substr(1) : value),
                                   is_name});
        if (rule.parameters.size() > kRedirectParametersMax) {
            return std::string("it has more than 8 query parameters");
        }
    }
    const std::string_view to = word;
    word = take_word(line);
    if (is_status(word)) {
        rule.force = word.ends_with('!');
        const std::string_view number = word.substr(0, word.size() - (rule.force ? 1 : 0));
        const auto known = std::ranges::find(kStatuses, number);
        if (known == kStatuses.end()) {
            return "the status must be 200, 301, 302, 303, 307, 308 or 404: " + shown(word);
        }
        rule.status = kStatusNumbers.at(static_cast<std::size_t>(known - kStatuses.begin()));
        word = take_word(line);
    }
    if (!word.empty() && !word.starts_with('#')) {
        return "conditions (country, language, role, cookie) are not supported: " + shown(word);
    }
    if (auto wrong = read_to(rule, to)) {
        return wrong;
    }
    into.rules_.push_back(std::move(rule));
    return std::nullopt;
}

std::optional<std::string> Redirects::read_to(Rule& rule, std::string_view to) {
    if (to.empty()) {
        return std::string("it has no target");
    }
    const bool leaves = is_url(to);
    const std::size_t path = leaves ? path_of(to) : 0;
    if (leaves && (rule.status == 200 || rule.status == 404)) {
        return "files of another host are not fetched: " + shown(to);
    }
    if (leaves && !is_host(to.substr(to.find("://") + 3, path - to.find("://") - 3))) {
        return "this names no host: " + shown(to);
    }
    if (!leaves && leaves_host(to)) {
        return "a target begins with one slash, http:// or https://: " + shown(to);
    }
    bool known = true;
    walk_placeholders(
        to.substr(path),
        [](std::string_view) {},
        [&](std::string_view name) {
            known = known && (rule.from.names(name) ||
                              std::ranges::any_of(rule.parameters, [&](const Parameter& one) {
                                  return one.is_name && one.value == name;
                              }));
        });
    if (!known) {
        return "its target has a placeholder that its path has not: " + shown(to);
    }
    rule.to = std::string(to);
    return std::nullopt;
}

std::optional<Redirection> Redirects::find(const Asked& asked, bool is_file) const {
    std::optional<Result<net::Query>> query;  // Parsed when the first rule wants it.
    for (const Rule& rule : rules_) {
        auto captures = is_file && !rule.force ? std::nullopt : rule.from.match(asked.path);
        if (!captures) {
            continue;
        }
        if (!rule.parameters.empty() && !query) {
            query.emplace(net::parse_query(asked.query));
        }
        const bool has_all = std::ranges::all_of(rule.parameters, [&](const Parameter& one) {
            const auto value = *query ? (*query)->get(one.key) : std::nullopt;
            if (value && one.is_name) {
                captures->emplace_back(one.value, *value);
            }
            return value && (one.is_name || *value == one.value);
        });
        if (!has_all) {
            continue;
        }
        if (auto redirection = apply(rule, asked, *captures)) {
            return redirection;
        }
    }
    return std::nullopt;
}

std::optional<Redirection> Redirects::apply(const Rule& rule,
                                            const Asked& asked,
                                            const Captures& captures) {
    const std::size_t path = is_url(rule.to) ? path_of(rule.to) : 0;
    Redirection made{.status = rule.status, .target = rule.to.substr(0, path)};
    walk_placeholders(
        std::string_view(rule.to).substr(path),
        [&](std::string_view literal) { made.target += escape_rest(literal); },
        [&](std::string_view name) {
            const std::string_view value = value_of(captures, name).value_or("");
            made.target +=
                made.target.contains('?') ? net::percent_encode(value) : escape_path(value);
        });
    if (path == 0 && leaves_host(made.target)) {
        return std::nullopt;  // A captured value made another host of it.
    }
    const std::string own(path_part(made.target));
    if (path == 0 && !made.is_rewrite() && net::percent_decode(own) == std::string(asked.path)) {
        return std::nullopt;
    }
    const bool passes_query = !made.is_rewrite() && rule.parameters.empty() &&
                              !asked.query.empty() &&
                              made.target.find_first_of("?#") == std::string::npos;
    if (passes_query) {
        made.target += "?" + escape_rest(asked.query);
    }
    return made.target.size() <= kRedirectTargetBytesMax ? std::optional(std::move(made))
                                                         : std::nullopt;
}

}  // namespace origin::website
