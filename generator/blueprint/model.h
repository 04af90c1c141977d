// SPDX-License-Identifier: Apache-2.0
// generator/blueprint/model: the app as plain data, between the reader and the renderers.
// Its JSON form is blueprint.json (manifest.h); what each member means is written there too.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "generator/engine/engine.h"

namespace origin::generator {

/// One column of an entity. `type` is a word of kFieldTypes, or "ref:ENTITY", or "refs:ENTITY".
struct Field {
    std::string id{};
    std::string label{};
    std::string type = "text";
    bool required = false;
    bool unique = false;
    bool derived = false;  // Kept by the app itself, never asked for in a form.
    std::string min{};     // Decimal text; empty means no bound. For money: whole currency units.
    std::string max{};
    std::optional<std::string> default_value{};
    std::vector<std::string> values{};  // Of an enum.
    std::string currency{};             // ISO 4217, for money.
    std::string unit{};
    std::string hint{};

    std::string_view kind() const { return std::string_view(type).substr(0, type.find(':')); }
    std::string_view target() const {
        const auto colon = type.find(':');
        return colon == std::string::npos ? std::string_view{}
                                          : std::string_view(type).substr(colon + 1);
    }
};

struct Entity {
    std::string id;
    std::string label;   // "Part"
    std::string plural;  // "Parts"
    std::vector<Field> fields;
    std::vector<std::string> ops;  // create, update, delete, archive
    std::vector<std::string> search;
    std::vector<std::string> filters;  // Field ids, or ids of highlight rules.
    std::vector<std::string> sort;
    std::string default_sort;  // "received_on desc"; "created asc" when nothing was asked.
    std::vector<std::string> exports;
    std::vector<std::string> imports;

    Field* find(std::string_view field_id) {
        const auto found = std::ranges::find(fields, field_id, &Field::id);
        return found == fields.end() ? nullptr : &*found;
    }
    const Field* find(std::string_view field_id) const {
        const auto found = std::ranges::find(fields, field_id, &Field::id);
        return found == fields.end() ? nullptr : &*found;
    }
};

/// One dashboard figure.
struct Board {
    std::string id;
    std::string label;
    std::string metric = "count";  // count, sum, average
    std::string entity;
    std::string where;     // "status != collected"
    std::string expr;      // "amount" or "quantity*unit_price"; empty for count.
    std::string group_by;  // "", a field id, or "month(FIELD)".
};

/// A rule over one entity: highlight (when + style), confirm_delete, unique_together (fields).
struct Rule {
    std::string id;
    std::string kind;
    std::string entity;
    std::string label;
    std::string when;
    std::string style;
    std::vector<std::string> fields;
};

/// A part of a page: hero, tiles, text, contact, boards, list, form, links.
struct Section {
    std::string id;
    std::string kind;
    std::string title;
    std::string text;
    std::string entity;
    std::string button_label;
    std::string button_page;
    std::vector<std::string> items;  // Tiles: texts. Contact: "address=..". Boards: ids.
};

struct Page {
    std::string id;
    std::string title;
    std::vector<Section> sections;

    Section* find(std::string_view kind) {
        const auto found = std::ranges::find(sections, kind, &Section::kind);
        return found == sections.end() ? nullptr : &*found;
    }
};

struct Theme {
    std::string background = "#f6f7f9";
    std::string primary = "#2f5fd0";
    std::string mode = "light";  // light, dark, auto
    bool toggle = false;
    std::string font = "system";
};

/// A step that older stored rows go through: rename_field, add_field, remove_field.
struct Migration {
    int version = 0;
    std::string op;
    std::string entity;
    std::string field;
    std::string to;
    Field added;  // For add_field: its type, values and default.
};

/// One request that this app was made from.
struct Source {
    std::string request;
    std::string digest;
    std::string title;
    std::string text;  // Verbatim; kept in docs/REQUIREMENTS.md, not in blueprint.json.
    std::vector<TraceLine> lines;
};

struct App {
    std::string name;
    std::string tagline;
    std::string slug;
    Theme theme;
    std::vector<Page> pages;
    std::vector<Entity> entities;
    std::vector<Board> boards;
    std::vector<Rule> rules;
    int data_version = 1;
    std::vector<Migration> migrations;
    std::vector<std::string> tombstones;  // Ids that were removed and are never used again.
    std::vector<Source> sources;

    Entity* entity(std::string_view id) {
        const auto found = std::ranges::find(entities, id, &Entity::id);
        return found == entities.end() ? nullptr : &*found;
    }
    const Entity* entity(std::string_view id) const {
        const auto found = std::ranges::find(entities, id, &Entity::id);
        return found == entities.end() ? nullptr : &*found;
    }
    Page* page(std::string_view id) {
        const auto found = std::ranges::find(pages, id, &Page::id);
        return found == pages.end() ? nullptr : &*found;
    }
    Rule* rule(std::string_view id) {
        const auto found = std::ranges::find(rules, id, &Rule::id);
        return found == rules.end() ? nullptr : &*found;
    }
    const Rule* rule(std::string_view id) const {
        const auto found = std::ranges::find(rules, id, &Rule::id);
        return found == rules.end() ? nullptr : &*found;
    }
};

/// Adds `value` unless it is there.
inline void add_once(std::vector<std::string>& list, std::string value) {
    if (std::ranges::find(list, value) == list.end()) {
        list.push_back(std::move(value));
    }
}

inline bool has(const std::vector<std::string>& list, std::string_view value) {
    return std::ranges::find(list, value) != list.end();
}

}  // namespace origin::generator
