// SPDX-License-Identifier: Apache-2.0
#include "generator/blueprint/statements.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "generator/blueprint/lexicon.h"
#include "generator/blueprint/text.h"
#include "generator/blueprint/words.h"

namespace origin::generator {

namespace {

constexpr std::size_t kShortLineBytes = 60;  // Shorter lines were broken on purpose.

struct Place {
    std::string title;
    int level = 0;
    SectionClass section = SectionClass::Require;
};

bool is_abbreviation(std::string_view before) {
    for (const std::string_view word :
         {"e.g", "i.e", "etc", "vs", "approx", "no", "mr", "mrs", "dr", "st"}) {
        const auto start = before.size() - std::min(before.size(), word.size());
        const bool alone = start == 0 || before[start - 1] == ' ' || before[start - 1] == '(';
        if (alone && same_text(before.substr(start), word)) {
            return true;
        }
    }
    return false;
}

/// True if the line after `at` says something new, and does not go on with wrapped prose.
bool starts_line(std::string_view text, std::size_t start, std::size_t at) {
    const auto next = trim(text.substr(at + 1, 12));
    for (const std::string_view step : {"Given ",
                                        "When ",
                                        "Then ",
                                        "And ",
                                        "But ",
                                        "Scenario",
                                        "Feature:",
                                        "WHEN ",
                                        "IF ",
                                        "WHILE ",
                                        "WHERE "}) {
        if (next.starts_with(step)) {
            return true;
        }
    }
    const bool upper = !next.empty() && next[0] >= 'A' && next[0] <= 'Z';
    return upper && at - start < kShortLineBytes;
}

/// What a sentence does not end in.
struct Enclosure {
    int depth = 0;
    bool quoted = false;

    void see(std::string_view text, std::size_t at) {
        const char c = text[at];
        if (c == '"') {
            quoted = !quoted && text.find('"', at + 1) != std::string_view::npos;
        }
        if (c == '(') {
            ++depth;
        }
        if (c == ')' && depth > 0) {
            --depth;
        }
    }
    bool is_open() const { return depth > 0 || quoted; }
};

/// Offsets where sentences end; quotes and brackets are passed over.
std::vector<std::string_view> cut_sentences(std::string_view text) {
    std::vector<std::string_view> out;
    std::size_t start = 0;
    Enclosure enclosure;
    for (std::size_t at = 0; at < text.size(); ++at) {
        enclosure.see(text, at);
        if (enclosure.is_open()) {
            continue;
        }
        const char c = text[at];
        if (c == '\n' && starts_line(text, start, at)) {
            out.push_back(text.substr(start, at - start));
            start = at + 1;
            continue;
        }
        const bool stop = c == '.' || c == '!' || c == '?';
        const bool space = at + 1 >= text.size() || text[at + 1] == ' ' || text[at + 1] == '\n';
        if (!stop || !space || is_abbreviation(text.substr(start, at - start))) {
            continue;
        }
        out.push_back(text.substr(start, at + 1 - start));
        start = at + 1;
    }
    out.push_back(text.substr(start));
    std::erase_if(out, [](std::string_view part) { return trim(part).empty(); });
    return out;
}

bool query_family(std::string_view family) {
    return family == "search" || family == "filter" || family == "sort";
}

/// Decides where a sentence falls into clauses: before a verb, after a complete clause.
class ClauseCutter {
public:
    explicit ClauseCutter(std::string_view text) : words_(std::string(text)) {}

    std::vector<std::string> run() {
        std::size_t start = 0;
        std::size_t chunk = 0;  // First word since the last comma or "and".
        for (std::size_t at = 1; at < words_.size(); ++at) {
            const auto& word = words_.all()[at];
            const bool comma = word.kind == WordKind::Mark && (word.low == "," || word.low == ";");
            const bool joint =
                word.kind == WordKind::Word && (word.low == "and" || word.low == "then");
            if (!comma && !joint) {
                continue;
            }
            std::size_t next = at + 1;
            while (next < words_.size() && is_filler(next)) {
                ++next;
            }
            if (cuts(start, chunk, at, next)) {
                push(start, at);
                start = next;
            }
            chunk = next;
            at = next - 1;
        }
        push(start, words_.size());
        return std::move(out_);
    }

private:
    bool is_filler(std::size_t at) const {
        const auto& low = words_.all()[at].low;
        return low == "and" || low == "then" || low == "also" || low == ",";
    }

