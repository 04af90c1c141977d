// SPDX-License-Identifier: Apache-2.0
#include "generator/blueprint/fields.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/limits.h"
#include "generator/blueprint/lexicon.h"
#include "generator/blueprint/text.h"
#include "generator/blueprint/words.h"

namespace origin::generator {

namespace {

constexpr std::size_t kNameWordsMax = 5;
constexpr std::size_t kValueBytesMax = 60;

constexpr std::array<std::string_view, 24> kUnits = {
    "days",  "hours",  "minutes", "seconds", "weeks",   "months", "years",  "kg",
    "g",     "grams",  "km",      "m",       "cm",      "mm",     "metres", "meters",
    "miles", "litres", "liters",  "ml",      "percent", "pieces", "kcal",   "calories"};

bool is_number(std::string_view text) {
    if (text.starts_with('-') || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    return !text.empty() && text.size() <= 15 &&
           text.find_first_not_of("0123456789.") == std::string_view::npos &&
           std::isdigit(static_cast<unsigned char>(text.front())) != 0 &&
           std::isdigit(static_cast<unsigned char>(text.back())) != 0 &&
           std::ranges::count(text, '.') <= 1;
}

/// A number as JSON wants it: no "+", no leading zeros.
std::string number_text(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    while (text.size() > 1 && text[0] == '0' && text[1] != '.') {
        text.remove_prefix(1);
    }
    return (negative ? "-" : "") + std::string(text);
}

/// What follows `prefix` in `text`, if it starts so.
std::optional<std::string> after(std::string_view text, std::string_view prefix) {
    if (text.size() <= prefix.size() || !same_text(text.substr(0, prefix.size()), prefix)) {
        return std::nullopt;
    }
    return std::string(trim(text.substr(prefix.size())));
}

std::string unquoted(std::string_view text) {
    text = trim(text);
    while (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
           text.back() == text.front()) {
        text = text.substr(1, text.size() - 2);
    }
    return std::string(text);
}

bool read_flag(FieldText& out, std::string_view part) {
    static const Pattern kRequired{"required|mandatory|must not? be? empty?"};
    static const Pattern kRequired2{"not null|empty"};
    const Words words{std::string(part)};
    const std::string low = lower(part);
    if (kRequired.match(words) || kRequired2.match(words) || low == "must") {
        out.field.required = true;
    } else if (low == "optional" || low == "nullable" || low == "not required") {
        out.field.required = false;
    } else if (low == "unique" || low == "must be unique") {
        out.field.unique = true;
    } else if (low == "required and unique" || low == "unique and required") {
        out.field.required = out.field.unique = true;
    } else {
        return false;
    }
    out.typed = true;
    return true;
}

bool read_bound(FieldText& out, std::string_view part) {
    for (const std::string_view word : {"minimum", "min", "at least", ">=", "from"}) {
        if (auto rest = after(part, word)) {
            const std::string value = unquoted(rest->starts_with(':') ? rest->substr(1) : *rest);
            if (!is_number(value)) {
                continue;
            }
            out.field.min = number_text(value);
            return out.typed = true;
        }
    }
    for (const std::string_view word : {"maximum", "max", "at most", "up to", "<="}) {
        if (auto rest = after(part, word)) {
            const std::string value = unquoted(rest->starts_with(':') ? rest->substr(1) : *rest);
            if (!is_number(value)) {
                continue;
            }
            out.field.max = number_text(value);
            return out.typed = true;
        }
    }
    const std::string range = replace_all(
        replace_all(replace_all(lower(part), "\xE2\x80\x93", "-"), " to ", "-"), " ", "");
    const auto dash = range.find('-', 1);
    if (dash != std::string::npos && is_number(range.substr(0, dash)) &&
        is_number(range.substr(dash + 1))) {
        out.field.min = number_text(range.substr(0, dash));
        out.field.max = number_text(range.substr(dash + 1));
        return out.typed = true;
    }
    return false;
}

bool read_default(FieldText& out, std::string_view part) {
    for (const std::string_view word :
         {"default value is", "default is", "defaults to", "default:", "default =", "default"}) {
        if (auto rest = after(part, word)) {
            out.field.default_value = unquoted(*rest);
            return out.typed = true;
        }
    }
    return false;
}

bool read_link(FieldText& out, std::string_view part) {
    struct Link {
        std::string_view word;
        bool many;
    };
    static constexpr std::array kLinks = {
        Link{"link to", false},
        Link{"links to", false},
        Link{"reference to", false},
        Link{"belongs to", false},
        Link{"ref to", false},
        Link{"foreign key to", false},
        Link{"one", false},
        Link{"many", true},
        Link{"list of", true},
        Link{"several", true},
        Link{"multiple", true},
        Link{"references", false},
    };
    for (const auto& link : kLinks) {
        if (auto rest = after(part, std::string(link.word) + " ")) {
            if (link.word == "one" && rest->starts_with("of")) {
                continue;
            }
            if (!type_of_word(*rest).empty() || rest->contains(' ')) {
                continue;
            }
            out.target = singular(lower(without_article(*rest)));
            out.many = link.many;
            return out.typed = true;
        }
    }
    return false;
}

bool read_type(FieldText& out, std::string_view part) {
    std::string low = lower(trim(part));
    const auto open = low.find('(');
    const std::string inside =
        open == std::string::npos ? "" : low.substr(open + 1, low.find(')', open) - open - 1);
    const std::string bare(trim(std::string_view(low).substr(0, open)));
    std::string type = type_of_word(bare);
    if (type.empty()) {
        type = type_of_word(low);
    }
    if (type.empty() && !currency_of(bare).empty()) {
        out.field.currency = currency_of(bare);
        type = "money";
    }
    if (auto unit = after(low, "in "); type.empty() && unit && !unit->contains(' ')) {
        if (!currency_of(*unit).empty()) {
            out.field.currency = currency_of(*unit);
            type = "money";
        } else if (std::ranges::find(kUnits, *unit) != kUnits.end()) {
            out.field.unit = *unit;
            return out.typed = true;
        }
    }
    if (type.empty()) {
        return false;
    }
    const std::string named = out.field.type;
    out.field.type = type;
    if (type == "money" && !currency_of(inside).empty()) {
        out.field.currency = currency_of(inside);
    }
    if (type == "text" && named == "longtext" && bare != "string") {
        out.field.type = "longtext";
    }
    return out.typed = true;
}

/// "one of A, B, C", "enum: a, b", "A | B": the words of a value list up to the first other part.
std::optional<std::string> value_list(std::string_view part) {
    for (const std::string_view word : {"one of:",
                                        "one of",
                                        "enum:",
                                        "enum",
                                        "values:",
                                        "choice:",
                                        "choice of",
                                        "select:",
                                        "dropdown:",
                                        "options:",
                                        "either"}) {
        if (auto rest = after(part, word)) {
            return rest;
        }
    }
    return std::nullopt;
}

bool read_part(FieldText& out, std::string_view part) {
    return read_flag(out, part) || read_default(out, part) || read_bound(out, part) ||
           read_type(out, part) || read_link(out, part);
}

void take_values(FieldText& out, std::vector<std::string> values) {
    out.cut = values.size() > kBlueprintChoicesMax;
    if (out.cut) {
        values.resize(kBlueprintChoicesMax);
    }
    out.field.type = "enum";
    out.field.values = std::move(values);
    out.typed = true;
}

/// One segment between semicolons. Loose words are returned: values or a hint, as the caller knows.
std::vector<std::string> read_segment(FieldText& out, std::string_view segment) {
    std::vector<std::string> loose;
    std::vector<std::string> values;
    bool listing = false;
    for (const std::string& raw : split_outside(segment, ",")) {
        std::string part = raw;
        if (auto list = value_list(part)) {
            listing = true;
            part = list->starts_with('(') && list->ends_with(')')
                       ? list->substr(1, list->size() - 2)
                       : *list;
        } else if (listing ? read_flag(out, part) || read_default(out, part)
                           : read_part(out, part)) {
            listing = false;
            continue;
        }
        if (listing) {
            for (auto& value : read_values(part)) {
                values.push_back(std::move(value));
            }
        } else {
            loose.push_back(part);
        }
    }
    if (!values.empty()) {
        take_values(out, std::move(values));
    }
    return loose;
}

bool short_words(const std::vector<std::string>& parts) {
    return std::ranges::all_of(parts, [](const std::string& part) {
        return part.size() <= 30 && Words{part}.size() <= 4;
    });
}

/// What stands in brackets or after the colon of a field.
void read_spec(FieldText& out, std::string_view spec, bool loose_may_be_values) {
    std::vector<std::string> loose;
    for (const std::string& segment : split_outside(spec, ";")) {
        for (auto& word : read_segment(out, segment)) {
            loose.push_back(std::move(word));
        }
    }
    if (loose.empty()) {
        return;
    }
    std::vector<std::string> values;
    for (const auto& part : loose) {
        for (auto& value : read_values(part)) {
            values.push_back(std::move(value));
        }
    }
    const bool open_type = out.field.values.empty() && out.field.type != "money";
    if (loose_may_be_values && open_type && values.size() >= 2 && short_words(values) &&
        !after(loose[0], "e.g.") && !after(loose[0], "for example")) {
        take_values(out, std::move(values));
        return;
    }
    for (const auto& part : loose) {
        if (!out.field.hint.empty()) {
            out.field.hint += ", ";
        }
        out.field.hint += part;
    }
}

void name_it(FieldText& out, std::string_view name) {
    out.field.label = to_label(name);
    out.field.id = to_id(name);
    out.field.type = type_of_name(name);
    if (out.field.type == "rating") {
        out.field.min = "1";
        out.field.max = "5";
    }
}

/// Where the name ends: at ":" or " - " or a bracket outside quotes.
std::size_t name_end(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '(' || text[at] == ':' || text[at] == '=') {
            return at;
        }
        const auto rest = text.substr(at);
        if (rest.starts_with(" - ") || rest.starts_with(" \xE2\x80\x93 ") ||
            rest.starts_with(" \xE2\x80\x94 ")) {
            return at;
        }
    }
    return text.size();
}

std::string_view without_lead(std::string_view text) {
    while (!text.empty() && std::string_view(" :-=\xE2\x80\x93\x94").contains(text.front())) {
        text.remove_prefix(1);
    }
    return trim(text);
}

bool mentions(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return text.contains(word); });
}

