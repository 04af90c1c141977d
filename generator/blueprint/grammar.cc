// SPDX-License-Identifier: Apache-2.0
// Grammar: runs the tables over the clauses, in the order that lets later ones use earlier facts.
#include <algorithm>
#include <utility>

#include "generator/blueprint/draft.h"
#include "generator/blueprint/lexicon.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

constexpr int kJointsMax = 16;               // Places where one clause is tried to be cut.
constexpr std::size_t kClauseWordsMin = 20;  // Less work left than this: the budget is used up.
constexpr int kPartsMax = 8;                 // Phrases of one clause that are tried one by one.

// 1. What the section decides -----------------------------------------------------------------

void settle_by_section(Statement& statement) {
    switch (statement.section) {
        case SectionClass::Defer:
            return statement.settle(LineStatus::Deferred,
                                    "stands under \"" + statement.heading + "\"");
        case SectionClass::Exclude:
            return statement.settle(LineStatus::Excluded,
                                    "stands under \"" + statement.heading + "\"");
        case SectionClass::Context:
            return statement.settle(LineStatus::Context);
        case SectionClass::Stack:
            return statement.settle(LineStatus::Overridden,
                                    "the blueprint engine writes static HTML, CSS and JavaScript");
        case SectionClass::NonFunctional:
            if (quality_of(statement.clean)) {
                return;
            }
            return statement.settle(LineStatus::NotVerifiable, "no generated test can decide it");
        case SectionClass::Require:
            break;
    }
    if (statement.kind == StatementKind::Other) {
        statement.settle(LineStatus::Context, "quoted text");
    } else if (is_deferred(statement.clean)) {
        statement.settle(LineStatus::Deferred, "the line itself puts it off");
    }
}

// 2. Headings that are pages: "## Home", "## About", "## Contact" ------------------------------

bool is_page_name(std::string_view words) {
    static const std::vector<std::string> kNames = {
        "home",    "homepage", "about",    "about us", "contact",   "contact us",   "gallery",
        "menu",    "services", "pricing",  "faq",      "blog",      "team",         "portfolio",
        "work",    "projects", "events",   "news",     "shop",      "testimonials", "visit us",
        "history", "products", "location", "find us",  "home page", "landing page"};
    return has(kNames, words);
}

void find_heading_pages(Draft& draft, Reading& reading) {
    std::vector<std::string> pages;
    for (const std::string& heading : reading.headings) {
        if (is_page_name(heading_words(heading))) {
            add_once(pages, heading);
        }
    }
    if (draft.change || pages.size() < 2) {
        return;
    }
    for (const std::string& page : pages) {
        draft.make_page(to_label(heading_words(page)));
    }
    for (Statement& statement : reading.statements) {
        if (has(pages, statement.heading)) {
            statement.heading_page = to_label(heading_words(statement.heading));
        }
    }
}

/// Prose below a page's heading is that page's text, word for word.
bool keep_as_text(Draft& draft, Statement& statement) {
    Page* page = statement.heading_page.empty() ? nullptr : draft.find_page(statement.heading_page);
    if (page == nullptr || statement.kind != StatementKind::Sentence) {
        return false;
    }
    Section* section = page->find("text");
    if (section == nullptr) {
        Section made;
        made.kind = "text";
        made.id = "text_" + page->id;
        page->sections.insert(page->sections.begin(), std::move(made));
        section = &page->sections.front();
    }
    std::string text = statement.text;
    if (!text.empty() && std::string_view(".!?").find(text.back()) == std::string_view::npos) {
        text += '.';
    }
    section->text += (section->text.empty() ? "" : " ") + text;
    statement.implement("section:" + page->id + "." + section->id);
    return true;
}

// 3. Grammar tables ---------------------------------------------------------------------------

bool try_table(const std::vector<GrammarRule>& table,
               Draft& draft,
               Statement& statement,
               const Words& words) {
    for (const GrammarRule& rule : table) {
        const auto captures = rule.pattern.match(words);
        if (captures && rule.apply(draft, statement, *captures)) {
            return true;
        }
    }
    return false;
}

/// Theme and content are found by key words; what else such a clause asks for must not be hidden.
bool read_freely(Draft& draft, Statement& statement) {
    if (!read_theme(draft, statement) && !read_content(draft, statement)) {
        return false;
    }
    const auto reason = unsupported_reason(statement.clean);
    if (reason && statement.status == LineStatus::Implemented) {
        statement.settle(LineStatus::Partial, *reason);
    }
    return true;
}

bool try_all(Draft& draft, Statement& statement) {
    const Words words{statement.clean};
    if (words.size() > draft.work_left) {
        return false;
    }
    draft.work_left -= words.size();
    return (draft.change && try_table(change_grammar(), draft, statement, words)) ||
           try_table(page_grammar(), draft, statement, words) ||
           try_table(rule_grammar(), draft, statement, words) ||
           try_table(board_grammar(), draft, statement, words) ||
           try_table(list_grammar(), draft, statement, words) || read_freely(draft, statement);
}

