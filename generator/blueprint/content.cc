// SPDX-License-Identifier: Apache-2.0
// Content: hero, tiles, opening hours, contact facts and contact form, copied verbatim.
#include <algorithm>
#include <utility>

#include "generator/blueprint/draft.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

/// The quote that follows one of `names`, at most three words later.
std::string quote_after(const Words& words, std::initializer_list<std::string_view> names) {
    for (std::size_t at = 0; at < words.size(); ++at) {
        if (std::ranges::find(names, words.all()[at].low) == names.end()) {
            continue;
        }
        for (std::size_t next = at + 1; next < words.size() && next <= at + 3; ++next) {
            if (words.all()[next].kind == WordKind::Quote) {
                return words.all()[next].low;
            }
        }
    }
    return {};
}

Page& page_for(Draft& draft, std::string_view fallback) {
    if (Page* here = draft.app.page(draft.page)) {
        return *here;
    }
    if (Page* named = draft.find_page(fallback)) {
        return *named;
    }
    if (!draft.app.pages.empty()) {
        return draft.app.pages.front();
    }
    return *draft.make_page("home");
}

Section& section_of(Page& page, std::string_view kind, bool in_front) {
    if (Section* found = page.find(kind)) {
        return *found;
    }
    Section made;
    made.kind = std::string(kind);
    made.id = std::string(kind) + "_" + page.id;
    const auto where = in_front ? page.sections.begin() : page.sections.end();
    return *page.sections.insert(where, std::move(made));
}

bool read_hero(Draft& draft, Statement& statement, const Words& words) {
    const std::string headline = quote_after(words, {"headline", "heading", "title", "slogan"});
    const std::string button = quote_after(words, {"button", "link", "cta"});
    const std::string subtitle =
        quote_after(words, {"subtitle", "tagline", "subheading", "subline"});
    if (headline.empty() && button.empty() && subtitle.empty()) {
        return false;
    }
    Page& page = page_for(draft, "home");
    Section& hero = section_of(page, "hero", true);
    if (!headline.empty()) {
        hero.title = headline;
        statement.implement("section:" + page.id + ".hero");
    }
    if (!subtitle.empty()) {
        hero.text = subtitle;
        statement.implement("section:" + page.id + ".subtitle");
    }
    if (!button.empty()) {
        hero.button_label = button;
        static const Pattern kGoes{"... to|opens|opening the? {page} page? ,|. ..."};
        static const Pattern kEnds{"... to|opens|opening the? {page} page?"};
        for (const auto* pattern : {&kGoes, &kEnds}) {
            const auto found = pattern->match(words);
            const Page* target = found ? draft.find_page(get(*found, "page")) : nullptr;
            if (target != nullptr) {
                hero.button_page = target->id;
            }
        }
        if (hero.button_page.empty()) {
            statement.settle(LineStatus::Partial, "where the button goes is not said");
        } else {
            statement.implement("section:" + page.id + ".button");
        }
    }
    return true;
}

/// `three promises: "A", "B" and "C"`: a row of tiles. The title is what stands before the colon.
bool read_tiles(Draft& draft, Statement& statement, const Words& words) {
    const auto& all = words.all();
    std::size_t colon = all.size();
    for (std::size_t at = 0; at < all.size(); ++at) {
        if (all[at].kind == WordKind::Mark && all[at].low == ":") {
            colon = at;
        }
    }
    std::size_t noun = colon;
    while (noun > 0 && colon - noun < 4 && all[noun - 1].low != "our" &&
           all[noun - 1].low != "the" && all[noun - 1].low != "with") {
        --noun;
    }
    Section tiles;
    for (std::size_t at = colon; at < all.size(); ++at) {
        if (all[at].kind == WordKind::Quote) {
            tiles.items.push_back(all[at].low);
        }
    }
    if (tiles.items.size() < 2 || noun == colon) {
        return false;
    }
    static const std::vector<std::string> kNumbers = {"two", "three", "four", "five", "six"};
    if (has(kNumbers, all[noun].low) && noun + 1 < colon) {
        ++noun;
    }
    Page& page = page_for(draft, "home");
    tiles.kind = "tiles";
    tiles.title = to_label("our " + words.slice(noun, colon));
    tiles.id = to_id(tiles.title);
    statement.implement("section:" + page.id + "." + tiles.id);
    const auto same = [&](const Section& old) {
        return old.id == tiles.id;
    };
    if (std::ranges::none_of(page.sections, same)) {
        page.sections.push_back(std::move(tiles));
    }
    return true;
}