bool means_yes(const std::string& cell) {
    constexpr auto kYes = std::to_array<std::string_view>(
        {"yes", "y", "true", "x", "required", "\xE2\x9C\x93", "\xE2\x9C\x85"});
    return std::ranges::find(kYes, lower(cell)) != kYes.end();
}

}  // namespace

std::vector<std::string> read_values(std::string_view text) {
    std::vector<std::string> values;
    std::string plain(text);
    if (!text.contains(',') && text.contains('|')) {
        plain = replace_all(plain, "|", ",");
    }
    if (!text.contains(',') && text.contains('/')) {
        plain = replace_all(plain, "/", ",");
    }
    for (const std::string& item : split_list(plain)) {
        const std::string value = unquoted(item);
        if (value.empty() || value.size() > kValueBytesMax) {
            continue;
        }
        if (values.size() < kBlueprintChoicesMax) {
            add_once(values, value);
        }
    }
    return values;
}

std::optional<FieldText> read_field(std::string_view raw) {
    std::string plain = without_marks(raw);
    auto text = without_article(plain);
    while (text.ends_with('.')) {
        text.remove_suffix(1);
    }
    FieldText out;
    const std::size_t end = name_end(text);
    std::string name = unquoted(without_article(text.substr(0, end)));
    if (name.ends_with('*')) {
        name.pop_back();
        out.field.required = out.typed = true;
    }
    const std::size_t count = Words{name}.size();
    if (to_id(name).empty() || count == 0 || count > kNameWordsMax) {
        return std::nullopt;
    }
    if (name.contains(" with ")) {
        return std::nullopt;  // A clause, not a name.
    }
    const bool required = out.field.required;
    name_it(out, name);
    out.field.required = required;
    auto spec = without_lead(text.substr(end));
    if (spec.starts_with('(')) {
        const auto close = spec.find_last_of(')');
        const auto tail =
            close == std::string_view::npos ? "" : without_lead(spec.substr(close + 1));
        read_spec(out, spec.substr(1, std::min(close, spec.size()) - 1), true);
        if (!tail.empty()) {
            read_spec(out, tail.starts_with(',') ? tail.substr(1) : tail, false);
        }
    } else if (!spec.empty()) {
        read_spec(out, spec, true);
    }
    if (plain.size() > 9 && same_text(plain.substr(0, 9), "optional ")) {
        out.field.required = false;
    }
    return out;
}

