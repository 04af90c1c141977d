// SPDX-License-Identifier: Apache-2.0
// Entities: from tables, from bullet lists below a noun, from "a part has ..." sentences.
#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "generator/blueprint/draft.h"
#include "generator/blueprint/lexicon.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

bool is_field_table(const Statement& head) {
    return std::ranges::any_of(head.cells,
                               [](const std::string& cell) {
                                   const std::string low = lower(without_marks(cell));
                                   return low == "field" || low == "name" || low == "attribute" ||
                                          low == "field name" || low == "column" ||
                                          low == "property";
                               }) &&
           head.cells.size() >= 2;
}

std::string entity_of_heading(std::string_view heading) {
    std::string name = without_marks(heading);
    for (const std::string_view tail :
         {" fields", " attributes", " properties", " entity", " table", " model", " schema"}) {
        if (lower(name).ends_with(tail)) {
            name.resize(name.size() - tail.size());
        }
    }
    std::string plain = heading_words(name);
    return plain.empty() ? plain : to_label(plain);
}

void settle_field(Draft& draft, Entity& entity, Statement& statement, const FieldText& text) {
    if (!text.target.empty() && text.field.id.empty()) {
        return;
    }
    if (entity.find(text.field.id) == nullptr && entity.fields.size() >= kBlueprintFieldsMax) {
        statement.settle(LineStatus::Unsupported, "an entity has at most 60 fields here");
        return;
    }
    draft.put_field(entity, text);
    statement.implement("field:" + entity.id + "." + text.field.id);
    if (text.cut) {
        statement.settle(LineStatus::Partial, "only the first 50 values were taken");
    }
}

void read_table(Draft& draft, std::vector<Statement>& all, std::size_t head) {
    const auto& heads = all[head].cells;
    all[head].settle(LineStatus::Context, "table head");
    Entity* entity = draft.make_entity(entity_of_heading(all[head].heading));
    for (std::size_t at = head + 1; at < all.size() && all[at].kind == StatementKind::TableRow;
         ++at) {
        if (entity == nullptr || all[at].settled) {
            continue;
        }
        if (auto field = read_field_row(heads, all[at].cells)) {
            settle_field(draft, *draft.app.entity(entity->id), all[at], *field);
        }
    }
}

/// True if the items below a heading read like fields of the noun in the heading.
bool looks_like_fields(const std::vector<Statement>& all, std::size_t first, std::size_t last) {
    const Statement& head = all[first];
    if (head.depth < 2 && !is_data_heading(head.heading)) {
        return false;
    }
    const bool data =
        is_data_heading(head.parent) || heading_words(head.heading).ends_with("fields");
    std::size_t typed = 0;
    for (std::size_t at = first; at < last; ++at) {
        const auto field = read_field(all[at].clean);
        if (field && field->typed) {
            ++typed;
        }
    }
    const std::size_t count = last - first;
    return data ? typed * 4 >= count : typed * 3 >= count * 2 && count >= 2;
}

void read_list(Draft& draft, std::vector<Statement>& all, std::size_t first, std::size_t last) {
    if (!looks_like_fields(all, first, last)) {
        return;
    }
    Entity* entity = draft.make_entity(entity_of_heading(all[first].heading));
    if (entity == nullptr) {
        return;
    }
    const std::string id = entity->id;
    for (std::size_t at = first; at < last; ++at) {
        const auto field = read_field(all[at].clean);
        if (field && !all[at].settled) {
            settle_field(draft, *draft.app.entity(id), all[at], *field);
        }
    }
}

bool put_fields(Draft& draft, Statement& statement, std::string_view noun, std::string_view list) {
    auto fields = read_field_list(list);
    if (fields.empty()) {
        return false;
    }
    Entity* entity = draft.make_entity(noun);
    if (entity == nullptr) {
        return false;
    }
    statement.implement("entity:" + entity->id);
    for (auto& text : fields) {
        if (Entity* target = draft.find_entity(text.field.label);
            target != nullptr && target->id != entity->id && text.field.type == "text") {
            text.target = target->id;
        }
        draft.put_field(*draft.app.entity(entity->id), text);
        statement.evidence.push_back("field:" + entity->id + "." + text.field.id);
    }
    return true;
}

bool apply_has(Draft& draft, Statement& statement, const Captures& captures) {
    const auto noun = get(captures, "noun");
    if (is_stop_noun(lower(without_article(noun)))) {
        return false;
    }
    const auto list = get(captures, "fields");
    const auto fields = read_field_list(list);
    if (fields.empty() || (fields.size() == 1 && !fields[0].typed)) {
        return false;
    }
    return put_fields(draft, statement, noun, list);
}

