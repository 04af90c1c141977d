// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include <boost/json.hpp>

#include "base/limits.h"
#include "generator/blueprint/manifest.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 17> kFieldKinds = {"text",
                                                          "longtext",
                                                          "integer",
                                                          "decimal",
                                                          "money",
                                                          "boolean",
                                                          "date",
                                                          "time",
                                                          "datetime",
                                                          "enum",
                                                          "email",
                                                          "phone",
                                                          "url",
                                                          "tags",
                                                          "colour",
                                                          "percent",
                                                          "rating"};

Error bad(std::string_view member) {
    return Error(Code::InvalidInput,
                 "blueprint.json is not a valid manifest: " + std::string(member) + ".")
        .because("bad_manifest");
}

/// Reads members and remembers the first one that is wrong; later reads then change nothing.
class Members {
public:
    explicit Members(const json::value& value, std::string_view where)
        : object_(value.if_object()), where_(where) {
        if (object_ == nullptr) {
            wrong("an object is expected");
        }
    }

    std::string text(std::string_view key, bool needed = false) {
        const json::value* found = find(key, needed);
        if (found == nullptr) {
            return {};
        }
        if (const auto* value = found->if_string()) {
            return std::string(*value);
        }
        wrong("\"" + std::string(key) + "\" must be a text");
        return {};
    }

    std::string id(std::string_view key) {
        std::string value = text(key, true);
        if (problem_.empty() && (value.empty() || value.size() > 200 ||
                                 value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") !=
                                     std::string::npos)) {
            wrong("\"" + std::string(key) + "\" must be an id of letters, digits and _");
        }
        return value;
    }

    bool flag(std::string_view key) {
        const json::value* found = find(key, false);
        return found != nullptr && found->is_bool() && found->get_bool();
    }

    /// A number, text or truth value as text.
    std::optional<std::string> scalar(std::string_view key) {
        const json::value* found = find(key, false);
        if (found == nullptr) {
            return std::nullopt;
        }
        if (const auto* value = found->if_string()) {
            return std::string(*value);
        }
        if (found->is_bool()) {
            return found->get_bool() ? "true" : "false";
        }
        if (const auto* value = found->if_int64()) {
            return std::to_string(*value);
        }
        if (const auto* value = found->if_double()) {
            return decimal(*value);
        }
        wrong("\"" + std::string(key) + "\" must be a number or a text");
        return std::nullopt;
    }

    std::vector<std::string> texts(std::string_view key) {
        std::vector<std::string> values;
        each(key, [&](const json::value& item) {
            if (const auto* value = item.if_string()) {
                values.emplace_back(*value);
            }
        });
        return values;
    }

    template <class Work>
    void each(std::string_view key, Work work) {
        const json::value* found = find(key, false);
        if (found == nullptr) {
            return;
        }
        const auto* array = found->if_array();
        if (array == nullptr) {
            return wrong("\"" + std::string(key) + "\" must be a list");
        }
        for (const json::value& item : *array) {
            work(item);
        }
    }

    const json::value* find(std::string_view key, bool needed) {
        const json::value* found = object_ == nullptr ? nullptr : object_->if_contains(key);
        if (found == nullptr && needed) {
            wrong("\"" + std::string(key) + "\" is missing");
        }
        return found;
    }

    void wrong(std::string what) {
        if (problem_.empty()) {
            problem_ = where_ + ": " + std::move(what);
        }
    }
    void take(const Members& inner) {
        if (problem_.empty()) {
            problem_ = inner.problem_;
        }
    }
    const std::string& problem() const { return problem_; }

private:
    static std::string decimal(double value) {
        std::string text = std::to_string(value);  // "1.500000"
        while (text.ends_with('0')) {
            text.pop_back();
        }
        if (text.ends_with('.')) {
            text.pop_back();
        }
        return text;
    }

    const json::object* object_;
    std::string where_;
    std::string problem_;
};

bool known_type(const App& app, std::string_view type) {
    if (std::ranges::find(kFieldKinds, type) != kFieldKinds.end()) {
        return true;
    }
    const auto colon = type.find(':');
    const auto kind = type.substr(0, colon);
    return colon != std::string_view::npos && (kind == "ref" || kind == "refs") &&
           app.entity(type.substr(colon + 1)) != nullptr;
}

