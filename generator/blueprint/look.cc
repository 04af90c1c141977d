// SPDX-License-Identifier: Apache-2.0
// Theme: which colour is which, dark mode, font.
#include <array>
#include <cstdlib>
#include <utility>

#include "generator/blueprint/colours.h"
#include "generator/blueprint/draft.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

constexpr std::array<std::string_view, 14> kPrimaryWords = {"primary",
                                                            "component",
                                                            "components",
                                                            "accent",
                                                            "element",
                                                            "elements",
                                                            "button",
                                                            "buttons",
                                                            "brand",
                                                            "theme",
                                                            "main",
                                                            "highlights",
                                                            "links",
                                                            "interactive"};

constexpr int kUnknownWordsMax = 3;

enum class Part { None, Background, Primary };

Part part_of(std::string_view word) {
    if (word == "background" || word == "backgrounds" || word == "base") {
        return Part::Background;
    }
    for (const std::string_view known : kPrimaryWords) {
        if (word == known) {
            return Part::Primary;
        }
    }
    return Part::None;
}

bool is_joint(const Word& word) {
    return word.low == "and" || word.low == "," || word.low == ";" || word.low == "with";
}

/// "seashell for the background": the part named after the colour.
Part part_after(const Words& words, std::size_t at) {
    for (std::size_t next = at + 1; next < words.size() && next < at + 7; ++next) {
        if (is_joint(words.all()[next])) {
            return Part::None;
        }
        if (words.all()[next].low != "for" && words.all()[next].low != "as") {
            continue;
        }
        for (std::size_t i = next + 1; i < words.size() && i < next + 4; ++i) {
            if (const Part part = part_of(words.all()[i].low); part != Part::None) {
                return part;
            }
        }
    }
    return Part::None;
}

/// "primary colour steel blue": the nearest part named before the colour.
Part part_before(const Words& words, std::size_t at) {
    for (std::size_t back = at; back > 0 && at - back < 6; --back) {
        if (const Part part = part_of(words.all()[back - 1].low); part != Part::None) {
            return part;
        }
    }
    return Part::None;
}

bool read_colours(Draft& draft, Statement& statement) {
    const Words words{lower(statement.clean)};
    bool any = false;
    for (const NamedColour& colour : find_colours(statement.clean)) {
        Part part = part_after(words, colour.word);
        if (part == Part::None) {
            part = part_before(words, colour.word);
        }
        if (part == Part::None && colour.word + 1 < words.size()) {
            part = part_of(words.all()[colour.word + 1].low);  // "a navy background"
        }
        if (part == Part::None) {
            continue;
        }
        any = true;
        auto& slot =
            part == Part::Background ? draft.app.theme.background : draft.app.theme.primary;
        slot = colour.css;
        statement.implement(part == Part::Background ? "theme:background" : "theme:primary");
    }
    return any;
}

bool read_mode(Draft& draft, Statement& statement) {
    const Words words{lower(statement.clean)};
    if (!words.contains_phrase("dark mode") && !words.contains_phrase("dark theme")) {
        return false;
    }
    Theme& theme = draft.app.theme;
    const bool by_default = words.contains_phrase("by default") || words.contains("default");
    if (by_default) {
        theme.mode = "dark";
    } else if (theme.mode == "light") {
        theme.mode = "auto";
    }
    if (words.contains("toggle") || words.contains("switch") || !by_default) {
        theme.toggle = true;
    }
    statement.implement("theme:mode");
    return true;
}

bool read_font(Draft& draft, Statement& statement) {
    static const Pattern kFont{"... font|typeface :|is|family? {name}"};
    static const Pattern kKind{"... {name} font|typeface"};
    const Words words{lower(statement.clean)};
    auto found = kFont.match(words);
    if (!found) {
        found = kKind.match(words);
    }
    if (!found) {
        return false;
    }
    const auto name = get(*found, "name");
    if (name != "system" && name != "serif" && name != "monospace" && name != "sans-serif") {
        return false;
    }
    draft.app.theme.font = name == "sans-serif" ? "system" : std::string(name);
    statement.implement("theme:font");
    return true;
}

/// How many words of a clause are neither colours nor about the look.
int unknown_words(std::string_view clause) {
    static const std::vector<std::string> kKnown = {
        "use",     "a",      "an",         "the",       "for",        "as",
        "and",     "with",   "of",         "to",        "in",         "is",
        "be",      "by",     "on",         "our",       "make",       "set",
        "change",  "should", "color",      "colour",    "colors",     "colours",
        "palette", "scheme", "dark",       "light",     "mode",       "theme",
        "toggle",  "switch", "default",    "font",      "typeface",   "family",
        "system",  "serif",  "sans-serif", "monospace", "text",       "page",
        "pages",   "site",   "website",    "app",       "add",        "style",
        "design",  "ui",     "would",      "nice",      "background", "backgrounds",
        "base",    "all",    "other",      "white",     "black",      ",",
        ";"};
    const Words words{lower(clause)};
    int unknown = 0;
    for (const Word& word : words.all()) {
        const bool known =
            has(kKnown, word.low) || part_of(word.low) != Part::None || word.kind == WordKind::Mark;
        if (!known) {
            ++unknown;
        }
    }
    for (const NamedColour& colour : find_colours(clause)) {
        for (std::size_t at = colour.word; at < words.size() && at < colour.word + colour.words;
             ++at) {
            if (!has(kKnown, words.all()[at].low)) {
                --unknown;
            }
        }
    }
    return unknown;
}

}  // namespace

bool read_theme(Draft& draft, Statement& statement) {
    const bool colours = read_colours(draft, statement);
    const bool mode = read_mode(draft, statement);
    const bool font = read_font(draft, statement);
    if (!colours && !mode && !font) {
        return false;
    }
    if (unknown_words(statement.clean) >= kUnknownWordsMax) {
        statement.settle(LineStatus::Partial,
                         "the look was used; the rest of the line was not understood");
    }
    return true;
}

}  // namespace origin::generator
