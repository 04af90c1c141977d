// SPDX-License-Identifier: Apache-2.0
#include "generator/blueprint/sections.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "generator/blueprint/text.h"
#include "generator/blueprint/words.h"

namespace origin::generator {

namespace {

struct HeadingRule {
    std::string_view phrase;
    SectionClass section;
};

// The first phrase found decides, so the narrow ones stand before the wide ones.
constexpr std::array kHeadings = {
    HeadingRule{"non goals", SectionClass::Exclude},
    HeadingRule{"non goal", SectionClass::Exclude},
    HeadingRule{"out of scope", SectionClass::Exclude},
    HeadingRule{"not in scope", SectionClass::Exclude},
    HeadingRule{"not included", SectionClass::Exclude},
    HeadingRule{"excluded", SectionClass::Exclude},
    HeadingRule{"exclusions", SectionClass::Exclude},
    HeadingRule{"won't have", SectionClass::Exclude},
    HeadingRule{"non functional", SectionClass::NonFunctional},
    HeadingRule{"performance", SectionClass::NonFunctional},
    HeadingRule{"security", SectionClass::NonFunctional},
    HeadingRule{"accessibility", SectionClass::NonFunctional},
    HeadingRule{"seo", SectionClass::NonFunctional},
    HeadingRule{"quality attributes", SectionClass::NonFunctional},
    HeadingRule{"future", SectionClass::Defer},
    HeadingRule{"later", SectionClass::Defer},
    HeadingRule{"backlog", SectionClass::Defer},
    HeadingRule{"roadmap", SectionClass::Defer},
    HeadingRule{"nice to have", SectionClass::Defer},
    HeadingRule{"could have", SectionClass::Defer},
    HeadingRule{"stretch", SectionClass::Defer},
    HeadingRule{"ideas", SectionClass::Defer},
    HeadingRule{"planned", SectionClass::Defer},
    HeadingRule{"tech stack", SectionClass::Stack},
    HeadingRule{"technology", SectionClass::Stack},
    HeadingRule{"technical", SectionClass::Stack},
    HeadingRule{"architecture", SectionClass::Stack},
    HeadingRule{"implementation", SectionClass::Stack},
    HeadingRule{"stack", SectionClass::Stack},
    HeadingRule{"features", SectionClass::Require},
    HeadingRule{"feature", SectionClass::Require},
    HeadingRule{"functional", SectionClass::Require},
    HeadingRule{"functionality", SectionClass::Require},
    HeadingRule{"requirements", SectionClass::Require},
    HeadingRule{"user stories", SectionClass::Require},
    HeadingRule{"scope", SectionClass::Require},
    HeadingRule{"pages", SectionClass::Require},
    HeadingRule{"screens", SectionClass::Require},
    HeadingRule{"navigation", SectionClass::Require},
    HeadingRule{"data model", SectionClass::Require},
    HeadingRule{"entities", SectionClass::Require},
    HeadingRule{"forms", SectionClass::Require},
    HeadingRule{"rules", SectionClass::Require},
    HeadingRule{"acceptance", SectionClass::Require},
    HeadingRule{"design", SectionClass::Require},
    HeadingRule{"ui", SectionClass::Require},
    HeadingRule{"theme", SectionClass::Require},
    HeadingRule{"look", SectionClass::Require},
    HeadingRule{"content", SectionClass::Require},
    HeadingRule{"overview", SectionClass::Context},
    HeadingRule{"introduction", SectionClass::Context},
    HeadingRule{"summary", SectionClass::Context},
    HeadingRule{"vision", SectionClass::Context},
    HeadingRule{"problem", SectionClass::Context},
    HeadingRule{"background", SectionClass::Context},
    HeadingRule{"goals", SectionClass::Context},
    HeadingRule{"objectives", SectionClass::Context},
    HeadingRule{"success", SectionClass::Context},
    HeadingRule{"metrics", SectionClass::Context},
    HeadingRule{"kpi", SectionClass::Context},
    HeadingRule{"kpis", SectionClass::Context},
    HeadingRule{"audience", SectionClass::Context},
    HeadingRule{"personas", SectionClass::Context},
    HeadingRule{"persona", SectionClass::Context},
    HeadingRule{"users", SectionClass::Context},
    HeadingRule{"stakeholders", SectionClass::Context},
    HeadingRule{"risks", SectionClass::Context},
    HeadingRule{"assumptions", SectionClass::Context},
    HeadingRule{"business model", SectionClass::Context},
    HeadingRule{"glossary", SectionClass::Context},
    HeadingRule{"revision", SectionClass::Context},
    HeadingRule{"timeline", SectionClass::Context},
};

/// The number in "phase 2", "v2", "release 3", "p2"; 0 if there is none.
int phase_of(std::string_view words) {
    const Words cut{std::string(words)};
    int number = 0;
    for (std::size_t at = 0; at < cut.size() && number == 0; ++at) {
        const auto& word = cut.all()[at].low;
        const bool next = at + 1 < cut.size() && std::isdigit(cut.all()[at + 1].low[0]) != 0;
        if ((word == "phase" || word == "version" || word == "release" || word == "milestone") &&
            next) {
            number = cut.all()[at + 1].low[0] - '0';
        } else if (word.size() == 2 && (word[0] == 'v' || word[0] == 'p') &&
                   std::isdigit(word[1]) != 0) {
            number = word[1] - '0';
        }
    }
    return number;
}

bool any_phrase(const Words& words, std::initializer_list<std::string_view> phrases) {
    return std::ranges::any_of(phrases, [&](auto p) { return words.contains_phrase(p); });
}

}  // namespace

std::string heading_words(std::string_view title) {
    std::string out;
    for (const char c : without_marks(title)) {
        const bool letter = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '\'';
        if (letter) {
            out += c;
        } else if (!out.empty() && out.back() != ' ') {
            out += ' ';
        }
    }
    const auto start = std::min(out.find_first_not_of("0123456789 "), out.size());
    return lower(trim(std::string_view(out).substr(start)));
}

std::optional<SectionClass> class_of_heading(std::string_view title) {
    const Words words{heading_words(title)};
    if (phase_of(words.text()) >= 2) {
        return SectionClass::Defer;
    }
    for (const auto& rule : kHeadings) {
        if (words.contains_phrase(rule.phrase)) {
            return rule.section;
        }
    }
    return std::nullopt;
}

bool is_deferred(std::string_view clause) {
    const Words words{lower(clause)};
    if (words.size() > 0 && (words.all()[0].low == "later" || words.all()[0].low == "eventually")) {
        return true;
    }
    return any_phrase(words,
                      {"in future",
                       "in the future",
                       "later on",
                       "in a later version",
                       "future version",
                       "not in v1",
                       "planned for later",
                       "phase 2",
                       "phase 3",
                       "in v2",
                       "nice to have",
                       "some day",
                       "in a second step"}) ||
           lower(clause).contains("(planned)") || lower(clause).contains("(later)") ||
           lower(clause).contains("(future)") || lower(clause).contains("(p2)");
}

bool is_data_heading(std::string_view title) {
    const Words words{heading_words(title)};
    return any_phrase(words,
                      {"data model",
                       "data models",
                       "entities",
                       "entity",
                       "schema",
                       "database",
                       "models",
                       "domain model",
                       "data structure",
                       "tables",
                       "fields",
                       "attributes",
                       "properties",
                       "data"});
}

bool is_page_heading(std::string_view title) {
    const Words words{heading_words(title)};
    return any_phrase(
        words,
        {"pages", "screens", "navigation", "sitemap", "site map", "views", "site structure"});
}

}  // namespace origin::generator
