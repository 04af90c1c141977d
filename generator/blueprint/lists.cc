// SPDX-License-Identifier: Apache-2.0
// Lists: what people can do with rows: see, search, filter, sort, add, archive, export, import.
#include <algorithm>
#include <utility>

#include "generator/blueprint/draft.h"
#include "generator/blueprint/lexicon.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

/// Where a list belongs when a clause names no page: the entity's page is made by complete().
void place_list(Draft& draft, const Entity& entity) {
    if (Page* page = draft.app.page(draft.page)) {
        draft.show_list(*page, entity);
    }
}

std::string sort_order(Entity& entity, std::string_view how) {
    const bool up = how == "oldest" || how == "lowest" || how == "earliest" || how == "smallest";
    const bool size = how == "highest" || how == "lowest" || how == "largest" || how == "smallest";
    Field* field = size ? first_of_kind(entity, "money") : first_of_kind(entity, "date");
    if (field == nullptr) {
        field = first_of_kind(entity, size ? "integer" : "datetime");
    }
    return (field == nullptr ? std::string("created") : field->id) + (up ? " asc" : " desc");
}

bool apply_order(Draft& draft, Statement& statement, const Captures& captures) {
    Entity* entity = draft.about(get(captures, "noun"));
    if (entity == nullptr) {
        return false;
    }
    entity->default_sort = sort_order(*entity, lower(get(captures, "how")));
    place_list(draft, *entity);
    statement.implement("order:" + entity->id);
    return true;
}

/// "browse the menu": a page that shows a list stands for the entity it lists.
Entity* listed_on(Draft& draft, std::string_view name) {
    Page* page = draft.find_page(name);
    Section* list = page == nullptr ? nullptr : page->find("list");
    return list == nullptr ? nullptr : draft.app.entity(list->entity);
}

bool apply_show(Draft& draft, Statement& statement, const Captures& captures) {
    Entity* entity = draft.about(get(captures, "noun"));
    if (entity == nullptr) {
        entity = listed_on(draft, get(captures, "noun"));
    }
    if (entity == nullptr) {
        return false;
    }
    draft.last_entity = entity->id;
    if (Page* page = draft.find_page(get(captures, "page"))) {
        draft.page = page->id;
    }
    place_list(draft, *entity);
    statement.implement("list:" + entity->id);
    return true;
}

bool apply_search(Draft& draft, Statement& statement, const Captures& captures) {
    Entity* entity = draft.about(get(captures, "noun"));
    if (entity == nullptr) {
        return false;
    }
    if (get(captures, "fields").empty()) {
        for (const Field& field : entity->fields) {
            if (field.kind() == "text") {
                add_once(entity->search, field.id);
            }
        }
        if (entity->search.empty() && !entity->fields.empty()) {
            add_once(entity->search, entity->fields.front().id);
        }
    } else {
        const auto fields = find_fields(*entity, get(captures, "fields"));
        if (fields.empty()) {
            return false;
        }
        for (const Field* field : fields) {
            add_once(entity->search, field->id);
        }
    }
    if (entity->search.empty()) {
        return false;
    }
    statement.implement("search:" + entity->id);
    return true;
}

bool apply_filter(Draft& draft, Statement& statement, const Captures& captures) {
    Entity* entity = draft.about(get(captures, "noun"));
    if (entity == nullptr) {
        return false;
    }
    const auto fields = find_fields(*entity, get(captures, "fields"));
    if (fields.empty()) {
        return false;
    }
    for (const Field* field : fields) {
        add_once(entity->filters, field->id);
        statement.implement("filter:" + entity->id + "." + field->id);
    }
    return true;
}

/// A filter by name: a field, or a rule such as "Low on stock".
bool apply_named_filter(Draft& draft, Statement& statement, const Captures& captures) {
    Entity* entity = draft.about(get(captures, "noun"));
    if (entity == nullptr) {
        return false;
    }
    std::string id;
    for (const Rule& rule : draft.app.rules) {
        const bool mine = rule.entity == entity->id && rule.kind == "highlight";
        if (mine && to_id(rule.label) == to_id(get(captures, "name"))) {
            id = rule.id;
        }
    }
    if (Field* field = find_field(*entity, get(captures, "name")); id.empty() && field != nullptr) {
        id = field->id;
    }
    if (id.empty()) {
        statement.settle(LineStatus::NeedsClarification,
                         "which rows should this filter leave? No field or rule has that name");
        return true;
    }
    add_once(entity->filters, id);
    statement.implement("filter:" + entity->id + "." + id);
    return true;
}

bool apply_sort(Draft& draft, Statement& statement, const Captures& captures) {
    Entity* entity = draft.about(get(captures, "noun"));
    if (entity == nullptr) {
        return false;
    }
    std::string list = lower(get(captures, "fields"));
    std::string direction;
    for (const std::string_view tail : {" descending",
                                        " desc",
                                        " newest first",
                                        " highest first",
                                        " ascending",
                                        " asc",
                                        " oldest first"}) {
        if (!list.ends_with(tail)) {
            continue;
        }
        direction = tail[1] == 'a' || tail[1] == 'o' ? " asc" : " desc";
        list.resize(list.size() - tail.size());
    }
    while (list.ends_with(',')) {
        list.pop_back();
    }
    const auto fields = find_fields(*entity, list);
    if (fields.empty()) {
        return false;
    }
    if (draft.change && entity->sort.empty() && !entity->default_sort.empty()) {
        const std::string old = entity->default_sort.substr(0, entity->default_sort.find(' '));
        if (old != "created") {
            entity->sort.push_back(old);  // "sort by amount as well".
        }
    }
    for (const Field* field : fields) {
        add_once(entity->sort, field->id);
        statement.implement("sort:" + entity->id + "." + field->id);
    }
    if (!direction.empty()) {
        entity->default_sort = fields[0]->id + direction;
    }
    return true;
}