bool apply_link(Draft& draft, Statement& statement, const Captures& captures) {
    Entity* from = draft.find_entity(get(captures, "noun"));
    Entity* to = draft.find_entity(get(captures, "one"));
    const bool many = to == nullptr;
    if (many) {
        to = draft.find_entity(get(captures, "many"));
    }
    if (from == nullptr || to == nullptr || from == to) {
        return false;
    }
    FieldText text;
    text.field.label = many ? to->plural : to->label;
    text.field.id = to_id(text.field.label);
    text.field.type = (many ? "refs:" : "ref:") + to->id;
    const std::string id = from->id;
    if (from->find(text.field.id) == nullptr) {
        draft.put_field(*from, text);
    }
    statement.implement("field:" + id + "." + text.field.id);
    return true;
}

bool apply_add_with(Draft& draft, Statement& statement, const Captures& captures) {
    const auto noun = get(captures, "noun");
    if (read_field_list(get(captures, "fields")).size() < 2) {
        return false;
    }
    if (!put_fields(draft, statement, noun, get(captures, "fields"))) {
        return false;
    }
    if (Entity* entity = draft.find_entity(noun)) {
        add_once(entity->ops, "create");
    }
    return true;
}

/// "set a monthly budget per category": an amount kept for each value of a field that exists.
bool apply_budget(Draft& draft, Statement& statement, const Captures& captures) {
    const auto period = get(captures, "period");
    for (Entity& candidate : draft.app.entities) {
        Field* by = find_field(candidate, get(captures, "field"));
        if (by == nullptr) {
            continue;
        }
        FieldText group;
        group.field = *by;
        group.field.required = true;
        FieldText amount;
        amount.field = {.id = "amount", .label = "Amount", .type = "money", .required = true};
        if (Field* money = first_of_kind(candidate, "money")) {
            amount.field.currency = money->currency;
        }
        Entity* made = draft.make_entity(get(captures, "noun"));
        if (made == nullptr) {
            return false;
        }
        draft.put_field(*made, group);
        if (same_text(period, "monthly")) {
            FieldText month;
            month.field = {.id = "month",
                           .label = "Month",
                           .type = "text",
                           .hint = "e.g. 2026-11; empty means every month"};
            draft.put_field(*made, month);
        }
        draft.put_field(*made, amount);
        statement.implement("entity:" + made->id);
        return true;
    }
    return false;
}

}  // namespace

const std::vector<GrammarRule>& entity_grammar() {
    static const std::vector<GrammarRule> kRules = {
        {Pattern{
             "each|every|a|an|the? {noun} can|may|must|should? have|has one|a|an|single|exactly "
             "single? {one}"},
         apply_link},
        {Pattern{"each|every|a|an|the? {noun} belongs|refers to one|a|an|the? {one}"}, apply_link},
        {Pattern{
             "each|every|a|an|the? {noun} can|may|must|should? have|has many|several|multiple|any "
             "number? of? {many}"},
         apply_link},
        {Pattern{"each|every|a|an|the {noun} should|must|shall|can|will? has|have|contains|contain|"
                 "includes|include|consists|stores|with of? :? {fields}"},
         apply_has},
        {Pattern{"{noun} has|have|contain|include|consist :? {fields}"}, apply_has},
        {Pattern{"add|create|record|log|enter|save|register|track|submit|store|keep|hold|manage "
                 "{noun} with {fields}"},
         apply_add_with},
        {Pattern{"set|define|plan|keep a|an {period} {noun} per|for|by each|every? {field}"},
         apply_budget},
    };
    return kRules;
}

void read_field_blocks(Draft& draft, std::vector<Statement>& statements) {
    for (std::size_t at = 0; at < statements.size(); ++at) {
        if (statements[at].settled) {
            continue;
        }
        if (statements[at].kind == StatementKind::TableHead && is_field_table(statements[at])) {
            read_table(draft, statements, at);
        } else if (statements[at].kind == StatementKind::Item) {
            std::size_t end = at;
            while (end < statements.size() && statements[end].kind == StatementKind::Item &&
                   statements[end].heading == statements[at].heading) {
                ++end;
            }
            read_list(draft, statements, at, end);
            at = end - 1;
        }
    }
}

}  // namespace origin::generator
