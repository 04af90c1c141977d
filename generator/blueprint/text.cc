// SPDX-License-Identifier: Apache-2.0
#include "generator/blueprint/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "base/utf8.h"

namespace origin::generator {

namespace {

constexpr std::size_t kIdBytesMax = 40;
constexpr std::size_t kIdSourceBytesMax = 200;  // No id needs more of a name than this.

char lower_char(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_zero_width(char32_t point) {
    return (point >= 0x200B && point <= 0x200D) || point == 0x2060 || point == 0xFEFF ||
           point == 0xFE0F;
}

void append_visible(std::string& out, char32_t point, std::string_view bytes) {
    if (is_zero_width(point)) {
        return;
    }
    const bool is_layout = point == '\n' || point == '\t';
    if (!is_layout && is_deceptive(point)) {
        std::array<char, 16> shown{};
        std::snprintf(shown.data(), shown.size(), "[U+%04X]", static_cast<unsigned>(point));
        out += shown.data();
    } else {
        out += bytes;
    }
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kPlainLetters = {{
    {"\xC3\xA4", "ae"},
    {"\xC3\xB6", "oe"},
    {"\xC3\xBC", "ue"},
    {"\xC3\x9F", "ss"},
    {"\xC3\x84", "ae"},
    {"\xC3\x96", "oe"},
    {"\xC3\x9C", "ue"},
    {"\xC3\xA9", "e"},
    {"\xC3\xA8", "e"},
    {"\xC3\xAA", "e"},
    {"\xC3\xA1", "a"},
    {"\xC3\xA0", "a"},
    {"\xC3\xA7", "c"},
    {"\xC3\xB1", "n"},
    {"\xC3\xB3", "o"},
    {"\xC3\xAD", "i"},
    {"\xC3\xBA", "u"},
    {"\xC3\xA3", "a"},
}};

std::string words_joined(std::string_view given, char joint) {
    std::string out;
    std::string text(given.substr(0, kIdSourceBytesMax));
    for (const auto& [letter, plain] : kPlainLetters) {
        text = replace_all(text, letter, plain);
    }
    for (const char c : text) {
        if (is_alnum(c)) {
            out += lower_char(c);
        } else if (c != '\'' && !out.empty() && out.back() != joint) {
            out += joint;
        }
    }
    if (out.size() > kIdBytesMax) {
        out.resize(kIdBytesMax);
    }
    while (!out.empty() && out.back() == joint) {
        out.pop_back();
    }
    return out;
}

constexpr std::array<std::string_view, 24> kReserved = {
    "constructor", "prototype", "proto",   "tostring", "valueof", "hasownproperty",
    "id",          "seq",       "created", "class",    "default", "function",
    "delete",      "new",       "this",    "import",   "export",  "var",
    "in",          "archived",  "month",   "and",      "version", "removed"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kIrregular = {{
    {"person", "people"},
    {"child", "children"},
    {"man", "men"},
    {"woman", "women"},
    {"mouse", "mice"},
    {"shelf", "shelves"},
    {"leaf", "leaves"},
    {"staff", "staff"},
    {"news", "news"},
    {"series", "series"},
}};

constexpr std::array<std::string_view, 10> kAcronyms = {
    "sku", "url", "isbn", "vat", "vin", "dob", "faq", "iban", "ean", "gps"};

bool ends(std::string_view word, std::string_view tail) {
    return word.size() > tail.size() && word.ends_with(tail);
}

std::string singular_word(const std::string& word) {
    for (const auto& [one, many] : kIrregular) {
        if (word == many) {
            return std::string(one);
        }
    }
    const auto cut = [&](std::size_t bytes) {
        return word.substr(0, word.size() - bytes);
    };
    if (ends(word, "ies") && word.size() > 4) {
        return cut(3) + "y";
    }
    if (ends(word, "sses") || ends(word, "xes") || ends(word, "ches") || ends(word, "shes")) {
        return cut(2);
    }
    if (ends(word, "statuses") || word == "statuses" || word == "buses") {
        return cut(2);
    }
    if (ends(word, "ss") || ends(word, "us") || ends(word, "is")) {
        return word;
    }
    return ends(word, "s") ? cut(1) : word;
}

std::string plural_word(const std::string& word) {
    for (const auto& [one, many] : kIrregular) {
        if (word == one || word == many) {
            return std::string(many);
        }
    }
    if (singular_word(word) != word) {
        return word;
    }
    const auto vowel = [](char c) {
        return std::string_view("aeiou").contains(c);
    };
    if (ends(word, "y") && !vowel(word[word.size() - 2])) {
        return word.substr(0, word.size() - 1) + "ies";
    }
    if (ends(word, "s") || ends(word, "x") || ends(word, "ch") || ends(word, "sh")) {
        return word + "es";
    }
    return word + "s";
}

std::string fold_last_word(std::string_view phrase, std::string (*fold)(const std::string&)) {
    const auto space = phrase.find_last_of(" _-");
    const std::size_t start = space == std::string_view::npos ? 0 : space + 1;
    const std::string word(phrase.substr(start));
    const std::string folded = fold(lower(word));
    if (folded == lower(word)) {
        return std::string(phrase);
    }
    std::string out = std::string(phrase.substr(0, start)) + folded;
    if (!word.empty() && word[0] != lower_char(word[0])) {
        out[start] = static_cast<char>(out[start] - 'a' + 'A');
    }
    return out;
}

/// Where " and ", " or " or "&" starts at `at`, outside brackets; its length, or 0.
std::size_t joiner_at(std::string_view text, std::size_t at) {
    for (const std::string_view joiner : {" and ", " or ", " & ", " plus "}) {
        if (same_text(text.substr(at, joiner.size()), joiner)) {
            return joiner.size();
        }
    }
    return 0;
}

/// Follows quotes and brackets so that a caller knows whether it stands outside them.
class Nesting {
public:
    void step(std::string_view text, std::size_t at) {
        const char c = text[at];
        if (quoted_) {
            if (c == '"') {
                quoted_ = false;
            }
        } else if (c == '"' && text.find('"', at + 1) != std::string_view::npos) {
            quoted_ = true;
        } else if (c == '(' || c == '[') {
            ++depth_;
        } else if ((c == ')' || c == ']') && depth_ > 0) {
            --depth_;
        }
    }
    bool outside() const { return !quoted_ && depth_ == 0; }

private:
    bool quoted_ = false;
    int depth_ = 0;
};

void push_trimmed(std::vector<std::string>& out, std::string_view item) {
    const auto trimmed = trim(item);
    if (!trimmed.empty()) {
        out.emplace_back(trimmed);
    }
}

}  // namespace

std::string normalise(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        if (text.starts_with("\r\n")) {
            text.remove_prefix(1);
        }
        if (text[0] == '\r') {
            out += '\n';
            text.remove_prefix(1);
            continue;
        }
        std::string_view rest = text;
        const auto point = take_code_point(rest);
        if (!point) {
            out += "\xEF\xBF\xBD";
            text.remove_prefix(1);
            continue;
        }
        append_visible(out, *point, text.substr(0, text.size() - rest.size()));
        text = rest;
    }
    return out;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), lower_char);
    return out;
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\n");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

bool same_text(std::string_view left, std::string_view right) {
    return std::ranges::equal(left, right, {}, lower_char, lower_char);
}

std::string cut_short(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) {
        return std::string(text);
    }
    while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0U) == 0x80U) {
        --bytes_max;
    }
    return std::string(text.substr(0, bytes_max));
}