/// "Add, edit and delete habits": verbs, then the noun they share.
bool apply_verbs(Draft& draft, Statement& statement, const Captures& captures) {
    const Words words{std::string(get(captures, "all"))};
    std::vector<std::string> ops;
    std::size_t at = 0;
    for (; at < words.size(); ++at) {
        const auto& word = words.all()[at];
        const auto family = verb_family(word.low);
        if (word.kind == WordKind::Mark || word.low == "and" || word.low == "or") {
            continue;
        }
        if (family == "create") {
            add_once(ops, "create");
        } else if (family == "edit") {
            add_once(ops, "update");
        } else if (family == "delete") {
            add_once(ops, "delete");
        } else if (family == "archive") {
            add_once(ops, "archive");
        } else if (family == "list") {
            continue;
        } else {
            break;
        }
    }
    std::size_t end = at;  // The noun ends at "so it no longer shows ...".
    while (end < words.size() && words.all()[end].low != "so") {
        ++end;
    }
    if (at == 0 || at == words.size() || end - at > 3) {
        return false;
    }
    const std::string noun = words.slice(at, end);
    Entity* entity = draft.find_entity(noun);
    if (entity == nullptr) {
        return false;
    }
    draft.last_entity = entity->id;
    for (auto& op : ops) {
        statement.implement("op:" + entity->id + "." + op);
        add_once(entity->ops, std::move(op));
    }
    if (ops.empty()) {
        place_list(draft, *entity);
        statement.implement("list:" + entity->id);
    }
    return true;
}

std::vector<std::string> formats_in(std::string_view text) {
    std::vector<std::string> formats;
    for (const std::string& word : split_list(replace_all(lower(text), "/", ","))) {
        if (word != "csv" && word != "json") {
            return {};
        }
        add_once(formats, word);
    }
    return formats;
}

bool move_data(Draft& draft, Statement& statement, const Captures& captures, bool out) {
    const auto formats = formats_in(get(captures, "formats"));
    const std::string noun = lower(without_article(get(captures, "noun")));
    if (formats.empty()) {
        return false;
    }
    const bool all =
        noun.empty() || noun == "data" || noun == "everything" || noun.ends_with(" data");
    bool any = false;
    for (Entity& entity : draft.app.entities) {
        if (!all && draft.find_entity(noun) != &entity) {
            continue;
        }
        for (const auto& format : formats) {
            add_once(out ? entity.exports : entity.imports, format);
            statement.implement((out ? "export:" : "import:") + entity.id + "." + format);
        }
        any = true;
    }
    return any;
}

bool apply_export(Draft& draft, Statement& statement, const Captures& captures) {
    return move_data(draft, statement, captures, true);
}

bool apply_import(Draft& draft, Statement& statement, const Captures& captures) {
    return move_data(draft, statement, captures, false);
}

}  // namespace

const std::vector<GrammarRule>& list_grammar() {
    static const std::vector<GrammarRule> kRules = {
        {Pattern{"the? {how} first|on? top?"},
         [](Draft& d, Statement& s, const Captures& c) {
             static const std::vector<std::string> kHow = {
                 "newest", "latest", "oldest", "highest", "lowest", "largest", "smallest"};
             return has(kHow, lower(get(c, "how"))) && apply_order(d, s, c);
         }},
        {Pattern{
             "see|show|list|view|display|browse {noun} in|as a|the? list|table|grid|cards with? "
             "the? {how} first|on top|the? top?"},
         apply_order},
        {Pattern{"a|an|the? list|table|cards|grid|gallery|overview of|with all? {noun}"},
         apply_show},
        {Pattern{"a? table|list"}, apply_show},
        {Pattern{
             "see|show|list|view|display|browse|explore {noun} in|as a|the? list|table|grid|cards"},
         apply_show},
        {Pattern{"the? {page} page? should|must|will|shall list|show|display {noun}"}, apply_show},
        {Pattern{"see|show|list|view|display|browse|explore {noun} sorted|ordered by {fields}"},
         apply_sort},
        {Pattern{"see|show|list|view|display|browse|explore all? the? {noun}"}, apply_show},
        {Pattern{"search|find|searchable {noun?} by|in|for|on {fields}"}, apply_search},
        {Pattern{"search|find|searchable {noun?}"}, apply_search},
        {Pattern{"a? search|search-box box|field|bar? for|over|by|on {fields}"}, apply_search},
        {Pattern{"add? a|an|the? filter {'name} to|for|on? the? {noun?}"}, apply_named_filter},
        {Pattern{"add? a|an|the? filter|filters by|for|on {fields} to|in|on {noun}"}, apply_filter},
        {Pattern{"add? a|an|the? filter|filters|filterable {noun?} by|for|on {fields}"},
         apply_filter},
        {Pattern{"sort|order|sorted|ordered|sortable {noun?} by {fields} as well|too"}, apply_sort},
        {Pattern{"sort|order|sorted|ordered|sortable {noun?} by {fields}"}, apply_sort},
        {Pattern{"export|download {noun?} as|to|in|into a|an|the? {formats} file|files?"},
         apply_export},
        {Pattern{"add? a|an|the? {formats} export of|for all? {noun}"}, apply_export},
        {Pattern{"add? a|an|the? {formats} export"}, apply_export},
        {Pattern{
             "import|upload {noun?} from|as a|an? {formats} file|files? with columns|the? {x?}"},
         apply_import},
        {Pattern{"import|upload {noun?} from|as a|an? {formats}"}, apply_import},
        {Pattern{"{all}"}, apply_verbs},
    };
    return kRules;
}

}  // namespace origin::generator