    std::string_view family_at(std::size_t at) const {
        return at < words_.size() ? verb_family(words_.all()[at].low) : std::string_view{};
    }

    /// The family of the first verb of the clause that starts at `start`.
    std::string_view family_of(std::size_t start, std::size_t end) const {
        for (std::size_t at = start; at < end; ++at) {
            if (const auto family = family_at(at); !family.empty()) {
                return family;
            }
        }
        return {};
    }

    bool cuts(std::size_t start, std::size_t chunk, std::size_t at, std::size_t next) const {
        if (next >= words_.size()) {
            return false;
        }
        const auto& low = words_.all()[next].low;
        if (low == "so" && words_.size() > next + 1 && words_.all()[next + 1].low == "that") {
            return true;
        }
        const bool and_joint = words_.all()[at].low == "and" || words_.all()[at].low == ",";
        if (and_joint && starts_contact_form(next)) {
            return true;
        }
        const auto family = family_at(next);
        if (family.empty() || at - chunk < 2 || at - start < 2) {
            return false;
        }
        if (next + 1 < words_.size() && words_.all()[next + 1].kind == WordKind::Mark) {
            return false;
        }
        const bool joined_queries = words_.all()[at].low == "and" && query_family(family) &&
                                    query_family(family_of(chunk, at));
        return !joined_queries;
    }

    bool starts_contact_form(std::size_t at) const {
        const auto& all = words_.all();
        return at + 2 < all.size() && (all[at].low == "a" || all[at].low == "the") &&
               all[at + 1].low == "contact" && all[at + 2].low == "form";
    }

    void push(std::size_t first, std::size_t last) {
        auto clause = words_.slice(first, last);
        if (!trim(clause).empty()) {
            out_.push_back(std::move(clause));
        }
    }

