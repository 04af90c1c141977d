// SPDX-License-Identifier: Apache-2.0
#include "generator/blueprint/draft.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "generator/blueprint/lexicon.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

constexpr std::size_t kNounWordsMax = 3;

std::string noun_id(std::string_view noun) {
    return to_id(singular(without_article(lower(noun))));
}

std::string last_word(std::string_view text) {
    const Words words{std::string(text)};
    return words.size() == 0 ? std::string{} : words.all().back().low;
}

}  // namespace

std::string_view get(const Captures& captures, std::string_view name) {
    const auto found = captures.find(name);
    return found == captures.end() ? std::string_view{} : std::string_view(found->second);
}

Entity* Draft::find_entity(std::string_view noun) {
    const std::string id = noun_id(noun);
    if (id.empty()) {
        return nullptr;
    }
    if (Entity* found = app.entity(id)) {
        return found;
    }
    const std::string by_plural = to_id(without_article(lower(noun)));
    for (Entity& entity : app.entities) {
        if (to_id(entity.plural) == by_plural || to_id(entity.label) == id) {
            return &entity;
        }
    }
    for (Entity& entity : app.entities) {  // Plurals of other languages: Kunde, Kunden.
        const bool longer =
            by_plural.starts_with(entity.id) && by_plural.size() <= entity.id.size() + 2;
        if (longer && entity.id.size() >= 4) {
            return &entity;
        }
    }
    return nullptr;
}

Entity* Draft::about(std::string_view noun) {
    const std::string low = lower(without_article(noun));
    if (!low.empty() && low != "them" && low != "it" && low != "these" && low != "list") {
        return find_entity(low);
    }
    if (Page* here = app.page(page)) {
        for (const Section& section : here->sections) {
            if (section.kind == "list") {
                return app.entity(section.entity);
            }
        }
        if (Entity* found = find_entity(here->title)) {
            return found;
        }
    }
    if (Entity* last = app.entity(last_entity)) {
        return last;
    }
    return app.entities.empty() ? nullptr : &app.entities.front();
}

Entity* Draft::make_entity(std::string_view noun) {
    if (Entity* found = find_entity(noun)) {
        last_entity = found->id;
        return found;
    }
    const std::string name(without_article(trim(noun)));
    std::string id = noun_id(name);
    if (id.empty() || is_stop_noun(lower(name)) || Words{name}.size() > kNounWordsMax) {
        return nullptr;
    }
    if (app.entities.size() >= kBlueprintEntitiesMax || has(app.tombstones, "entity:" + id)) {
        return nullptr;
    }
    Entity made;
    made.id = id;
    made.label = to_label(singular(name));
    made.plural = to_label(plural(singular(name)));
    app.entities.push_back(std::move(made));
    last_entity = id;
    fresh.push_back(id);
    return &app.entities.back();
}

void Draft::put_field(Entity& entity, const FieldText& text) {
    if (!text.target.empty()) {
        links.push_back({entity.id, text.field.id, text.target, text.many});
    }
    if (Field* old = entity.find(text.field.id)) {
        if (text.typed) {
            *old = text.field;
        }
        return;
    }
    if (entity.fields.size() >= kBlueprintFieldsMax) {
        return;
    }
    Field field = text.field;
    while (has(app.tombstones, "field:" + entity.id + "." + field.id)) {
        field.id += "_again";
    }
    if (stored_before(entity.id)) {
        Migration step;
        step.version = next_version();
        step.op = "add_field";
        step.entity = entity.id;
        step.field = field.id;
        step.added = field;
        app.migrations.push_back(std::move(step));
    }
    entity.fields.push_back(std::move(field));
}

Page* Draft::find_page(std::string_view name) {
    std::string plain = lower(without_article(name));
    for (const std::string_view tail : {" page", " screen", " view"}) {
        if (plain.ends_with(tail)) {
            plain.resize(plain.size() - tail.size());
        }
    }
    const std::string id = to_id(plain);
    for (Page& candidate : app.pages) {
        if (candidate.id == id || candidate.id == to_id(plural(plain)) ||
            to_id(candidate.title) == id) {
            return &candidate;
        }
    }
    return nullptr;
}

Page* Draft::make_page(std::string_view name) {
    if (Page* found = find_page(name)) {
        return found;
    }
    std::string plain(without_article(trim(name)));
    for (const std::string_view tail : {" page", " screen", " view", " Page"}) {
        if (plain.size() > tail.size() && plain.ends_with(tail)) {
            plain.resize(plain.size() - tail.size());
        }
    }
    Page made;
    made.id = to_id(plain);
    made.title = to_label(plain);
    if (made.id.empty() || app.pages.size() >= kBlueprintPagesMax ||
        Words{plain}.size() > kNounWordsMax + 2) {
        return nullptr;
    }
    app.pages.push_back(std::move(made));
    return &app.pages.back();
}

void Draft::show_list(Page& where, const Entity& entity) {
    for (const Section& section : where.sections) {
        if (section.kind == "list" && section.entity == entity.id) {
            return;
        }
    }
    Section list;
    list.id = "list_" + entity.id;
    list.kind = "list";
    list.entity = entity.id;
    where.sections.push_back(std::move(list));
}

int Draft::next_version() {
    app.data_version = base_version + 1;
    return app.data_version;
}

bool Draft::stored_before(std::string_view id) const {
    return change && !has(fresh, id);
}

Field* find_field(Entity& entity, std::string_view phrase) {
    const std::string plain = lower(without_article(phrase));
    const std::string id = to_id(plain);
    if (id.empty()) {
        return nullptr;
    }
    for (Field& field : entity.fields) {
        if (field.id == id || to_id(field.label) == id || field.id == to_id(singular(plain))) {
            return &field;
        }
    }
    const std::string tail = singular(last_word(plain));
    Field* only = nullptr;
    for (Field& field : entity.fields) {
        if (last_word(replace_all(field.id, "_", " ")) != tail || Words{plain}.size() > 1) {
            continue;
        }
        if (only != nullptr) {
            return nullptr;  // Two fields end like that: which one is meant?
        }
        only = &field;
    }
    return only;
}

std::vector<Field*> find_fields(Entity& entity, std::string_view list) {
    std::vector<Field*> fields;
    for (const std::string& item : split_list(list)) {
        Field* field = find_field(entity, item);
        if (field == nullptr) {
            return {};
        }
        fields.push_back(field);
    }
    return fields;
}

Field* first_of_kind(Entity& entity, std::string_view kind) {
    for (Field& field : entity.fields) {
        if (field.kind() == kind) {
            return &field;
        }
    }
    return nullptr;
}

}  // namespace origin::generator