bool is_joint(const Word& word) {
    return word.low == "," || word.low == ";" || word.low == "and" || word.low == "with" ||
           word.low == "where" || word.low == ".";
}

bool try_parts(Draft& draft, Statement& statement, int parts);

/// What follows a joint, on its own. Returns: whether all of it was understood.
bool try_rest(Draft& draft, Statement& tail, const std::string& rest, int parts) {
    if (rest.empty() || try_parts(draft, tail, parts)) {
        return true;
    }
    const auto quality = quality_of(rest);
    if (!quality || !quality->built_in) {
        return false;
    }
    tail.implement(quality->evidence);
    return true;
}

std::size_t past_joints(const Words& words, std::size_t at) {
    while (at < words.size() && is_joint(words.all()[at])) {
        ++at;
    }
    return at;
}

/// "a table and search by name": the longest understood beginning, then the rest the same way.
bool try_parts(Draft& draft, Statement& statement, int parts) {
    if (try_all(draft, statement)) {
        return true;
    }
    if (parts == 0) {
        return false;
    }
    const Words words{statement.clean};
    int tries = 0;
    for (std::size_t at = words.size(); at-- > 1;) {
        if (!is_joint(words.all()[at]) || ++tries > kJointsMax) {
            continue;
        }
        Statement head = statement;
        head.clean = words.slice(0, at);
        if (!try_all(draft, head)) {
            continue;
        }
        const std::size_t next = past_joints(words, at + 1);
        Statement tail = head;
        tail.settled = false;
        tail.clean = without_actor(words.slice(next, words.size()));
        const std::string rest = words.slice(next, words.size());
        const bool whole = try_rest(draft, tail, rest, parts - 1);
        statement.settle(head.status, head.reason);
        statement.evidence = whole && !rest.empty() ? tail.evidence : head.evidence;
        if (!whole) {
            statement.settle(LineStatus::Partial, "not understood: \"" + rest + "\"");
        } else if (tail.settled && tail.status != head.status) {
            statement.settle(LineStatus::Partial, tail.reason.empty() ? head.reason : tail.reason);
        }
        return true;
    }
    return false;
}

// 4. The page a clause speaks of ----------------------------------------------------------------

bool names_page(Draft& draft, std::string_view name) {
    const Words words{std::string(name)};
    if (words.size() == 0 || words.size() > 2) {
        return false;
    }
    return draft.find_page(name) != nullptr || same_text(name, "home") || !draft.change;
}

void find_page_of(Draft& draft, Statement& statement) {
    if (draft.page_group != statement.group) {
        draft.page.clear();
    }
    draft.page_group = statement.group;
    if (!statement.heading_page.empty()) {
        if (const Page* page = draft.find_page(statement.heading_page)) {
            draft.page = page->id;
        }
    }
    if (!statement.page.empty()) {
        if (const Page* page = draft.make_page(statement.page)) {
            draft.page = page->id;
        }
        return;
    }
    static const Pattern kFront{"on|in the? {page} page|screen ,? {do}"};
    static const Pattern kBack{"{do} on|in the? {page} page|screen"};
    static const Pattern kNeeds{
        "the? {page} page|screen needs|should|must|has|shows|displays|contains|will "
        "show|have|display? "
        "{do}"};
    const Words words{statement.clean};
    for (const auto* pattern : {&kFront, &kBack, &kNeeds}) {
        const auto found = pattern->match(words);
        if (!found || !names_page(draft, get(*found, "page"))) {
            continue;
        }
        const Page* page = draft.make_page(get(*found, "page"));
        if (page == nullptr) {
            continue;
        }
        draft.page = page->id;
        statement.clean = without_actor(get(*found, "do"));
        return;
    }
}

void read_clause(Draft& draft, Statement& statement) {
    const Statement before = statement;
    find_page_of(draft, statement);
    if (!statement.page.empty() && trim(statement.clean).empty()) {
        if (!draft.page.empty()) {
            statement.implement("page:" + draft.page);
        }
        return;
    }
    if (try_parts(draft, statement, kPartsMax)) {
        return;
    }
    statement.clean = before.clean;
}

// 5. What is left ---------------------------------------------------------------------------------

