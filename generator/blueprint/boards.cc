// SPDX-License-Identifier: Apache-2.0
// Boards: counts, sums and averages, whole or per month or value.
#include <utility>

#include "generator/blueprint/draft.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

/// The field of `entity` that has `value` among its choices, and the value as it is spelled there.
std::pair<Field*, std::string> choice_of(Entity& entity, std::string_view value) {
    for (Field& field : entity.fields) {
        for (const std::string& choice : field.values) {
            if (same_text(choice, value)) {
                return {&field, choice};
            }
        }
    }
    return {nullptr, {}};
}

/// "collected" of a job: `status = collected`; "active" of something archivable: `archived =
/// false`.
std::string state_condition(Entity& entity, std::string_view state, bool negated) {
    const std::string plain = lower(trim(state));
    if (auto [field, choice] = choice_of(entity, plain); field != nullptr) {
        return field->id + (negated ? " != " : " = ") + choice;
    }
    if (Field* flag = find_field(entity, plain); flag != nullptr && flag->kind() == "boolean") {
        return flag->id + " = " + (negated ? "false" : "true");
    }
    if (plain == "active" && has(entity.ops, "archive")) {
        return std::string("archived = ") + (negated ? "true" : "false");
    }
    return {};
}

struct Counted {
    Entity* entity = nullptr;
    std::string where;
};

/// "jobs that are not collected", "waiting jobs", "parts".
Counted counted(Draft& draft, std::string_view phrase) {
    static const Pattern kThat{"all? {noun} that|which|who are|is|have|has not|never {state}"};
    static const Pattern kThatIs{"all? {noun} that|which|who are|is|have been? {state}"};
    const Words words{std::string(phrase)};
    for (const auto* pattern : {&kThat, &kThatIs}) {
        const auto found = pattern->match(words);
        if (!found) {
            continue;
        }
        Entity* entity = draft.find_entity(get(*found, "noun"));
        if (entity == nullptr) {
            continue;
        }
        const auto where = state_condition(*entity, get(*found, "state"), pattern == &kThat);
        return where.empty() ? Counted{} : Counted{entity, where};
    }
    if (Entity* entity = draft.find_entity(phrase)) {
        return {entity, {}};
    }
    if (words.size() >= 2) {
        const std::size_t last = words.size() - 1;
        Entity* entity = draft.find_entity(words.slice(last, words.size()));
        if (entity != nullptr) {
            const auto where = state_condition(*entity, words.slice(0, last), false);
            if (!where.empty()) {
                return {entity, where};
            }
        }
    }
    return {};
}

void place(Draft& draft, Statement& statement, Board board) {
    board.id = to_id(board.label);
    for (int copy = 2;; ++copy) {
        const auto same = [&](const Board& old) {
            return old.id == board.id;
        };
        const auto old = std::ranges::find_if(draft.app.boards, same);
        if (old == draft.app.boards.end()) {
            draft.app.boards.push_back(board);
            break;
        }
        if (old->metric == board.metric && old->entity == board.entity &&
            old->where == board.where && old->expr == board.expr &&
            old->group_by == board.group_by) {
            break;
        }
        board.id = to_id(board.label) + "_" + std::to_string(copy);
    }
    statement.implement("board:" + board.id);
    Page* page = draft.app.page(draft.page);
    if (page == nullptr) {
        return;  // complete() finds a place.
    }
    Section* section = page->find("boards");
    if (section == nullptr) {
        Section made;
        made.id = "boards_" + page->id;
        made.kind = "boards";
        page->sections.insert(page->sections.begin(), made);
        section = &page->sections.front();
    }
    add_once(section->items, board.id);
}

bool apply_count(Draft& draft, Statement& statement, const Captures& captures) {
    const auto what = get(captures, "what");
    const Counted found = counted(draft, what);
    if (found.entity == nullptr) {
        return false;
    }
    Board board;
    board.metric = "count";
    board.entity = found.entity->id;
    board.where = found.where;
    board.label = to_label(without_article(what));
    place(draft, statement, std::move(board));
    return true;
}

/// "total stock value": quantity times price of the entity that has both.
bool apply_value(Draft& draft, Statement& statement, const Captures& captures) {
    for (Entity& entity : draft.app.entities) {
        Field* price = first_of_kind(entity, "money");
        Field* quantity = entity.find("quantity");
        if (quantity == nullptr) {
            quantity = entity.find("stock");
        }
        if (price == nullptr || quantity == nullptr) {
            continue;
        }
        Board board;
        board.metric = "sum";
        board.entity = entity.id;
        board.expr = quantity->id + "*" + price->id;
        board.label = to_label("total " + std::string(get(captures, "what")) + " value");
        place(draft, statement, std::move(board));
        return true;
    }
    return false;
}

