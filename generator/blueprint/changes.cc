// SPDX-License-Identifier: Apache-2.0
// Changes: rename, remove and add on top of an app that exists; stored rows follow by migrations.
#include <algorithm>
#include <utility>

#include "generator/blueprint/draft.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

void swap_name(std::string& text, std::string_view from, std::string_view to) {
    if (text == from) {
        text = std::string(to);
    }
}

/// Conditions and expressions name fields as whole words.
void swap_word(std::string& text, std::string_view from, std::string_view to) {
    const auto is_id = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    };
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        const bool left = at > 0 && is_id(text[at - 1]);
        const auto end = at + from.size();
        if (left || (end < text.size() && is_id(text[end]))) {
            at += from.size() - std::min(to.size(), from.size());
            continue;
        }
        text.replace(at, from.size(), to);
    }
}

void rename_everywhere(App& app, Entity& entity, const std::string& from, const std::string& to) {
    for (auto* list : {&entity.search, &entity.filters, &entity.sort}) {
        for (std::string& id : *list) {
            swap_name(id, from, to);
        }
    }
    swap_word(entity.default_sort, from, to);
    for (Board& board : app.boards) {
        if (board.entity != entity.id) {
            continue;
        }
        swap_word(board.where, from, to);
        swap_word(board.expr, from, to);
        swap_word(board.group_by, from, to);
    }
    for (Rule& rule : app.rules) {
        if (rule.entity != entity.id) {
            continue;
        }
        swap_word(rule.when, from, to);
        for (std::string& id : rule.fields) {
            swap_name(id, from, to);
        }
    }
    const std::string old_id = "field:" + entity.id + "." + from;
    for (Source& source : app.sources) {
        for (TraceLine& line : source.lines) {
            for (std::string& item : line.evidence) {
                swap_name(item, old_id, "field:" + entity.id + "." + to);
            }
        }
    }
}

Entity* entity_with_field(Draft& draft, std::string_view noun, std::string_view field) {
    if (Entity* named = draft.find_entity(noun)) {
        return named;
    }
    if (!noun.empty()) {
        return nullptr;
    }
    for (Entity& entity : draft.app.entities) {
        if (find_field(entity, field) != nullptr) {
            return &entity;
        }
    }
    return nullptr;
}

bool apply_rename(Draft& draft, Statement& statement, const Captures& captures) {
    const auto from = get(captures, "from");
    const auto to = get(captures, "to");
    Entity* entity = entity_with_field(draft, get(captures, "noun"), from);
    const std::string id = to_id(to);
    if (entity == nullptr || id.empty()) {
        return false;
    }
    Field* field = find_field(*entity, from);
    if (field == nullptr) {
        if (entity->find(id) == nullptr) {
            return false;
        }
        statement.implement("field:" + entity->id + "." + id);  // Done by an earlier request.
        return true;
    }
    if (field->id != id && entity->find(id) != nullptr) {
        statement.settle(LineStatus::NeedsClarification, "a field with that name exists already");
        return true;
    }
    const std::string old_id = field->id;
    field->label = to_label(to);
    statement.implement("field:" + entity->id + "." + id);
    if (old_id == id) {
        return true;
    }
    field->id = id;
    Migration step;
    step.version = draft.next_version();
    step.op = "rename_field";
    step.entity = entity->id;
    step.field = old_id;
    step.to = id;
    draft.app.migrations.push_back(std::move(step));
    add_once(draft.app.tombstones, "field:" + entity->id + "." + old_id);
    rename_everywhere(draft.app, *entity, old_id, id);
    return true;
}

bool uses(const std::string& text, std::string_view id) {
    const Words words{replace_all(replace_all(replace_all(text, "*", " "), "(", " "), ")", " ")};
    return words.contains(id);
}

void override_lines(App& app, const std::string& evidence) {
    for (Source& source : app.sources) {
        for (TraceLine& line : source.lines) {
            if (line.evidence.size() != 1 || line.evidence[0] != evidence) {
                continue;
            }
            line.status = LineStatus::Overridden;
            line.reason = "removed by a later request";
        }
    }
}

void drop_field(App& app, Entity& entity, const std::string& id) {
    std::erase_if(entity.fields, [&](const Field& field) { return field.id == id; });
    for (auto* list : {&entity.search, &entity.filters, &entity.sort}) {
        std::erase(*list, id);
    }
    if (uses(entity.default_sort, id)) {
        entity.default_sort = "created asc";
    }
    std::erase_if(app.rules, [&](const Rule& rule) {
        return rule.entity == entity.id && (uses(rule.when, id) || has(rule.fields, id));
    });
    std::vector<std::string> gone;
    std::erase_if(app.boards, [&](const Board& board) {
        const bool dead =
            board.entity == entity.id &&
            (uses(board.where, id) || uses(board.expr, id) || uses(board.group_by, id));
        if (dead) {
            gone.push_back(board.id);
        }
        return dead;
    });
    for (Page& page : app.pages) {
        for (Section& section : page.sections) {
            if (section.kind != "boards") {
                continue;
            }
            std::erase_if(section.items, [&](const std::string& item) { return has(gone, item); });
        }
    }
    override_lines(app, "field:" + entity.id + "." + id);
}