std::optional<FieldText> read_field_row(const std::vector<std::string>& heads,
                                        const std::vector<std::string>& cells) {
    FieldText out;
    for (std::size_t at = 0; at < cells.size() && at < heads.size(); ++at) {
        const std::string head = lower(without_marks(heads[at]));
        const std::string cell = without_marks(cells[at]);
        if (mentions(head, {"field", "name", "attribute", "column", "property"})) {
            if (to_id(cell).empty() || Words{cell}.size() > kNameWordsMax) {
                return std::nullopt;
            }
            name_it(out, cell);
        } else if (cell.empty() || cell == "-" || cell == "\xE2\x80\x94") {
            continue;
        } else if (mentions(head, {"required", "mandatory"})) {
            out.field.required = means_yes(cell);
        } else if (head.contains("default")) {
            out.field.default_value = unquoted(cell);
        } else {
            read_spec(out, cell, mentions(head, {"type", "values"}));
        }
    }
    if (out.field.id.empty()) {
        return std::nullopt;
    }
    out.typed = true;
    return out;
}

std::vector<FieldText> read_field_list(std::string_view text) {
    std::vector<FieldText> fields;
    for (const std::string& item : split_list(text)) {
        if (fields.size() >= kBlueprintFieldsMax) {
            break;
        }
        if (auto field = read_field(item)) {
            fields.push_back(std::move(*field));
        }
    }
    return fields;
}

}  // namespace origin::generator