bool asks_for_something(const Statement& statement) {
    static const std::vector<std::string> kModals = {"must",
                                                     "should",
                                                     "shall",
                                                     "can",
                                                     "could",
                                                     "need",
                                                     "needs",
                                                     "want",
                                                     "wants",
                                                     "like",
                                                     "allow",
                                                     "please",
                                                     "will",
                                                     "able",
                                                     "require",
                                                     "requires",
                                                     "support",
                                                     "send"};
    const Words words{lower(statement.text)};
    if (words.size() == 0) {
        return false;
    }
    if (!verb_family(words.all()[0].low).empty()) {
        return true;
    }
    return std::ranges::any_of(kModals,
                               [&](const std::string& modal) { return words.contains(modal); });
}

bool only_names_headings(const Statement& statement, const Reading& reading) {
    const auto parts = split_list(statement.clean);
    return !parts.empty() && std::ranges::all_of(parts, [&](const std::string& part) {
        return std::ranges::any_of(reading.headings, [&](const std::string& heading) {
            return heading_words(heading) == heading_words(part);
        });
    });
}

bool mentions_known(Draft& draft, const Statement& statement) {
    static const Pattern kAdd{"add|introduce|support {noun} to|in|for the? {rest}"};
    static const Pattern kOnly{"feature request : {noun}"};
    const Words words{statement.clean};
    for (const auto* pattern : {&kAdd, &kOnly}) {
        const auto found = pattern->match(words);
        if (found && draft.find_entity(get(*found, "noun")) != nullptr) {
            return true;
        }
    }
    return false;
}

void settle_rest(Draft& draft, Statement& statement, const Reading& reading) {
    if (statement.clean.starts_with("so that ")) {
        return statement.settle(LineStatus::Context,
                                "a reason; nothing was generated for it beyond the line above");
    }
    if (const auto reason = unsupported_reason(statement.clean)) {
        return statement.settle(LineStatus::Unsupported, *reason);
    }
    static const Pattern kStep{"given|then|and|but|scenario|feature|background {rest}"};
    if (kStep.match(Words{statement.clean}) && !statement.text.empty() &&
        statement.text[0] >= 'A' && statement.text[0] <= 'Z') {
        return statement.settle(LineStatus::Context, "a step of a scenario");
    }
    if (const auto quality = quality_of(statement.clean)) {
        if (quality->built_in) {
            return statement.implement(quality->evidence);
        }
        return statement.settle(LineStatus::NotVerifiable, quality->reason);
    }
    if (mentions_known(draft, statement)) {
        return statement.settle(LineStatus::Context, "what the request is about");
    }
    if (only_names_headings(statement, reading)) {
        return statement.settle(LineStatus::Context, "names sections of this text");
    }
    if (!asks_for_something(statement) && keep_as_text(draft, statement)) {
        return;
    }
    if (statement.kind == StatementKind::Sentence && !asks_for_something(statement)) {
        return statement.settle(LineStatus::Context);
    }
    statement.settle(LineStatus::Unrecognized,
                     draft.work_left < kClauseWordsMin
                         ? "the text is too tangled to be read to its end"
                         : "no rule of the blueprint grammar fits");
}

void link_entities(Draft& draft) {
    for (const PendingLink& link : draft.links) {
        Entity* from = draft.app.entity(link.entity);
        const Entity* to = draft.find_entity(link.noun);
        Field* field = from == nullptr ? nullptr : from->find(link.field);
        if (field == nullptr) {
            continue;
        }
        field->type = to == nullptr ? "text" : (link.many ? "refs:" : "ref:") + to->id;
    }
    draft.links.clear();
}

void read_entities(Draft& draft, std::vector<Statement>& statements) {
    for (Statement& statement : statements) {
        if (statement.settled || !statement.page.empty()) {
            continue;
        }
        const Words words{statement.clean};
        if (draft.change && try_table(change_grammar(), draft, statement, words)) {
            continue;
        }
        try_table(entity_grammar(), draft, statement, words);
    }
}

}  // namespace

void understand(Draft& draft, Reading& reading) {
    read_identities(draft, reading);
    for (Statement& statement : reading.statements) {
        if (!statement.settled) {
            settle_by_section(statement);
        }
    }
    read_short_identity(draft, reading);
    find_heading_pages(draft, reading);
    read_field_blocks(draft, reading.statements);
    read_entities(draft, reading.statements);
    link_entities(draft);
    for (Statement& statement : reading.statements) {
        if (!statement.settled && !statement.page.empty()) {
            draft.make_page(statement.page);
        }
    }
    // Rules first: a page may have a filter that is named after one of them.
    for (Statement& statement : reading.statements) {
        if (!statement.settled && statement.page.empty()) {
            try_table(rule_grammar(), draft, statement, Words{statement.clean});
        }
    }
    for (Statement& statement : reading.statements) {
        if (!statement.settled) {
            read_clause(draft, statement);
        }
    }
    link_entities(draft);
    for (Statement& statement : reading.statements) {
        if (!statement.settled) {
            settle_rest(draft, statement, reading);
        }
    }
}

}  // namespace origin::generator