bool apply_remove(Draft& draft, Statement& statement, const Captures& captures) {
    const auto name = get(captures, "field");
    Entity* entity = entity_with_field(draft, get(captures, "noun"), name);
    if (entity == nullptr) {
        return false;
    }
    const std::string wanted = to_id(name);
    const std::string tombstone = "field:" + entity->id + "." + wanted;
    Field* field = find_field(*entity, name);
    const bool gone = field == nullptr && has(draft.app.tombstones, tombstone);
    if (field == nullptr && !gone) {
        return false;
    }
    if (entity->fields.size() == 1 && !gone) {
        statement.settle(LineStatus::NeedsClarification,
                         "that is the last field; remove the rest too?");
        return true;
    }
    if (!gone) {
        const std::string id = field->id;
        Migration step;
        step.version = draft.next_version();
        step.op = "remove_field";
        step.entity = entity->id;
        step.field = id;
        draft.app.migrations.push_back(std::move(step));
        add_once(draft.app.tombstones, "field:" + entity->id + "." + id);
        drop_field(draft.app, *entity, id);
    }
    statement.implement("removed:" + entity->id + "." + wanted);
    statement.reason = "saved values are kept aside in the browser's storage under \"removed\"";
    return true;
}

bool apply_add_field(Draft& draft, Statement& statement, const Captures& captures) {
    Entity* entity = draft.find_entity(get(captures, "noun"));
    if (entity == nullptr) {
        return false;
    }
    std::string spec(get(captures, "spec"));
    const auto rest = get(captures, "rest");
    const std::string name(get(captures, "name"));
    if (Words{name}.size() > 4) {
        return false;
    }
    auto text = read_field(name + (spec.empty() ? "" : " (" + spec + ")") +
                           (spec.empty() && !rest.empty() ? " (" + std::string(rest) + ")" : ""));
    if (!text) {
        return false;
    }
    if (!spec.empty() && !rest.empty()) {
        if (auto more = read_field(name + " (" + std::string(rest) + ")")) {
            text->field.required |= more->field.required;
            text->field.unique |= more->field.unique;
            if (more->field.default_value) {
                text->field.default_value = more->field.default_value;
            }
        }
    }
    if (entity->find(text->field.id) == nullptr) {
        draft.put_field(*entity, *text);
    }
    statement.implement("field:" + entity->id + "." + text->field.id);
    return true;
}

bool apply_remove_page(Draft& draft, Statement& statement, const Captures& captures) {
    const Page* page = draft.find_page(get(captures, "name"));
    const bool gone =
        page == nullptr && has(draft.app.tombstones, "page:" + to_id(get(captures, "name")));
    if (gone) {
        statement.implement("removed:page." + to_id(get(captures, "name")));
        return true;
    }
    if (page == nullptr || draft.app.pages.size() == 1) {
        return false;
    }
    const std::string id = page->id;
    std::erase_if(draft.app.pages, [&](const Page& each) { return each.id == id; });
    add_once(draft.app.tombstones, "page:" + id);
    statement.implement("removed:page." + id);
    return true;
}

}  // namespace

const std::vector<GrammarRule>& change_grammar() {
    static const std::vector<GrammarRule> kRules = {
        {Pattern{
             "rename the? field|column? {'from} field? of|in|on|from the? {noun} to|into {'to}"},
         apply_rename},
        {Pattern{"rename the? field|column? {'from} field? to|into {'to}"}, apply_rename},
        {Pattern{"rename the? field|column? {from} field? of|in|on|from the? {noun} to|into {to}"},
         apply_rename},
        {Pattern{"rename the? {from} field|column to|into {to}"}, apply_rename},
        {Pattern{"remove|delete|drop the? field|column {'field} from|of|in the? {noun}"},
         apply_remove},
        {Pattern{"remove|delete|drop the? {field} field|column from|of|in the? {noun}"},
         apply_remove},
        {Pattern{"remove|delete|drop the? {field} field|column"}, apply_remove},
        {Pattern{"remove|delete|drop the? {name} page"}, apply_remove_page},
        {Pattern{"add a|an|the? new? field|column {'name} {<spec?} to|for the? {noun} , {rest}"},
         apply_add_field},
        {Pattern{"add a|an|the? new? field|column {'name} {<spec?} to|for the? {noun}"},
         apply_add_field},
        {Pattern{"add a|an|the? new? field|column {name} {<spec?} to|for the? {noun} , {rest}"},
         apply_add_field},
        {Pattern{"add a|an|the? new? field|column {name} {<spec?} to|for the? {noun}"},
         apply_add_field},
        {Pattern{"add a|an|the? new? {name} field|column {<spec?} to|for the? {noun} , {rest}"},
         apply_add_field},
        {Pattern{"add a|an|the? new? {name} field|column {<spec?} to|for the? {noun}"},
         apply_add_field},
    };
    return kRules;
}

}  // namespace origin::generator