Field read_field(Members& in) {
    Field field;
    field.id = in.id("id");
    field.label = in.text("label", true);
    field.type = in.text("type", true);
    field.required = in.flag("required");
    field.unique = in.flag("unique");
    field.derived = in.flag("derived");
    field.min = in.scalar("min").value_or("");
    field.max = in.scalar("max").value_or("");
    field.default_value = in.scalar("default");
    field.values = in.texts("values");
    field.currency = in.text("currency");
    field.unit = in.text("unit");
    field.hint = in.text("hint");
    return field;
}

Entity read_entity(Members& in) {
    Entity entity;
    entity.id = in.id("id");
    entity.label = in.text("label", true);
    entity.plural = in.text("plural", true);
    in.each("fields", [&](const json::value& item) {
        Members inner(item, "entity " + entity.id + ", field");
        entity.fields.push_back(read_field(inner));
        in.take(inner);
    });
    entity.ops = in.texts("ops");
    entity.search = in.texts("search");
    entity.filters = in.texts("filters");
    entity.sort = in.texts("sort");
    entity.default_sort = in.text("default_sort");
    entity.exports = in.texts("export");
    entity.imports = in.texts("import");
    return entity;
}

Page read_page(Members& in) {
    Page page;
    page.id = in.id("id");
    page.title = in.text("title", true);
    in.each("sections", [&](const json::value& item) {
        Members inner(item, "page " + page.id + ", section");
        Section section;
        section.id = inner.text("id", true);
        section.kind = inner.text("kind", true);
        section.title = inner.text("title");
        section.text = inner.text("text");
        section.entity = inner.text("entity");
        section.button_label = inner.text("button_label");
        section.button_page = inner.text("button_page");
        section.items = inner.texts("items");
        page.sections.push_back(std::move(section));
        in.take(inner);
    });
    return page;
}

Migration read_migration(Members& in) {
    Migration step;
    step.version = std::atoi(in.scalar("version").value_or("0").c_str());
    step.op = in.text("op", true);
    step.entity = in.id("entity");
    step.field = in.text("field");
    step.to = in.text("to");
    step.added.type = in.text("type");
    step.added.values = in.texts("values");
    step.added.default_value = in.scalar("default");
    step.added.id = step.field;
    return step;
}

LineStatus status_of(std::string_view name) {
    for (int at = 0; at <= static_cast<int>(LineStatus::Refused); ++at) {
        if (name_of(static_cast<LineStatus>(at)) == name) {
            return static_cast<LineStatus>(at);
        }
    }
    return LineStatus::Unrecognized;
}

void read_requirements(Members& in, App& app) {
    in.each("sources", [&](const json::value& item) {
        Members inner(item, "source");
        app.sources.push_back(
            {inner.text("request"), inner.text("digest"), inner.text("title"), {}, {}});
        in.take(inner);
    });
    in.each("requirements", [&](const json::value& item) {
        Members inner(item, "requirement");
        TraceLine line;
        line.id = inner.text("id", true);
        line.text = inner.text("text");
        line.status = status_of(inner.text("status", true));
        line.reason = inner.text("reason");
        line.evidence = inner.texts("evidence");
        const auto source =
            static_cast<std::size_t>(std::atoi(inner.scalar("source").value_or("1").c_str()));
        if (source >= 1 && source <= app.sources.size()) {
            app.sources[source - 1].lines.push_back(std::move(line));
        }
        in.take(inner);
    });
}

void read_lists(Members& in, App& app) {
    in.each("pages", [&](const json::value& item) {
        Members inner(item, "page");
        app.pages.push_back(read_page(inner));
        in.take(inner);
    });
    in.each("entities", [&](const json::value& item) {
        Members inner(item, "entity");
        app.entities.push_back(read_entity(inner));
        in.take(inner);
    });
    in.each("dashboards", [&](const json::value& item) {
        Members inner(item, "dashboard");
        app.boards.push_back({inner.id("id"),
                              inner.text("label", true),
                              inner.text("metric", true),
                              inner.id("entity"),
                              inner.text("where"),
                              inner.text("expr"),
                              inner.text("group_by")});
        in.take(inner);
    });
    in.each("rules", [&](const json::value& item) {
        Members inner(item, "rule");
        app.rules.push_back({inner.id("id"),
                             inner.text("kind", true),
                             inner.id("entity"),
                             inner.text("label", true),
                             inner.text("when"),
                             inner.text("style"),
                             inner.texts("fields")});
        in.take(inner);
    });
    in.each("migrations", [&](const json::value& item) {
        Members inner(item, "migration");
        app.migrations.push_back(read_migration(inner));
        in.take(inner);
    });
}