bool read_hours(Draft& draft, Statement& statement, const Words& words) {
    static const Pattern kHours{"opening hours|times :|are? {hours}"};
    const auto found = kHours.match(words);
    if (!found) {
        return false;
    }
    Page& page = page_for(draft, "contact");
    Section& hours = section_of(page, "hours", false);
    hours.title = "Opening hours";
    hours.items = split_outside(get(*found, "hours"), ",");
    for (std::string& item : hours.items) {
        if (item.ends_with('.')) {
            item.pop_back();
        }
    }
    statement.implement("section:" + page.id + ".hours");
    return true;
}

std::string bracket_after(const Words& words, std::string_view name) {
    for (std::size_t at = 0; at + 1 < words.size(); ++at) {
        if (words.all()[at].low == name && words.all()[at + 1].kind == WordKind::Bracket) {
            return words.all()[at + 1].low;
        }
    }
    return {};
}

std::string phone_in(const Words& words) {
    std::string phone;
    bool after = false;
    for (const Word& word : words.all()) {
        if (word.low == "phone" || word.low == "telephone" || word.low == "call") {
            after = true;
        } else if (after && !word.low.empty() &&
                   word.low.find_first_not_of("+0123456789-/") == std::string::npos) {
            phone += (phone.empty() ? "" : " ") + word.low;
        } else if (!phone.empty()) {
            break;
        }
    }
    return phone;
}

std::string email_in(const Words& words) {
    for (const Word& word : words.all()) {
        const auto at = word.low.find('@');
        if (word.kind == WordKind::Word && at != std::string::npos && at > 0 &&
            word.low.find('.', at) != std::string::npos) {
            return words.text().substr(word.begin, word.end - word.begin);
        }
    }
    return {};
}

bool read_facts(Draft& draft, Statement& statement, const Words& words) {
    const std::pair<std::string, std::string> facts[] = {
        {"Address", bracket_after(words, "address")},
        {"Phone", phone_in(words)},
        {"Email", email_in(words)},
    };
    std::vector<std::string> items;
    for (const auto& [name, value] : facts) {
        if (!value.empty()) {
            items.push_back(name);
            items.back().append("=").append(value);
        }
    }
    if (items.empty()) {
        return false;
    }
    Page& page = page_for(draft, "contact");
    Section& contact = section_of(page, "contact", true);
    contact.title = "Contact";
    contact.items = std::move(items);
    statement.implement("section:" + page.id + ".contact");
    return true;
}

bool read_form(Draft& draft, Statement& statement, const Words& words) {
    static const Pattern kForm{"... contact form with {fields}"};
    static const Pattern kBare{"... contact form"};
    const auto found = kForm.match(words);
    if (!found && !kBare.match(words)) {
        return false;
    }
    auto fields = read_field_list(found ? get(*found, "fields") : "name, email and message");
    if (fields.empty()) {
        return false;
    }
    Entity* entity = draft.make_entity("contact message");
    if (entity == nullptr) {
        return false;
    }
    add_once(entity->ops, "create");
    for (auto& text : fields) {
        text.field.required = true;
        draft.put_field(*entity, text);
    }
    Page& page = page_for(draft, "contact");
    Section& form = section_of(page, "form", false);
    form.entity = entity->id;
    form.title = "Write to us";
    form.button_label = "Save message";
    statement.implement("form:" + page.id + "." + entity->id);
    statement.settle(LineStatus::Partial,
                     "the message is kept in this browser and can be opened as an email; "
                     "delivering it needs a server");
    return true;
}

}  // namespace

bool read_content(Draft& draft, Statement& statement) {
    const Words words{statement.clean};
    bool any = read_form(draft, statement, words);
    for (auto* read : {read_hours, read_hero, read_tiles, read_facts}) {
        if (read(draft, statement, words)) {
            any = true;
        }
    }
    return any;
}

}  // namespace origin::generator
