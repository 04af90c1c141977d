// SPDX-License-Identifier: Apache-2.0
// Rules: "low when quantity is less than ...", "show low parts in red", "deleting asks first".
#include <array>
#include <utility>

#include "generator/blueprint/draft.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

struct Comparison {
    std::string_view words;
    std::string_view sign;
};

// Longer phrases first: "less than or equal to" holds "less than".
constexpr std::array kComparisons = {
    Comparison{"is less than or equal to", "<="},
    Comparison{"is greater than or equal to", ">="},
    Comparison{"is more than or equal to", ">="},
    Comparison{"is at or below", "<="},
    Comparison{"is at or above", ">="},
    Comparison{"is at most", "<="},
    Comparison{"is at least", ">="},
    Comparison{"is less than", "<"},
    Comparison{"is lower than", "<"},
    Comparison{"is below", "<"},
    Comparison{"is under", "<"},
    Comparison{"is greater than", ">"},
    Comparison{"is higher than", ">"},
    Comparison{"is more than", ">"},
    Comparison{"is above", ">"},
    Comparison{"is over", ">"},
    Comparison{"is equal to", "="},
    Comparison{"equals", "="},
    Comparison{"is not", "!="},
    Comparison{"is", "="},
    Comparison{"falls below", "<"},
    Comparison{"drops below", "<"},
    Comparison{"reaches", "="},
    Comparison{"exceeds", ">"},
    Comparison{"<=", "<="},
    Comparison{">=", ">="},
    Comparison{"<", "<"},
    Comparison{">", ">"},
};

bool is_plain_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789.-") == std::string_view::npos;
}

/// "quantity is less than or equal to reorder level" -> "quantity <= reorder_level"; empty if
/// unclear.
std::string condition(Entity& entity, std::string_view text) {
    const std::string low = lower(text);
    for (const auto& comparison : kComparisons) {
        const std::string middle = " " + std::string(comparison.words) + " ";
        const auto at = low.find(middle);
        if (at == std::string::npos) {
            continue;
        }
        Field* left = find_field(entity, text.substr(0, at));
        const std::string right(trim(text.substr(at + middle.size())));
        if (left == nullptr) {
            return {};
        }
        const std::string start = left->id + " " + std::string(comparison.sign) + " ";
        if (Field* other = find_field(entity, right)) {
            return start + other->id;
        }
        if (is_plain_number(right)) {
            return start + right;
        }
        for (const std::string& value : left->values) {
            if (same_text(value, right)) {
                return start + value;
            }
        }
        return {};
    }
    return {};
}

bool apply_state(Draft& draft, Statement& statement, const Captures& captures) {
    Entity* entity = draft.find_entity(get(captures, "noun"));
    if (entity == nullptr) {
        return false;
    }
    const std::string when = condition(*entity, get(captures, "when"));
    if (when.empty()) {
        return false;
    }
    Rule rule;
    rule.label = to_label(without_article(get(captures, "label")));
    rule.id = to_id(rule.label);
    rule.kind = "highlight";
    rule.entity = entity->id;
    rule.when = when;
    rule.style = "danger";
    if (draft.app.rule(rule.id) == nullptr) {
        draft.app.rules.push_back(rule);
    }
    statement.implement("rule:" + rule.id);
    return true;
}

bool shares_word(std::string_view label, std::string_view phrase) {
    const Words wanted{std::string(phrase)};
    for (const Word& word : Words{lower(label)}.all()) {
        if (wanted.contains(word.low)) {
            return true;
        }
    }
    return false;
}

/// "show low parts in red": the look of a rule that an earlier sentence defined.
bool apply_look(Draft& draft, Statement& statement, const Captures& captures) {
    const auto what = get(captures, "what");
    for (Rule& rule : draft.app.rules) {
        if (rule.kind != "highlight" || !shares_word(rule.label, lower(what))) {
            continue;
        }
        rule.style = "danger";
        statement.implement("rule:" + rule.id);
        return true;
    }
    return false;
}

