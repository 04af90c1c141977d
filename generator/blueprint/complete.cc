// SPDX-License-Identifier: Apache-2.0
// Complete: what every app has although nobody wrote it: a page per entity, a place per figure.
#include <algorithm>
#include <utility>

#include "generator/blueprint/draft.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

bool is_shown(const App& app, const Entity& entity) {
    return std::ranges::any_of(app.pages, [&](const Page& page) {
        return std::ranges::any_of(page.sections, [&](const Section& section) {
            return (section.kind == "list" || section.kind == "form") &&
                   section.entity == entity.id;
        });
    });
}

bool is_placed(const App& app, const Board& board) {
    return std::ranges::any_of(app.pages, [&](const Page& page) {
        return std::ranges::any_of(page.sections, [&](const Section& section) {
            return section.kind == "boards" && has(section.items, board.id);
        });
    });
}

void default_entity(Draft& draft, Entity& entity) {
    const bool form_only = std::ranges::any_of(draft.app.pages, [&](Page& page) {
        const Section* form = page.find("form");
        return form != nullptr && form->entity == entity.id;
    });
    if (entity.fields.empty()) {
        entity.fields.push_back({.id = "name", .label = "Name", .required = true});
    }
    const bool known = draft.change && !has(draft.fresh, entity.id);  // Its manifest decides.
    if (!known) {
        std::vector<std::string> ops = {"create", "update", "delete"};
        if (form_only) {
            ops = {"create", "delete"};
        }
        if (has(entity.ops, "archive")) {
            ops.emplace_back("archive");
        }
        entity.ops = std::move(ops);
    }
    if (has(entity.ops, "archive") && entity.find("archived") == nullptr) {
        FieldText archived;
        archived.field = {
            .id = "archived", .label = "Archived", .type = "boolean", .derived = true};
        archived.field.default_value = "false";
        draft.put_field(entity, archived);
    }
    if (entity.default_sort.empty()) {
        entity.default_sort = "created asc";
    }
    const std::string id = "confirm_delete_" + entity.id;
    if (!known && draft.app.rule(id) == nullptr) {
        Rule rule;
        rule.id = id;
        rule.kind = "confirm_delete";
        rule.entity = entity.id;
        rule.label = "Ask before deleting a " + lower(entity.label);
        draft.app.rules.push_back(std::move(rule));
    }
}

/// An entity without a page: the page that has its name, the only page there is, or a new one.
void place_entity(Draft& draft, const Entity& entity) {
    App& app = draft.app;
    if (is_shown(app, entity)) {
        return;
    }
    if (Page* named = draft.find_page(entity.plural)) {
        return draft.show_list(*named, entity);
    }
    const bool alone = app.entities.size() == 1 && app.pages.size() <= 1;
    const bool only_home =
        app.pages.empty() || (app.pages.size() == 1 && app.pages[0].sections.empty());
    if (alone && only_home) {
        if (Page* home = draft.make_page("Home")) {
            draft.show_list(*home, entity);
        }
    } else if (Page* page = draft.make_page(entity.plural)) {
        draft.show_list(*page, entity);
    }
}

void place_boards(Draft& draft) {
    App& app = draft.app;
    for (const Board& board : app.boards) {
        if (is_placed(app, board) || app.pages.empty()) {
            continue;
        }
        Page& page = app.pages.front();
        Section* section = page.find("boards");
        if (section == nullptr) {
            Section made;
            made.id = "boards_" + page.id;
            made.kind = "boards";
            page.sections.push_back(std::move(made));
            section = &page.sections.back();
        }
        add_once(section->items, board.id);
    }
}

void fill_empty_pages(Draft& draft) {
    App& app = draft.app;
    for (Page& page : app.pages) {
        if (!page.sections.empty()) {
            continue;
        }
        if (const Entity* entity = draft.find_entity(page.title)) {
            draft.show_list(page, *entity);
            continue;
        }
        Section made;
        const bool home = &page == &app.pages.front() && app.pages.size() > 1;
        made.kind = home ? "links" : "text";
        made.id = made.kind + "_" + page.id;
        if (!home) {
            made.text = "[" + page.title + " text to be added]";
        }
        page.sections.push_back(std::move(made));
    }
}

void home_first(App& app) {
    const auto home = std::ranges::find(app.pages, "home", &Page::id);
    if (home != app.pages.end()) {
        std::rotate(app.pages.begin(), home, home + 1);
    }
}

}  // namespace

void complete(Draft& draft) {
    App& app = draft.app;
    for (Entity& entity : app.entities) {
        default_entity(draft, entity);
    }
    if (!draft.change) {
        home_first(app);
    }
    for (const Entity& entity : app.entities) {
        place_entity(draft, entity);
    }
    place_boards(draft);
    fill_empty_pages(draft);
    if (app.name.empty()) {
        app.name = app.entities.empty() ? "App" : app.entities.front().plural;
    }
    if (app.slug.empty()) {
        app.slug = to_slug(app.name);
    }
    if (app.slug.empty()) {
        app.slug = "app";
    }
}

}  // namespace origin::generator