std::string replace_all(const std::string& text, std::string_view from, std::string_view to) {
    std::string out;
    std::size_t at = 0;
    for (auto hit = text.find(from); hit != std::string::npos; hit = text.find(from, at)) {
        out.append(text, at, hit - at).append(to);
        at = hit + from.size();
    }
    return out.append(text, at);
}

std::string without_marks(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const bool in_word =
            at > 0 && at + 1 < text.size() && is_alnum(text[at - 1]) && is_alnum(text[at + 1]);
        if (c == '`' || (c == '*' && !in_word)) {
            continue;
        }
        if (c == '[' || c == ']') {
            const auto link = c == ']' && text.substr(at + 1).starts_with("(")
                                  ? text.find(')', at)
                                  : std::string_view::npos;
            if (link != std::string_view::npos) {
                at = link;
            }
            continue;
        }
        out += c;
    }
    out = replace_all(out, "\xE2\x80\x9C", "\"");
    out = replace_all(out, "\xE2\x80\x9D", "\"");
    return replace_all(out, "\xE2\x80\x99", "'");
}

std::vector<std::string> split_outside(std::string_view text, std::string_view separators) {
    std::vector<std::string> out;
    Nesting nesting;
    std::size_t start = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        nesting.step(text, at);
        if (nesting.outside() && separators.contains(text[at])) {
            push_trimmed(out, text.substr(start, at - start));
            start = at + 1;
        }
    }
    push_trimmed(out, text.substr(start));
    return out;
}

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> out;
    Nesting nesting;
    std::size_t start = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        nesting.step(text, at);
        if (!nesting.outside()) {
            continue;
        }
        const std::size_t joiner = text[at] == ',' || text[at] == ';' ? 1 : joiner_at(text, at);
        if (joiner == 0) {
            continue;
        }
        push_trimmed(out, text.substr(start, at - start));
        start = at + joiner;
        at = start - 1;
        const auto again = trim(text.substr(start));
        if (again.starts_with("and ") || again.starts_with("or ")) {
            start = static_cast<std::size_t>(again.data() - text.data()) + again.find(' ') + 1;
            at = start - 1;
        }
    }
    push_trimmed(out, text.substr(start));
    return out;
}