/// "highlight overdue jobs where ...": definition and look in one sentence.
bool apply_highlight(Draft& draft, Statement& statement, const Captures& captures) {
    Captures with = captures;
    Entity* entity = draft.find_entity(get(captures, "noun"));
    if (entity == nullptr) {
        return false;
    }
    if (get(captures, "label").empty()) {
        with["label"] = std::string(get(captures, "when"));
    }
    return apply_state(draft, statement, with);
}

void confirm(Draft& draft, Statement& statement, const Entity& entity) {
    const std::string id = "confirm_delete_" + entity.id;
    if (draft.app.rule(id) == nullptr) {
        Rule rule;
        rule.id = id;
        rule.kind = "confirm_delete";
        rule.entity = entity.id;
        rule.label = "Ask before deleting a " + lower(entity.label);
        draft.app.rules.push_back(std::move(rule));
    }
    statement.implement("rule:" + id);
}

bool apply_confirm(Draft& draft, Statement& statement, const Captures& captures) {
    const auto nouns = get(captures, "nouns");
    std::vector<const Entity*> found;
    for (const std::string& noun : split_list(nouns)) {
        const Entity* entity = draft.find_entity(noun);
        if (entity == nullptr) {
            return false;
        }
        found.push_back(entity);
    }
    if (found.empty()) {
        for (const Entity& entity : draft.app.entities) {
            found.push_back(&entity);
        }
    }
    for (const Entity* entity : found) {
        confirm(draft, statement, *entity);
    }
    return !found.empty();
}

/// The entity that `noun` names, or else the last one spoken of that has such a field.
Entity* holder_of(Draft& draft, std::string_view noun, std::string_view field) {
    if (Entity* named = draft.find_entity(noun); named != nullptr && find_field(*named, field)) {
        return named;
    }
    Entity* last = draft.about({});
    return last != nullptr && find_field(*last, field) != nullptr ? last : nullptr;
}

/// "when a guest submits the form without a name ...": the field is required.
bool apply_without(Draft& draft, Statement& statement, const Captures& captures) {
    const auto name = get(captures, "field");
    Entity* entity = holder_of(draft, get(captures, "noun"), name);
    if (entity == nullptr) {
        entity = holder_of(draft, get(captures, "who"), name);
    }
    if (entity == nullptr) {
        return false;
    }
    Field* field = find_field(*entity, name);
    field->required = true;
    statement.implement("field:" + entity->id + "." + field->id);
    return true;
}

/// "when I add another book with isbn 123": the field is unique.
bool apply_another(Draft& draft, Statement& statement, const Captures& captures) {
    Entity* entity = draft.find_entity(get(captures, "noun"));
    Field* field = entity == nullptr ? nullptr : find_field(*entity, get(captures, "field"));
    if (field == nullptr) {
        return false;
    }
    field->unique = true;
    statement.implement("field:" + entity->id + "." + field->id);
    return true;
}

/// "if the email is invalid then ...": the field's type refuses it.
bool apply_invalid(Draft& draft, Statement& statement, const Captures& captures) {
    const auto name = get(captures, "field");
    Entity* entity = holder_of(draft, {}, name);
    Field* field = entity == nullptr ? nullptr : find_field(*entity, name);
    if (field == nullptr || field->kind() == "text" || field->kind() == "longtext") {
        return false;
    }
    statement.implement("field:" + entity->id + "." + field->id);
    return true;
}

