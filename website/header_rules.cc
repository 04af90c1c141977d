// SPDX-License-Identifier: Apache-2.0
#include "website/header_rules.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "net/http_text.h"
#include "website/lines.h"

namespace origin::website {
namespace {

using net::Header;

/// The server's to write, or what would speak for other sites of the domain.
constexpr std::array<std::string_view, 22> kNotSettable = {"accept-ranges",
                                                           "age",
                                                           "allow",
                                                           "alt-svc",
                                                           "connection",
                                                           "content-encoding",
                                                           "content-length",
                                                           "content-range",
                                                           "date",
                                                           "etag",
                                                           "keep-alive",
                                                           "last-modified",
                                                           "location",
                                                           "proxy-authenticate",
                                                           "server",
                                                           "set-cookie",
                                                           "te",
                                                           "trailer",
                                                           "transfer-encoding",
                                                           "upgrade",
                                                           "via",
                                                           "www-authenticate"};

constexpr std::size_t kVaryBytesMax = 256;

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    return first == std::string_view::npos
               ? std::string_view()
               : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Header* find(std::vector<Header>& headers, std::string_view name) {
    const auto found = std::ranges::find_if(
        headers, [&](const Header& one) { return net::same_ignoring_case(one.name, name); });
    return found == headers.end() ? nullptr : &*found;
}

}  // namespace

HeaderRules::Parsed HeaderRules::parse(std::string_view text) {
    Notes notes("_headers");
    HeaderRules parsed;
    enum class Path : std::uint8_t { None, Bad, Good } path_above = Path::None;
    for (const Line& line : lines_of(text, notes)) {
        const bool is_path = line.text.starts_with('/') || line.text.starts_with("http://") ||
                             line.text.starts_with("https://");
        if (is_path && parsed.rules_.size() == kHeaderRulesMax) {
            notes.add(line.number, "there are more than 500 paths; the rest are ignored");
            break;
        }
        if (is_path) {
            auto path = PathPattern::parse(line.text);
            path_above = path ? Path::Good : Path::Bad;
            if (path) {
                parsed.rules_.push_back({.path = std::move(*path), .headers = {}});
            } else {
                notes.add(line.number,
                          shown(line.text) + " " + path.error() + "; what follows it is ignored");
            }
            continue;
        }
        if (path_above == Path::None) {
            notes.add(line.number, "a header needs a path above it");
        } else if (path_above == Path::Good) {
            if (const std::string wrong = add(parsed.rules_.back(), line.text); !wrong.empty()) {
                notes.add(line.number, wrong);
            }
        }
    }
    std::erase_if(parsed.rules_, [](const Rule& rule) { return rule.headers.empty(); });
    return {std::move(parsed), notes.take()};
}

/// Returns: what is wrong with the line; empty: nothing.
std::string HeaderRules::add(Rule& rule, std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
        return "this is neither a path nor a header: " + shown(line);
    }
    const std::string_view name = trimmed(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (!net::is_token(name)) {
        return shown(name) + " is no header's name";
    }
    if (net::same_ignoring_case(name, "Basic-Auth")) {
        return "Basic-Auth is ignored: the target's setting access=password protects a site";
    }
    if (std::ranges::find(kNotSettable, net::lower_case(name)) != kNotSettable.end()) {
        return shown(name) + " may not be set here and is ignored";
    }
    if (value.empty() || !net::header_value_is_safe(value)) {
        return "the value of " + shown(name) + " is refused";
    }
    if (rule.headers.size() == kHeadersOfRuleMax ||
        rule.bytes + name.size() + value.size() > kHeaderBytesOfRuleMax) {
        return std::string("the path has more than 50 headers, or 8,192 bytes of them");
    }
    rule.bytes += name.size() + value.size() + 2;
    if (Header* const known = find(rule.headers, name)) {
        known->value.append(", ").append(value);
    } else {
        rule.headers.push_back({std::string(name), std::string(value)});
    }
    return {};
}

void HeaderRules::apply(std::string_view path, std::vector<Header>& headers) const {
    std::size_t added = 0;
    for (const Rule& rule : rules_) {
        if (!rule.path.match(path)) {
            continue;
        }
        for (const Header& header : rule.headers) {
            Header* const known = find(headers, header.name);
            const bool joins = net::same_ignoring_case(header.name, "Vary") && known != nullptr &&
                               known->value.size() < kVaryBytesMax;
            if (joins) {
                known->value.append(", ").append(header.value);
            } else if (known != nullptr) {
                known->value = header.value;
            } else if (added < kHeadersOfRuleMax) {
                headers.push_back(header);
                ++added;
            }
        }
    }
}

}  // namespace origin::website
