// SPDX-License-Identifier: Apache-2.0
// generator/blueprint/words: a clause as words, and patterns over words.
//
// Pattern language, elements separated by spaces, matched against the whole clause:
//   add|create     one of these words (folded to lower case)      word?   the same, may be missing
//   {name}         one or more words, as few as possible          {name?} none or more
//   {'name}        one quoted text                                {<name} one bracketed text
//   ...            any words, not captured                        , : .   that mark
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace origin::generator {

enum class WordKind { Word, Quote, Bracket, Mark };

struct Word {
    WordKind kind = WordKind::Word;
    std::string low;        // Lower case; for a quote or bracket its inside.
    std::size_t begin = 0;  // In the text the words were cut from.
    std::size_t end = 0;
};

/// Words of one clause together with the text they index.
class Words {
public:
    explicit Words(std::string text);

    const std::string& text() const { return text_; }
    const std::vector<Word>& all() const { return words_; }
    std::size_t size() const { return words_.size(); }
    /// The text from word `first` up to, not including, word `last`.
    std::string slice(std::size_t first, std::size_t last) const;
    /// True if one of the words is `low`.
    bool contains(std::string_view low) const;
    /// True if the words of `phrase` stand one after another.
    bool contains_phrase(std::string_view phrase) const;

private:
    std::string text_;
    std::vector<Word> words_;
};

using Captures = std::map<std::string, std::string, std::less<>>;

/// A compiled pattern.
class Pattern {
public:
    explicit Pattern(std::string_view source);

    /// What the names caught, if the pattern fits the whole clause.
    /// Limits: gives up (no match) after kBlueprintMatchStepsMax tries.
    std::optional<Captures> match(const Words& words) const;

private:
    enum class Kind { Literal, Capture, Quote, Bracket };
    struct Element {
        Kind kind = Kind::Literal;
        bool optional = false;
        std::string name;
        std::vector<std::string> words;
    };
    struct Attempt;

    static Element element_of(std::string item);
    static bool step(Attempt& attempt, std::size_t element, std::size_t word);
    static bool capture(Attempt& attempt, std::size_t element, std::size_t word);
    std::vector<Element> elements_;
};

}  // namespace origin::generator