Entity* entity_with(Draft& draft, std::string_view group, bool month) {
    Entity* last = draft.about({});
    std::vector<Entity*> order;
    if (last != nullptr) {
        order.push_back(last);
    }
    for (Entity& entity : draft.app.entities) {
        order.push_back(&entity);
    }
    for (Entity* entity : order) {
        const bool groups = month ? first_of_kind(*entity, "date") != nullptr
                                  : find_field(*entity, group) != nullptr;
        if (groups && first_of_kind(*entity, "money") != nullptr) {
            return entity;
        }
    }
    for (Entity* entity : order) {
        const bool groups = month ? first_of_kind(*entity, "date") != nullptr
                                  : find_field(*entity, group) != nullptr;
        if (groups && first_of_kind(*entity, "integer") != nullptr) {
            return entity;
        }
    }
    return nullptr;
}

bool apply_grouped(Draft& draft, Statement& statement, const Captures& captures) {
    const std::string group = lower(get(captures, "group"));
    const bool month = group == "month" || group == "months";
    Entity* entity = draft.find_entity(get(captures, "noun"));
    Field* sum = nullptr;
    if (entity == nullptr) {
        entity = entity_with(draft, group, month);
    }
    if (entity == nullptr) {
        return false;
    }
    if (!get(captures, "noun").empty()) {
        sum = find_field(*entity, get(captures, "noun"));
    }
    if (sum == nullptr) {
        sum = first_of_kind(*entity, "money");
    }
    if (sum == nullptr) {
        sum = first_of_kind(*entity, "integer");
    }
    Field* by = month ? first_of_kind(*entity, "date") : find_field(*entity, group);
    if (sum == nullptr || by == nullptr) {
        return false;
    }
    Board board;
    board.metric = get(captures, "metric") == "average" ? "average" : "sum";
    board.entity = entity->id;
    board.expr = sum->id;
    board.group_by = month ? "month(" + by->id + ")" : by->id;
    board.label = to_label((board.metric == "sum" ? "total per " : "average per ") + group);
    place(draft, statement, std::move(board));
    return true;
}

bool apply_sum(Draft& draft, Statement& statement, const Captures& captures) {
    const auto what = get(captures, "what");
    for (Entity& entity : draft.app.entities) {
        Field* field = find_field(entity, what);
        if (field == nullptr && draft.find_entity(what) == &entity) {
            field = first_of_kind(entity, "money");
        }
        if (field == nullptr || (field->kind() != "money" && field->kind() != "integer" &&
                                 field->kind() != "decimal")) {
            continue;
        }
        Board board;
        board.metric = same_text(get(captures, "metric"), "average") ? "average" : "sum";
        board.entity = entity.id;
        board.expr = field->id;
        board.label = to_label(board.metric + " of " + std::string(without_article(what)));
        place(draft, statement, std::move(board));
        return true;
    }
    return false;
}

}  // namespace

const std::vector<GrammarRule>& board_grammar() {
    static const std::vector<GrammarRule> kRules = {
        {Pattern{"show|see|display|view? a|the? bar? chart? of? the? total|sum|spending|totals of? "
                 "{noun?} per|by each? {group}"},
         apply_grouped},
        {Pattern{"show|see|display|view? the? average of? {noun?} per|by each? {group}"},
         [](Draft& d, Statement& s, const Captures& c) {
             Captures with = c;
             with["metric"] = "average";
             return apply_grouped(d, s, with);
         }},
        {Pattern{"show|see|display|view? the? total? count|number of {what}"}, apply_count},
        {Pattern{"show|see|display|view? how many {what} there? are? there?"}, apply_count},
        {Pattern{"show|see|display|view? the? total|overall {what} value|worth"}, apply_value},
        {Pattern{"show|see|display|view? the? total|sum of? {what}"}, apply_sum},
        {Pattern{"show|see|display|view? the? average of? {what}"},
         [](Draft& d, Statement& s, const Captures& c) {
             Captures with = c;
             with["metric"] = "average";
             return apply_sum(d, s, with);
         }},
    };
    return kRules;
}

}  // namespace origin::generator
