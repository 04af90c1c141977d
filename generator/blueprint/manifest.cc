// SPDX-License-Identifier: Apache-2.0
#include "generator/blueprint/manifest.h"

#include <algorithm>
#include <utility>

#include "generator/blueprint/json_text.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

Json flag(bool value) {
    return Json::raw(value ? "true" : "false");
}

Json json_of(const Field& field) {
    Json json = Json::object();
    json.add("id", Json::text(field.id)).add("label", Json::text(field.label));
    json.add("type", Json::text(field.type));
    if (field.required) {
        json.add("required", flag(true));
    }
    if (field.unique) {
        json.add("unique", flag(true));
    }
    if (!field.min.empty()) {
        json.add("min", Json::raw(field.min));
    }
    if (!field.max.empty()) {
        json.add("max", Json::raw(field.max));
    }
    if (field.default_value) {
        json.add("default", Json::raw(default_literal(field)));
    }
    if (!field.values.empty()) {
        json.add("values", Json::texts(field.values));
    }
    json.add_text("currency", field.currency).add_text("unit", field.unit);
    json.add_text("hint", field.hint);
    if (field.derived) {
        json.add("derived", flag(true));
    }
    return json;
}

Json json_of(const Entity& entity) {
    Json fields = Json::array();
    for (const Field& field : entity.fields) {
        fields.push(json_of(field));
    }
    Json json = Json::object();
    json.add("id", Json::text(entity.id)).add("label", Json::text(entity.label));
    json.add("plural", Json::text(entity.plural)).add("view", Json::text("table"));
    json.add("fields", std::move(fields)).add("ops", Json::texts(entity.ops));
    json.add("search", Json::texts(entity.search)).add("filters", Json::texts(entity.filters));
    json.add("sort", Json::texts(entity.sort));
    json.add("default_sort", Json::text(entity.default_sort));
    json.add("export", Json::texts(entity.exports)).add("import", Json::texts(entity.imports));
    return json;
}

Json json_of(const Board& board) {
    Json json = Json::object();
    json.add("id", Json::text(board.id)).add("label", Json::text(board.label));
    json.add("metric", Json::text(board.metric)).add("entity", Json::text(board.entity));
    json.add_text("where", board.where).add_text("expr", board.expr);
    if (!board.expr.contains('*')) {
        json.add_text("field", board.expr);
    }
    json.add_text("group_by", board.group_by);
    return json;
}

Json json_of(const Rule& rule) {
    Json json = Json::object();
    json.add("id", Json::text(rule.id)).add("kind", Json::text(rule.kind));
    json.add("entity", Json::text(rule.entity)).add("label", Json::text(rule.label));
    json.add_text("when", rule.when).add_text("style", rule.style);
    if (rule.kind == "unique_together") {
        json.add("fields", Json::texts(rule.fields));
        json.add("message", Json::text(rule.label + "."));
    }
    return json;
}

Json json_of(const Migration& step) {
    Json json = Json::object();
    json.add("version", Json::raw(std::to_string(step.version))).add("op", Json::text(step.op));
    json.add("entity", Json::text(step.entity)).add_text("field", step.field);
    json.add_text("to", step.to);
    if (step.op == "add_field") {
        json.add("type", Json::text(step.added.type));
        if (!step.added.values.empty()) {
            json.add("values", Json::texts(step.added.values));
        }
        if (step.added.default_value) {
            json.add("default", Json::raw(default_literal(step.added)));
        }
    }
    return json;
}

Json json_of(const Section& section) {
    Json json = Json::object();
    json.add("id", Json::text(section.id)).add("kind", Json::text(section.kind));
    json.add_text("title", section.title).add_text("text", section.text);
    json.add_text("entity", section.entity).add_text("button_label", section.button_label);
    json.add_text("button_page", section.button_page);
    if (!section.items.empty()) {
        json.add("items", Json::texts(section.items));
    }
    return json;
}

template <class List>
Json all_of(const List& list) {
    Json json = Json::array();
    for (const auto& item : list) {
        json.push(json_of(item));
    }
    return json;
}

Json pages_of(const App& app) {
    Json pages = Json::array();
    for (std::size_t at = 0; at < app.pages.size(); ++at) {
        Json page = Json::object();
        page.add("id", Json::text(app.pages[at].id)).add("title", Json::text(app.pages[at].title));
        page.add("file", Json::text(file_of(app, at)));
        page.add("sections", all_of(app.pages[at].sections));
        pages.push(std::move(page));
    }
    return pages;
}