    Words words_;
    std::vector<std::string> out_;
};

/// "FR-12: ", "REQ 3.1 ", "(Must) ", "P1: " at the front of a line.
std::string_view without_tag(std::string_view text) {
    const auto colon = text.find_first_of(":.)] ");
    if (colon == std::string_view::npos || colon == 0 || colon > 10) {
        return text;
    }
    const auto head = text.substr(0, colon);
    const bool digit = head.find_first_of("0123456789") != std::string_view::npos;
    const bool upper = head.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_([") ==
                       std::string_view::npos;
    const auto rest = trim(text.substr(colon + 1));
    return digit && upper && head.size() >= 2 && !rest.empty() ? rest : text;
}

std::string one_line(std::string_view text) {
    return replace_all(std::string(trim(text)), "\n", " ");
}

/// "Dashboard: count of parts" under a page heading: the page's name and what it holds.
std::pair<std::string, std::string> page_and_content(const std::string& clean) {
    for (const std::string_view mark : {": ", " - ", " \xE2\x80\x93 ", " \xE2\x80\x94 "}) {
        const auto at = clean.find(mark);
        if (at == std::string::npos || at > 40) {
            continue;
        }
        return {clean.substr(0, at), clean.substr(at + mark.size())};
    }
    return {clean, {}};
}

/// Phrases of "table of parts, sort by name or quantity, search by name and sku". A phrase that
/// starts with no known word belongs to the one before it.
std::vector<std::string> cut_phrases(std::string_view content) {
    static constexpr std::array<std::string_view, 22> kHeads = {
        "count",  "number", "total",  "sum",  "average", "table", "list", "newest",
        "oldest", "latest", "sorted", "form", "button",  "hero",  "a",    "the",
        "with",   "can",    "cards",  "grid", "highest", "lowest"};
    std::vector<std::string> out;
    for (const std::string& piece : split_outside(content, ",;")) {
        const Words words{piece};
        const bool starts =
            words.size() > 0 && (std::ranges::find(kHeads, words.all()[0].low) != kHeads.end() ||
                                 !verb_family(words.all()[0].low).empty());
        if (starts || out.empty()) {
            out.push_back(piece);
        } else {
            out.back() += ", " + piece;
        }
    }
    return out;
}

class Cutter {
public:
    explicit Cutter(const std::vector<Block>& blocks) : blocks_(blocks) {}

    Result<Reading> run() {
        for (const Block& block : blocks_) {
            read(block);
            if (reading_.statements.size() > kBlueprintClausesMax) {
                return std::unexpected(
                    Error(Code::LimitExceeded,
                          "The requirement has more than 5000 clauses; send it in parts.")
                        .because("requirement_too_large"));
            }
        }
        return std::move(reading_);
    }

private:
    void read(const Block& block) {
        switch (block.kind) {
            case BlockKind::Heading:
                return read_heading(block);
            case BlockKind::TableHead:
                return push_row(block, StatementKind::TableHead);
            case BlockKind::TableRow:
                return push_row(block, StatementKind::TableRow);
            case BlockKind::Item:
                return read_item(block);
            case BlockKind::Paragraph:
                return read_paragraph(block);
            case BlockKind::Code:
            case BlockKind::Quote: {
                Statement& made = push(block, block.text);
                made.kind = StatementKind::Other;
                return;
            }
        }
    }

    void read_heading(const Block& block) {
        while (!places_.empty() && places_.back().level >= block.level) {
            places_.pop_back();
        }
        const auto above = places_.empty() ? SectionClass::Require : places_.back().section;
        const bool title = block.level == 1 && reading_.title.empty();
        if (title) {
            reading_.title = block.text;
        }
        const auto named = title ? std::nullopt : class_of_heading(block.text);
        const bool stays = above == SectionClass::Defer || above == SectionClass::Exclude;
        places_.push_back({block.text, block.level, stays ? above : named.value_or(above)});
        reading_.headings.push_back(block.text);
    }

    Statement& push(const Block& block, std::string_view text) {
        Statement made;
        made.line = block.line;
        made.group = group_;
        made.text = one_line(text);
        made.clean = std::string(without_tag(trim(without_marks(made.text))));
        made.depth = static_cast<int>(places_.size());
        if (!places_.empty()) {
            made.section = places_.back().section;
            made.heading = places_.back().title;
        }
        if (places_.size() > 1) {
            made.parent = places_[places_.size() - 2].title;
        }
        made.level = block.level;
        made.cells = block.cells;
        reading_.statements.push_back(std::move(made));
        return reading_.statements.back();
    }

    void push_row(const Block& block, StatementKind kind) {
        ++group_;
        push(block, block.text).kind = kind;
    }

    void read_item(const Block& block) {
        ++group_;
        const bool pages = !places_.empty() && is_page_heading(places_.back().title);
        const std::string clean(without_tag(trim(without_marks(one_line(block.text)))));
        if (pages && block.level == 0) {
            return read_page_item(block, clean);
        }
        const bool long_text = cut_sentences(block.text).size() > 1;
        if (long_text) {
            return read_sentences(block, StatementKind::Item);
        }
        Statement& made = push(block, block.text);
        made.kind = StatementKind::Item;
        made.merge = true;
        split_why(block, StatementKind::Item);
    }

    void read_page_item(const Block& block, const std::string& clean) {
        auto [page, content] = page_and_content(clean);
        auto phrases = cut_phrases(content);
        if (phrases.empty()) {
            phrases.emplace_back();
        }
        for (const std::string& phrase : phrases) {
            Statement& made = push(block, phrases.size() == 1 ? block.text : phrase);
            made.kind = StatementKind::Item;
            made.merge = true;
            made.page = page;
            made.whole = one_line(block.text);
            made.clean = phrase;
        }
    }

    void read_paragraph(const Block& block) { read_sentences(block, StatementKind::Sentence); }

    void read_sentences(const Block& block, StatementKind kind) {
        const std::string_view text = block.text;
        for (const std::string_view sentence : cut_sentences(text)) {
            ++group_;
            Block part = block;
            const auto lead = trim(sentence);
            const auto offset = static_cast<std::size_t>(lead.data() - text.data());
            part.line += static_cast<int>(std::ranges::count(text.substr(0, offset), '\n'));
            for (const std::string& clause : ClauseCutter(one_line(lead)).run()) {
                push(part, clause).kind = kind;
            }
        }
    }

    /// "..., so that I see when I overspend" is a reason, not a second wish: a row of its own.
    void split_why(const Block& block, StatementKind kind) {
        Statement& last = reading_.statements.back();
        const auto at = lower(last.text).find(", so that ");
        if (at == std::string::npos) {
            return;
        }
        const std::string why = last.text.substr(at + 2);
        last.text = last.text.substr(0, at);
        last.clean = without_marks(last.text);
        push(block, why).kind = kind;
    }

    const std::vector<Block>& blocks_;
    Reading reading_;
    std::vector<Place> places_;
    int group_ = 0;
};

}  // namespace

namespace {

const std::vector<Pattern>& actor_patterns() {
    static const std::vector<Pattern> kActors = [] {
        std::vector<Pattern> made;
        for (const char* source :
             {"as a|an {who} , i|we want|need|can|should|would to|like? to? be? able? to? {do}",
              "as a|an {who} i|we want|need|can|should|would to|like? to? be? able? to? {do}",
              "hey|hi|hello ,? {do}",
              "can|could you please? {do}",
              "please {do}",
              "i|we want|need|would like? to be able to {do}",
              "i|we want|need|would like? to {do}",
              "i|we should be able to {do}",
              "i|we can|must|should {do}",
              ("the? user|users|visitor|visitors|customer|customers|admin|admins|staff|people|"
               "everyone|anyone|owner|owners|member|members|guest|guests can|must|may|should|"
               "shall|will also? be? able? to? {do}"),
              ("the? user|users|visitor|visitors|customers|staff|people want|wants|need|needs to "
               "{do}"),
              ("the? system|app|application|website|site|tool|page|web must|shall|should|will|can "
               "allow|let|enable the? {who} to {do}"),
              "the? system|app|application|website|site|tool must|shall|should|will|can {do}",
              "allow|let|enable the? users|user|visitors|people|me|us|customers|staff to? {do}",
              "it must|should|shall {do}",
              "ability|able to {do}",
              "the? ability|possibility to {do}"}) {
            made.emplace_back(source);
        }
        return made;
    }();
    return kActors;
}

/// "A librarian can delete a book": any short subject, if what follows "can" is a verb we know.
std::string without_subject(const Words& words) {
    static const Pattern kSubject{
        "a|an|the|each? {who} can|must|may|should|shall|will also? be? able? to? {do}"};
    const auto found = kSubject.match(words);
    if (!found) {
        return {};
    }
    const std::string& who = found->find("who")->second;
    if (Words{who}.size() > 2 || is_stop_noun(who)) {
        return {};  // "The menu should list ..."
    }
    const Words rest{found->find("do")->second};
    return verb_family(rest.all()[0].low).empty() ? std::string{} : rest.text();
}

}  // namespace

std::string without_actor(std::string_view clause) {
    std::string text(clause);
    for (int more = 2; more > 0; --more) {
        const Words words{text};
        std::optional<Captures> found;
        for (const auto& actor : actor_patterns()) {
            found = actor.match(words);
            if (found) {
                break;
            }
        }
        if (!found) {
            break;
        }
        text = found->find("do")->second;
    }
    const std::string rest = without_subject(Words{text});
    return rest.empty() ? text : rest;
}

Result<Reading> read_statements(const std::vector<Block>& blocks) {
    Cutter cutter(blocks);
    ORIGIN_TRY(reading, cutter.run());
    for (Statement& statement : reading.statements) {
        if (statement.clean.size() > kBlueprintClauseBytesMax) {
            statement.settle(LineStatus::Unrecognized, "too long for one requirement");
            continue;
        }
        statement.clean = without_actor(statement.clean);
    }
    return std::move(reading);
}

}  // namespace origin::generator
