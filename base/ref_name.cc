// SPDX-License-Identifier: Apache-2.0
#include "base/ref_name.h"

#include <algorithm>

#include "base/limits.h"
#include "base/utf8.h"

namespace origin {
namespace {

std::unexpected<Error> refuse(std::string why) {
    return std::unexpected(
        Error(Code::InvalidInput, "bad ref name: " + std::move(why)).because("bad_ref_name"));
}

Status check_component(std::string_view part) {
    if (part.empty()) {
        return refuse("an empty component");
    }
    if (part.front() == '.') {
        return refuse("a component begins with '.'");
    }
    if (part.front() == '-') {
        return refuse("a component begins with '-'");
    }
    if (part.ends_with(".lock")) {
        return refuse("a component ends with '.lock'");
    }
    return {};
}

Status check_characters(std::string_view text) {
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto point = take_code_point(rest);
        if (!point) {
            return refuse("not UTF-8");
        }
        if (is_deceptive(*point)) {
            return refuse("a control, bidirectional or zero-width character");
        }
        if (*point < 0x80 && std::string_view(" ~^:?*[\\").contains(static_cast<char>(*point))) {
            return refuse("one of the characters space ~ ^ : ? * [ \\");
        }
    }
    if (text.contains("..")) {
        return refuse("'..'");
    }
    if (text.contains("@{")) {
        return refuse("'@{'");
    }
    if (text.ends_with('.')) {
        return refuse("it ends with '.'");
    }
    return {};
}

}  // namespace

Result<RefName> RefName::parse(std::string_view text) {
    if (text.size() > kRefNameBytesMax) {
        return refuse("longer than 244 bytes");
    }
    if (!text.starts_with("refs/")) {
        return refuse("it must begin with 'refs/'");
    }
    ORIGIN_CHECK(check_characters(text));
    std::size_t parts = 0;
    for (std::string_view rest = text;; ++parts) {
        const std::size_t slash = rest.find('/');
        ORIGIN_CHECK(check_component(rest.substr(0, slash)));
        if (slash == std::string_view::npos) {
            break;
        }
        rest.remove_prefix(slash + 1);
    }
    if (parts < 2) {
        return refuse("it needs a folder and a name: refs/heads/NAME");
    }
    if (text == "refs/heads/HEAD") {
        return refuse("a branch named HEAD");
    }
    return RefName(std::string(text));
}

std::string_view RefName::short_name() const {
    std::string_view name = text_;
    if (is_branch()) {
        name.remove_prefix(std::string_view("refs/heads/").size());
    } else if (is_tag()) {
        name.remove_prefix(std::string_view("refs/tags/").size());
    }
    return name;
}

Result<std::string> parse_ref_pattern(std::string_view pattern) {
    const bool is_full = pattern.starts_with("refs/");
    std::string full = std::string(is_full ? "" : "refs/heads/") + std::string(pattern);
    std::string sample = full;
    std::ranges::replace(sample, '*', 'x');
    ORIGIN_CHECK(RefName::parse(sample));
    return full;
}

}  // namespace origin
