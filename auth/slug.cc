// SPDX-License-Identifier: Apache-2.0
#include "auth/slug.h"

#include <algorithm>
#include <array>

#include "base/limits.h"

namespace origin::auth {
namespace {

// First path components that are not clients, and words a project must not hide.
constexpr std::array<std::string_view, 6> kReserved = {
    "api", "healthz", "readyz", "metrics", "git", "origind"};

bool is_slug_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

std::unexpected<Error> refuse(std::string why) {
    return std::unexpected(
        Error(Code::InvalidInput, "bad name: " + std::move(why)).because("bad_slug"));
}

}  // namespace

Status check_slug(std::string_view slug) {
    if (slug.empty() || slug.size() > kSlugBytesMax) {
        return refuse("it must have 1 to 64 characters");
    }
    if (!std::ranges::all_of(slug, is_slug_character)) {
        return refuse("use lower-case letters, digits and '-' only");
    }
    if (slug.front() == '-' || slug.back() == '-' || slug.contains("--")) {
        return refuse("'-' stands alone, between other characters");
    }
    if (std::ranges::find(kReserved, slug) != kReserved.end()) {
        return refuse("'" + std::string(slug) + "' is reserved");
    }
    return {};
}

std::string slug_from(std::string_view text, std::size_t bytes_max) {
    std::string slug;
    for (const char c : text) {
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if (is_slug_character(lower) && lower != '-') {
            slug += lower;
        } else if (!slug.empty() && slug.back() != '-' && c != '\'') {
            slug += '-';
        }
        if (slug.size() == bytes_max) {
            break;
        }
    }
    while (!slug.empty() && slug.back() == '-') {
        slug.pop_back();
    }
    return check_slug(slug) ? slug : "project";
}

}  // namespace origin::auth