Status check_fields(const App& app, const Entity& entity) {
    if (entity.fields.empty() || entity.fields.size() > kBlueprintFieldsMax) {
        return std::unexpected(bad("entity " + entity.id + " needs 1 to 60 fields"));
    }
    for (const Field& field : entity.fields) {
        if (!known_type(app, field.type)) {
            return std::unexpected(bad("field " + entity.id + "." + field.id + ": unknown type"));
        }
    }
    for (const Field& field : entity.fields) {
        if (field.kind() == "enum" && field.values.empty()) {
            return std::unexpected(bad("field " + entity.id + "." + field.id + " has no values"));
        }
    }
    return {};
}

Status check_entity(const App& app, const Entity& entity) {
    ORIGIN_CHECK(check_fields(app, entity));
    for (const auto* list : {&entity.search, &entity.sort}) {
        for (const auto& id : *list) {
            if (entity.find(id) == nullptr) {
                return std::unexpected(bad("entity " + entity.id + ": no field " + id));
            }
        }
    }
    for (const auto& id : entity.filters) {
        if (entity.find(id) == nullptr && app.rule(id) == nullptr) {
            return std::unexpected(bad("entity " + entity.id + ": no filter " + id));
        }
    }
    return {};
}

/// What the renderers rely on: ids are there once, names that are used exist, numbers are bounded.
Status check(const App& app) {
    if (app.pages.empty()) {
        return std::unexpected(bad("there is no page"));
    }
    if (app.pages.size() > kBlueprintPagesMax || app.entities.size() > kBlueprintEntitiesMax) {
        return std::unexpected(bad("too many pages or entities"));
    }
    for (const Entity& entity : app.entities) {
        ORIGIN_CHECK(check_entity(app, entity));
    }
    for (const Board& board : app.boards) {
        if (app.entity(board.entity) == nullptr) {
            return std::unexpected(bad("dashboard " + board.id + ": no such entity"));
        }
    }
    for (const Rule& rule : app.rules) {
        if (app.entity(rule.entity) == nullptr) {
            return std::unexpected(bad("rule " + rule.id + ": no such entity"));
        }
    }
    return {};
}

}  // namespace

Result<App> read_manifest(std::string_view text) {
    if (text.size() > kGeneratedFileBytesMax) {
        return std::unexpected(bad("it is too large"));
    }
    boost::system::error_code failure;
    json::parse_options options;
    options.max_depth = kJsonDepthMax;
    const json::value value =
        json::parse(json::string_view(text.data(), text.size()), failure, {}, options);
    if (failure) {
        return std::unexpected(bad("it is not JSON"));
    }
    Members in(value, "blueprint.json");
    if (in.text("schema", true) != "origin-blueprint/1") {
        return std::unexpected(bad("its schema is not origin-blueprint/1"));
    }
    App app;
    app.data_version = std::atoi(in.scalar("data_version").value_or("1").c_str());
    if (const auto* found = in.find("app", true)) {
        Members named(*found, "app");
        app.name = named.text("name", true);
        app.tagline = named.text("tagline");
        app.slug = to_slug(named.text("slug", true));
        in.take(named);
    }
    if (const auto* found = in.find("theme", true)) {
        Members theme(*found, "theme");
        app.theme = {theme.text("background", true),
                     theme.text("primary", true),
                     theme.text("mode", true),
                     theme.flag("toggle"),
                     theme.text("font")};
        in.take(theme);
    }
    read_lists(in, app);
    app.tombstones = in.texts("tombstones");
    read_requirements(in, app);
    if (!in.problem().empty()) {
        return std::unexpected(bad(in.problem()));
    }
    ORIGIN_CHECK(check(app));
    return app;
}

}  // namespace origin::generator