bool apply_no_two(Draft& draft, Statement& statement, const Captures& captures) {
    Entity* entity = draft.find_entity(get(captures, "noun"));
    if (entity == nullptr) {
        return false;
    }
    const auto fields = find_fields(*entity, get(captures, "fields"));
    if (fields.empty()) {
        return false;
    }
    if (fields.size() == 1) {
        fields[0]->unique = true;
        statement.implement("field:" + entity->id + "." + fields[0]->id);
        return true;
    }
    Rule rule;
    rule.kind = "unique_together";
    rule.entity = entity->id;
    std::string names;
    for (const Field* field : fields) {
        rule.fields.push_back(field->id);
        names += (names.empty() ? "" : " and ") + lower(field->label);
    }
    rule.label = "No two " + lower(entity->plural) + " with the same " + names;
    rule.id = to_id("unique " + entity->id + " " + names);
    if (draft.app.rule(rule.id) == nullptr) {
        draft.app.rules.push_back(rule);
    }
    statement.implement("rule:" + rule.id);
    return true;
}

bool apply_field_flag(Draft& draft, Statement& statement, const Captures& captures) {
    const std::string flag = lower(get(captures, "flag"));
    for (Entity& entity : draft.app.entities) {
        Field* field = find_field(entity, get(captures, "field"));
        if (field == nullptr) {
            continue;
        }
        if (flag == "unique") {
            field->unique = true;
        } else {
            field->required = flag == "required" || flag == "mandatory";
        }
        statement.implement("field:" + entity.id + "." + field->id);
        return true;
    }
    return false;
}

}  // namespace

const std::vector<GrammarRule>& rule_grammar() {
    static const std::vector<GrammarRule> kRules = {
        {Pattern{"a|an|the|each? {noun} is|are|counts as? {label} when|if its|the|their? {when}"},
         apply_state},
        {Pattern{"highlight|mark|flag|show {noun} as {label} when|if|where its|the|their? {when}"},
         apply_highlight},
        {Pattern{"highlight|mark|flag {noun} when|if|where|whose its|the|their? {when}"},
         apply_highlight},
        {Pattern{
             "show|highlight|mark|display|colour|color {what} in|as|with red|orange|bold|warning "
             "colour|color?"},
         apply_look},
        {Pattern{
             "deleting|removing all|any? {nouns} asks|ask|needs|requires|must|should ask? for? a? "
             "confirmation"},
         apply_confirm},
        {Pattern{"ask|asks? for? a? confirmation|confirm before|when deleting|removing {nouns?}"},
         apply_confirm},
        {Pattern{"confirm|ask|confirmation before deleting|removing|delete {nouns?}"},
         apply_confirm},
        {Pattern{"when|if the? {who} deletes|removes a|an|the? {nouns} ,? then? the? system|app "
                 "shall|should|must "
                 "ask for? a? confirmation"},
         apply_confirm},
        {Pattern{"when|if a|an|the? {who} submits|saves|sends a|an|the? {noun} without a|an|the? "
                 "{field} ,? "
                 "then? the? system|app shall|should|must show|shows|display an|the? error|message "
                 "{rest?}"},
         apply_without},
        {Pattern{"when i|he|she|they save|saves|submit|submits|add|create a|an|the? {noun} without "
                 "a|an|the? "
                 "{field}"},
         apply_without},
        {Pattern{"when i|he|she|they add|save|create another|second {noun} with the|that? same? "
                 "{field} "
                 "{value}"},
         apply_another},
        {Pattern{"when i|he|she|they add|save|create another|second {noun} with the|that? same? "
                 "{field}"},
         apply_another},
        {Pattern{"if|when the? {field} is invalid|malformed ,? then? ..."}, apply_invalid},
        {Pattern{"if|when the? {field} is not valid ,? then? ..."}, apply_invalid},
        {Pattern{"no two {noun} with|may|can|have|share have|share? the same {fields}"},
         apply_no_two},
        {Pattern{"prevent two {noun} with|for|having the same {fields}"}, apply_no_two},
        {Pattern{"make|the? the? {field} must|should|is|to? be? {flag}"},
         [](Draft& d, Statement& s, const Captures& c) {
             static const std::vector<std::string> kFlags = {
                 "required", "optional", "unique", "mandatory"};
             return has(kFlags, lower(get(c, "flag"))) && apply_field_flag(d, s, c);
         }},
    };
    return kRules;
}

}  // namespace origin::generator
