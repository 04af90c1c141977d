// SPDX-License-Identifier: Apache-2.0
#include "git/odb/dot_names.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

namespace origin::git {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Does `name` begin with `prefix` (given in lower case), in any case?
bool begins_with(std::string_view name, std::string_view prefix) {
    return name.size() >= prefix.size() &&
           std::equal(prefix.begin(), prefix.end(), name.begin(), [](char want, char have) {
               return want == lower(have);
           });
}

bool is_ignored_by_hfs(char32_t c) {
    return (c >= 0x200c && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x206a && c <= 0x206f) || c == 0xfeff;
}

/// Takes one code point off `rest`; nullopt at the end and at malformed UTF-8.
std::optional<char32_t> take_code_point(std::string_view& rest) {
    if (rest.empty()) {
        return std::nullopt;
    }
    const auto first = static_cast<unsigned char>(rest.front());
    std::size_t length = 1;
    char32_t c = first;
    if (first >= 0x80) {
        length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
        if (first < 0xc2 || first > 0xf4 || rest.size() < length) {
            return std::nullopt;
        }
        c = first & (0xffU >> (length + 1));
        for (std::size_t i = 1; i < length; ++i) {
            const auto next = static_cast<unsigned char>(rest[i]);
            if ((next & 0xc0U) != 0x80) {
                return std::nullopt;
            }
            c = (c << 6) | (next & 0x3fU);
        }
    }
    rest.remove_prefix(length);
    return c;
}

/// Is it `.` + `word` (lower case, ASCII) after HFS+ has dropped what it ignores?
bool is_hfs_dot(std::string_view name, std::string_view word) {
    std::size_t matched = 0;
    while (!name.empty()) {
        const auto c = take_code_point(name);
        if (!c) {
            return false;
        }
        if (is_ignored_by_hfs(*c)) {
            continue;
        }
        if (matched > word.size()) {
            return *c == '/';
        }
        const char32_t want = static_cast<unsigned char>(matched == 0 ? '.' : word[matched - 1]);
        if (*c > 127 || static_cast<char32_t>(lower(static_cast<char>(*c))) != want) {
            return false;
        }
        ++matched;
    }
    return matched == word.size() + 1;
}

/// Nothing that NTFS keeps: dots and spaces up to the end or to one of `ends`.
bool is_ntfs_nothing(std::string_view rest, std::string_view ends) {
    const std::size_t at = rest.find_first_not_of(". ");
    return at == std::string_view::npos || ends.find(rest[at]) != std::string_view::npos;
}

bool is_ntfs_dotgit(std::string_view name) {
    for (const std::string_view form : {std::string_view(".git"), std::string_view("git~1")}) {
        if (begins_with(name, form)) {
            return is_ntfs_nothing(name.substr(form.size()), "/\\:");
        }
    }
    return false;
}

/// A short name made from a hash: letters of `stem`, `~`, a number, eight characters in all.
bool is_ntfs_hashed(std::string_view name, std::string_view stem) {
    constexpr std::size_t kShortNameChars = 8;
    if (name.size() < kShortNameChars) {
        return false;
    }
    const std::size_t tilde = name.find('~');
    if (tilde == std::string_view::npos || tilde > stem.size() ||
        !begins_with(name, stem.substr(0, tilde))) {
        return false;
    }
    // With the tilde in the eighth place there would be no digit left; six letters leave one.
    const std::string_view digits = name.substr(tilde + 1, kShortNameChars - tilde - 1);
    const bool is_number = !digits.empty() && digits.front() != '0' &&
                           digits.find_first_not_of("0123456789") == std::string_view::npos;
    return is_number && is_ntfs_nothing(name.substr(kShortNameChars), ":");
}

bool is_ntfs_dot(std::string_view name, std::string_view word, std::string_view hashed_stem) {
    if (name.starts_with('.') && begins_with(name.substr(1), word)) {
        return is_ntfs_nothing(name.substr(1 + word.size()), ":");
    }
    constexpr std::size_t kStemChars = 6;
    if (name.size() >= 8 && begins_with(name, word.substr(0, kStemChars)) && name[6] == '~' &&
        name[7] >= '1' && name[7] <= '4') {
        return is_ntfs_nothing(name.substr(8), ":");
    }
    return is_ntfs_hashed(name, hashed_stem);
}

struct Disguise {
    std::string_view word;
    std::string_view hashed_stem;  // What NTFS falls back to when ~1 to ~4 are taken.
};

constexpr std::array<Disguise, 4> kDisguises{{
    {"gitmodules", "gi7eba"},
    {"gitattributes", "gi7d29"},
    {"gitignore", "gi250a"},
    {"mailmap", "maba30"},
}};

}  // namespace

bool is_dotgit(std::string_view name) {
    if (is_hfs_dot(name, "git") || is_ntfs_dotgit(name)) {
        return true;
    }
    // On Windows a backslash separates: each part is a component of its own.
    for (std::size_t at = name.find('\\'); at != std::string_view::npos;
         at = name.find('\\', at + 1)) {
        if (is_ntfs_dotgit(name.substr(at + 1))) {
            return true;
        }
    }
    return false;
}

bool is_dot_name(std::string_view name, DotName dot_name) {
    const Disguise& disguise = kDisguises[std::to_underlying(dot_name)];
    if (is_hfs_dot(name, disguise.word) || is_ntfs_dot(name, disguise.word, disguise.hashed_stem)) {
        return true;
    }
    for (std::size_t at = name.find('\\'); at != std::string_view::npos;
         at = name.find('\\', at + 1)) {
        if (is_ntfs_dot(name.substr(at + 1), disguise.word, disguise.hashed_stem)) {
            return true;
        }
    }
    return false;
}

}  // namespace origin::git