Json requirements_of(const App& app) {
    Json all = Json::array();
    for (std::size_t at = 0; at < app.sources.size(); ++at) {
        for (const TraceLine& line : app.sources[at].lines) {
            Json json = Json::object();
            json.add("id", Json::text(line.id));
            json.add("source", Json::raw(std::to_string(at + 1)));
            json.add("text", Json::text(line.text));
            json.add("status", Json::text(name_of(line.status)));
            json.add_text("reason", line.reason);
            if (!line.evidence.empty()) {
                json.add("evidence", Json::texts(line.evidence));
            }
            all.push(std::move(json));
        }
    }
    return all;
}

Json sources_of(const App& app) {
    Json all = Json::array();
    for (const Source& source : app.sources) {
        Json json = Json::object();
        json.add("request", Json::text(source.request)).add("digest", Json::text(source.digest));
        json.add("title", Json::text(source.title));
        all.push(std::move(json));
    }
    return all;
}

}  // namespace

std::string default_literal(const Field& field) {
    const std::string& value = *field.default_value;
    const auto kind = field.kind();
    if (kind == "boolean") {
        const std::string low = lower(value);
        return low == "yes" || low == "true" || low == "on" || low == "1" ? "true" : "false";
    }
    const bool number = !value.empty() && value.size() <= 15 && value.front() != '.' &&
                        value.back() != '.' &&
                        (value.size() == 1 || value.front() != '0' || value[1] == '.') &&
                        std::ranges::count(value, '.') <= 1 &&
                        value.find_first_not_of("0123456789.") == std::string::npos;
    const bool wants =
        kind == "integer" || kind == "decimal" || kind == "rating" || kind == "percent";
    return number && wants ? value : quoted(value);
}

std::string file_of(const App& app, std::size_t index) {
    if (index == 0) {
        return "index.html";
    }
    return replace_all(app.pages[index].id, "_", "-") + ".html";
}

std::string file_of_page(const App& app, std::string_view page_id) {
    for (std::size_t at = 0; at < app.pages.size(); ++at) {
        if (app.pages[at].id == page_id) {
            return file_of(app, at);
        }
    }
    return "index.html";
}

std::string write_manifest(const App& app) {
    Json nav = Json::array();
    for (const Page& page : app.pages) {
        nav.push(Json::text(page.id));
    }
    Json generator = Json::object();
    generator.add("name", Json::text("blueprint")).add("version", Json::text(kBlueprintVersion));
    Json named = Json::object();
    named.add("name", Json::text(app.name)).add_text("tagline", app.tagline);
    named.add("slug", Json::text(app.slug));
    Json theme = Json::object();
    theme.add("background", Json::text(app.theme.background));
    theme.add("primary", Json::text(app.theme.primary)).add("mode", Json::text(app.theme.mode));
    theme.add("toggle", flag(app.theme.toggle)).add("font", Json::text(app.theme.font));
    Json json = Json::object();
    json.add("schema", Json::text("origin-blueprint/1")).add("generator", std::move(generator));
    json.add("data_version", Json::raw(std::to_string(app.data_version)));
    json.add("app", std::move(named)).add("theme", std::move(theme)).add("nav", std::move(nav));
    json.add("pages", pages_of(app)).add("entities", all_of(app.entities));
    json.add("dashboards", all_of(app.boards)).add("rules", all_of(app.rules));
    json.add("migrations", all_of(app.migrations)).add("tombstones", Json::texts(app.tombstones));
    json.add("sources", sources_of(app)).add("requirements", requirements_of(app));
    return json.print() + "\n";
}

std::string write_model(const App& app) {
    Json named = Json::object();
    named.add("name", Json::text(app.name)).add("slug", Json::text(app.slug));
    named.add("storage_key", Json::text("app:" + app.slug));
    named.add("mode", Json::text(app.theme.mode)).add("toggle", flag(app.theme.toggle));
    Json json = Json::object();
    json.add("app", std::move(named));
    json.add("data_version", Json::raw(std::to_string(app.data_version)));
    json.add("entities", all_of(app.entities)).add("dashboards", all_of(app.boards));
    json.add("rules", all_of(app.rules)).add("migrations", all_of(app.migrations));
    return "// Generated from blueprint.json; changes belong there or into custom.js.\n"
           "globalThis.App = globalThis.App || {};\n"
           "globalThis.App.model = " +
           json.print() + ";\n";
}

}  // namespace origin::generator
