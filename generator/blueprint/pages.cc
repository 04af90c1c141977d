// SPDX-License-Identifier: Apache-2.0
// Pages: lists of page names, "add a Suppliers page after Parts", what a page shows.
#include <algorithm>
#include <utility>

#include "generator/blueprint/draft.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

bool ends_with_page(std::string_view name) {
    const std::string low = lower(name);
    return low.ends_with(" page") || low.ends_with(" pages") || low.ends_with(" screen") ||
           low == "homepage";
}

bool apply_pages(Draft& draft, Statement& statement, const Captures& captures) {
    const auto names = split_list(get(captures, "names"));
    if (names.empty() || !std::ranges::all_of(names, ends_with_page)) {
        return false;
    }
    for (const std::string& name : names) {
        const Page* page = draft.make_page(name);
        if (page == nullptr) {
            return false;
        }
        statement.implement("page:" + page->id);
    }
    return true;
}

/// "home, menu, about and contact pages".
bool apply_named_pages(Draft& draft, Statement& statement, const Captures& captures) {
    const auto names = split_list(get(captures, "names"));
    if (names.size() < 2) {
        return false;
    }
    for (const std::string& name : names) {
        if (Words{name}.size() > 2) {
            return false;
        }
    }
    for (const std::string& name : names) {
        if (const Page* page = draft.make_page(name)) {
            statement.implement("page:" + page->id);
        }
    }
    return statement.settled;
}

void move_page(App& app, std::string_view id, std::string_view anchor, bool before) {
    const auto from = std::ranges::find(app.pages, id, &Page::id);
    if (from == app.pages.end() || id == anchor) {
        return;
    }
    Page moved = std::move(*from);
    app.pages.erase(from);
    auto to = std::ranges::find(app.pages, anchor, &Page::id);
    if (to != app.pages.end() && !before) {
        ++to;
    }
    app.pages.insert(to, std::move(moved));
}

bool apply_add_page(Draft& draft, Statement& statement, const Captures& captures) {
    for (const std::string_view anchor : {"after", "before"}) {
        const auto name = get(captures, anchor);
        if (!name.empty() && draft.find_page(name) == nullptr) {
            return false;
        }
    }
    const bool known = draft.find_page(get(captures, "name")) != nullptr;
    Page* page = draft.make_page(get(captures, "name"));
    if (page == nullptr) {
        return false;
    }
    const std::string id = page->id;
    const Page* after = draft.find_page(get(captures, "after"));
    const Page* before = draft.find_page(get(captures, "before"));
    if (!known && after != nullptr) {
        move_page(draft.app, id, std::string(after->id), false);
    }
    if (!known && before != nullptr) {
        move_page(draft.app, id, std::string(before->id), true);
    }
    if (const Entity* entity = draft.find_entity(get(captures, "name"))) {
        draft.show_list(*draft.app.page(id), *entity);
    }
    draft.page = id;
    statement.implement("page:" + id);
    return true;
}

bool apply_move(Draft& draft, Statement& statement, const Captures& captures) {
    const Page* page = draft.find_page(get(captures, "name"));
    const Page* anchor = draft.find_page(get(captures, "anchor"));
    if (page == nullptr || anchor == nullptr) {
        return false;
    }
    const std::string id = page->id;
    move_page(draft.app, id, std::string(anchor->id), get(captures, "side") == "before");
    statement.implement("page:" + id);
    return true;
}

}  // namespace

const std::vector<GrammarRule>& page_grammar() {
    static const std::vector<GrammarRule> kRules = {
        {Pattern{"add|create a|an|the? new? {name} page|screen to|in the? navigation|menu|nav? "
                 "after the? {after} page?"},
         apply_add_page},
        {Pattern{"add|create a|an|the? new? {name} page|screen to|in the? navigation|menu|nav? "
                 "before the? {before} page?"},
         apply_add_page},
        {Pattern{"add|create a|an|the? new? {name} page|screen after the? {after} page?"},
         apply_add_page},
        {Pattern{"add|create a|an|the? new? {name} page|screen to|in the? navigation|menu|nav|app|"
                 "website|site"},
         apply_add_page},
        {Pattern{"add|create a|an|the? new? {name} page|screen"}, apply_add_page},
        {Pattern{"move the? {name} page? {side} the? {anchor} page?"}, apply_move},
        {Pattern{"has|have|with|include|includes|needs|need|contain {names} pages|screens"},
         apply_named_pages},
        {Pattern{"has|have|with|include|includes|needs|need|contain {names}"}, apply_pages},
    };
    return kRules;
}

}  // namespace origin::generator