std::string to_id(std::string_view text) {
    std::string id = words_joined(text, '_');
    while (!id.empty() && (id[0] < 'a' || id[0] > 'z')) {
        id.erase(0, 1);
    }
    if (std::ranges::find(kReserved, id) != kReserved.end() && id != "month") {
        id += "_";
    }
    return id;
}

std::string to_slug(std::string_view text) {
    return words_joined(text, '-');
}

std::string to_label(std::string_view text) {
    std::string label(trim(text));
    std::ranges::replace(label, '_', ' ');
    if (std::ranges::find(kAcronyms, label) != kAcronyms.end()) {
        for (char& c : label) {
            c = static_cast<char>(c - 'a' + 'A');
        }
        return label;
    }
    if (!label.empty() && label[0] >= 'a' && label[0] <= 'z') {
        label[0] = static_cast<char>(label[0] - 'a' + 'A');
    }
    return label;
}

std::string singular(std::string_view phrase) {
    return fold_last_word(phrase, singular_word);
}

std::string plural(std::string_view phrase) {
    return fold_last_word(phrase, plural_word);
}

std::string_view without_article(std::string_view text) {
    text = trim(text);
    for (bool again = true; again;) {
        again = false;
        for (const std::string_view word : {"a ",
                                            "an ",
                                            "the ",
                                            "our ",
                                            "their ",
                                            "its ",
                                            "his ",
                                            "her ",
                                            "my ",
                                            "your ",
                                            "some ",
                                            "short ",
                                            "new ",
                                            "all ",
                                            "each ",
                                            "every ",
                                            "optional "}) {
            if (text.size() > word.size() && same_text(text.substr(0, word.size()), word)) {
                text = trim(text.substr(word.size()));
                again = true;
            }
        }
    }
    return text;
}

std::string digest_of(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    }
    std::array<char, 17> hex{};
    std::snprintf(hex.data(), hex.size(), "%016llx", static_cast<unsigned long long>(hash));
    return hex.data();
}

}  // namespace origin::generator
