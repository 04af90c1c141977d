// SPDX-License-Identifier: Apache-2.0
#include "generator/blueprint/words.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

constexpr std::size_t kBracketBytesMax = 1000;  // A longer one is not looked through.

bool is_mark(char c) {
    return std::string_view(",:;!?.").contains(c);
}

/// A dot or colon inside a word belongs to it: "7.5", "7:00", "a@b.example", "e.g.".
bool ends_word(std::string_view text, std::size_t at) {
    const char c = text[at];
    if (c == ' ' || c == '\t' || c == '\n' || c == '(' || c == ')' || c == '"') {
        return true;
    }
    if (!is_mark(c)) {
        return false;
    }
    const bool last = at + 1 >= text.size();
    return last || text[at + 1] == ' ' || text[at + 1] == '\n' || c == ',' || c == ';';
}

Word inside(WordKind kind, std::string_view text, std::size_t open, std::size_t close) {
    return {kind, std::string(text.substr(open + 1, close - open - 1)), open, close + 1};
}

std::size_t closing_bracket(std::string_view text, std::size_t open) {
    int depth = 0;
    const std::size_t end = std::min(text.size(), open + kBracketBytesMax);
    if (text.find(')', open) == std::string_view::npos) {
        return std::string_view::npos;
    }
    for (std::size_t at = open; at < end; ++at) {
        if (text[at] == '(') {
            ++depth;
        }
        if (text[at] == ')' && --depth == 0) {
            return at;
        }
    }
    return std::string_view::npos;
}

/// The quoted text or bracket that begins at `at`, if it is closed.
std::optional<Word> enclosed(std::string_view text, std::size_t at) {
    const char c = text[at];
    const std::size_t close = c == '"'   ? text.find('"', at + 1)
                              : c == '(' ? closing_bracket(text, at)
                                         : std::string_view::npos;
    if (close == std::string_view::npos) {
        return std::nullopt;
    }
    return inside(c == '"' ? WordKind::Quote : WordKind::Bracket, text, at, close);
}

std::vector<Word> cut(std::string_view text) {
    std::vector<Word> words;
    for (std::size_t at = 0; at < text.size();) {
        if (auto word = enclosed(text, at)) {
            at = word->end;
            words.push_back(std::move(*word));
        } else if (ends_word(text, at)) {
            if (is_mark(text[at])) {
                words.push_back({WordKind::Mark, std::string(1, text[at]), at, at + 1});
            }
            ++at;
        } else {
            std::size_t end = at + 1;
            while (end < text.size() && !ends_word(text, end)) {
                ++end;
            }
            words.push_back({WordKind::Word, lower(text.substr(at, end - at)), at, end});
            at = end;
        }
    }
    while (!words.empty() && words.back().kind == WordKind::Mark) {
        words.pop_back();
    }
    return words;
}

}  // namespace

Words::Words(std::string text) : text_(std::move(text)), words_(cut(text_)) {}

std::string Words::slice(std::size_t first, std::size_t last) const {
    if (first >= last || last > words_.size()) {
        return {};
    }
    return text_.substr(words_[first].begin, words_[last - 1].end - words_[first].begin);
}

bool Words::contains(std::string_view low) const {
    return std::ranges::any_of(
        words_, [&](const Word& word) { return word.kind == WordKind::Word && word.low == low; });
}

bool Words::contains_phrase(std::string_view phrase) const {
    const Words wanted{std::string(phrase)};
    const auto same = [](const Word& left, const Word& right) {
        return left.low == right.low;
    };
    return wanted.size() > 0 && !std::ranges::search(words_, wanted.words_, same).empty();
}

struct Pattern::Attempt {
    const std::vector<Element>& elements;
    const Words& words;
    std::size_t steps = 0;
    std::vector<std::pair<std::size_t, std::size_t>> spans;  // Per element: first and last word.
};

Pattern::Element Pattern::element_of(std::string item) {
    Element element;
    if (!item.starts_with('{')) {
        element.optional = item.size() > 1 && item.ends_with('?');
        if (element.optional) {
            item.pop_back();
        }
        element.words = split_outside(item, "|");
        return element;
    }
    element.kind = Kind::Capture;
    item = item.substr(1, item.size() - 2);
    if (item.starts_with('\'')) {
        element.kind = Kind::Quote;
    }
    if (item.starts_with('<')) {
        element.kind = Kind::Bracket;
    }
    if (element.kind != Kind::Capture) {
        item.erase(0, 1);
    }
    element.optional = item.ends_with('?');
    if (element.optional) {
        item.pop_back();
    }
    element.name = std::move(item);
    return element;
}

Pattern::Pattern(std::string_view source) {
    for (std::string& item : split_outside(source, " ")) {
        elements_.push_back(element_of(item == "..." ? "{?}" : std::move(item)));
    }
}

std::optional<Captures> Pattern::match(const Words& words) const {
    Attempt attempt{elements_, words, 0, {}};
    attempt.spans.resize(elements_.size());
    if (!step(attempt, 0, 0)) {
        return std::nullopt;
    }
    Captures captures;
    for (std::size_t at = 0; at < elements_.size(); ++at) {
        const auto [first, last] = attempt.spans[at];
        const auto& element = elements_[at];
        if (element.name.empty() || first >= last) {
            continue;
        }
        captures[element.name] =
            element.kind == Kind::Capture ? words.slice(first, last) : words.all()[first].low;
    }
    return captures;
}

bool Pattern::step(Attempt& attempt, std::size_t element, std::size_t word) {
    if (++attempt.steps > kBlueprintMatchStepsMax) {
        return false;
    }
    if (element == attempt.elements.size()) {
        return word == attempt.words.size();
    }
    const Element& wanted = attempt.elements[element];
    if (wanted.kind == Kind::Capture) {
        return capture(attempt, element, word);
    }
    if (word < attempt.words.size()) {
        const Word& here = attempt.words.all()[word];
        const bool fits = wanted.kind == Kind::Quote ? here.kind == WordKind::Quote
                          : wanted.kind == Kind::Bracket
                              ? here.kind == WordKind::Bracket
                              : here.kind != WordKind::Quote && here.kind != WordKind::Bracket &&
                                    std::ranges::find(wanted.words, here.low) != wanted.words.end();
        if (fits) {
            attempt.spans[element] = {word, word + 1};
            if (step(attempt, element + 1, word + 1)) {
                return true;
            }
        }
    }
    attempt.spans[element] = {word, word};
    return wanted.optional && step(attempt, element + 1, word);
}

bool Pattern::capture(Attempt& attempt, std::size_t element, std::size_t word) {
    const std::size_t least = attempt.elements[element].optional ? 0 : 1;
    for (std::size_t end = word + least; end <= attempt.words.size(); ++end) {
        attempt.spans[element] = {word, end};
        if (step(attempt, element + 1, end)) {
            return true;
        }
        if (attempt.steps > kBlueprintMatchStepsMax) {
            return false;
        }
    }
    return false;
}

}  // namespace origin::generator
