// SPDX-License-Identifier: Apache-2.0
#include "git/wire/capabilities.h"

#include "base/limits.h"
#include "base/utf8.h"

namespace origin::git {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

/// Takes the next word off the front of `list`; empty at the end.
std::string_view take_word(std::string_view& list) {
    const std::size_t begin = list.find_first_not_of(kSpaces);
    if (begin == std::string_view::npos) {
        list = {};
        return {};
    }
    list.remove_prefix(begin);
    const std::string_view word = list.substr(0, list.find_first_of(kSpaces));
    list.remove_prefix(word.size());
    return word;
}

bool is_called(std::string_view word, std::string_view name) {
    return word.starts_with(name) && (word.size() == name.size() || word[name.size()] == '=');
}

}  // namespace

std::string upload_pack_capabilities(const FetchFeatures& features,
                                     bool no_done,
                                     std::string_view head_target) {
    std::string list(kUploadPackCapabilities);
    if (features.deepen_by_history) {
        list += " deepen-since deepen-not";
    }
    list += ' ';
    list += kMoreUploadPackCapabilities;
    if (features.reachable_wants) {
        list += " allow-tip-sha1-in-want allow-reachable-sha1-in-want";
    }
    if (no_done) {
        list += " no-done";
    }
    if (!head_target.empty()) {
        list += " symref=HEAD:";
        list += head_target;
    }
    if (features.filter) {
        list += " filter";
    }
    list += " object-format=sha1";
    return list;
}

bool has_capability(std::string_view list, std::string_view name) {
    for (auto word = take_word(list); !word.empty(); word = take_word(list)) {
        if (is_called(word, name)) {
            return true;
        }
    }
    return false;
}

std::optional<std::string_view> capability_value(std::string_view list, std::string_view name) {
    for (auto word = take_word(list); !word.empty(); word = take_word(list)) {
        if (is_called(word, name) && word.size() > name.size()) {
            return word.substr(name.size() + 1);
        }
    }
    return std::nullopt;
}

std::string legible_agent(std::string_view text) {
    std::string legible = printable(text.substr(0, kAgentBytesMax));
    if (legible.size() > kAgentBytesMax) {  // Escapes made it longer: plain ASCII, safe to cut.
        legible.resize(kAgentBytesMax);
    }
    return legible;
}

}  // namespace origin::git
