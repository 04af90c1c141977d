// SPDX-License-Identifier: Apache-2.0
// Tests of entities: what forms take, what lists do. Expected values are written out, never read
// from the model, so that a claim whose code is gone turns red.
#include <algorithm>
#include <utility>

#include "generator/blueprint/json_text.h"
#include "generator/blueprint/manifest.h"
#include "generator/blueprint/render_parts.h"
#include "generator/blueprint/test_text.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

std::string claim_of(std::string_view kind, const Entity& entity, std::string_view id) {
    return std::string(kind) + ":" + entity.id + "." + std::string(id);
}

void test_bounds(TestFile& file,
                 const std::string& claim,
                 const Entity& entity,
                 const Field& field) {
    const auto refuse = [&](const std::string& title, const std::string& value) {
        file.add(claim,
                 title,
                 put("  refuses('$entity', '$field', $value);\n",
                     {{"entity", entity.id}, {"field", field.id}, {"value", value}}));
    };
    if (field.required && field.kind() != "boolean") {
        refuse("is required", field.kind() == "refs" ? "[]" : "''");
    }
    if (!field.min.empty()) {
        refuse("is at least " + field.min,
               quoted(std::to_string(std::atol(field.min.c_str()) - 1)));
    }
    if (!field.max.empty()) {
        refuse("is at most " + field.max, quoted(std::to_string(std::atol(field.max.c_str()) + 1)));
    }
    if (field.unique) {
        const std::string value = input_literal(field, 0);
        file.add(claim,
                 "is unique",
                 put("  refuses('$entity', '$field', $value, [{ $field: $value }]);\n",
                     {{"entity", entity.id}, {"field", field.id}, {"value", value}}));
    }
}

std::string default_stored(const Field& field) {
    std::string literal = default_literal(field);
    if (field.kind() != "money") {
        return literal;
    }
    return std::to_string(std::atol(field.default_value->c_str()) * 100);
}

void test_default(TestFile& file,
                  const std::string& claim,
                  const Entity& entity,
                  const Field& field) {
    if (!field.default_value || *field.default_value == "today") {
        return;
    }
    file.add(claim,
             "starts as " + *field.default_value,
             put("  const { App, entity } = openPage();\n"
                 "  const field = entity('$entity').fields.find((each) => each.id === '$field');\n"
                 "  assert.equal(App.values.defaultOf(field), $value);\n",
                 {{"entity", entity.id}, {"field", field.id}, {"value", default_stored(field)}}));
}

void test_link(TestFile& file, const std::string& claim, const Entity& entity, const Field& field) {
    const bool many = field.kind() == "refs";
    file.add(claim,
             "links to " + std::string(field.target()),
             put("  const page = openPage();\n  const other = page.add('$target', {});\n"
                 "  const row = page.add('$entity', { $field: $input });\n"
                 "  assert.deepEqual(row.$field, $input);\n"
                 "  page.store.remove(page.entity('$target'), other.id);\n"
                 "  assert.deepEqual(page.store.find('$entity', row.id).$field, $empty);\n",
                 {{"target", std::string(field.target())},
                  {"entity", entity.id},
                  {"field", field.id},
                  {"input", many ? "[other.id]" : "other.id"},
                  {"empty", many ? "[]" : "null"}}));
}

void test_field(TestFile& file, const Entity& entity, const Field& field) {
    const std::string claim = claim_of("field", entity, field.id);
    if (field.derived) {
        file.add(claim,
                 "is kept by the app",
                 put("  assert.equal(accepts('$entity', {}).$field, $value);\n",
                     {{"entity", entity.id},
                      {"field", field.id},
                      {"value", field.default_value ? default_stored(field) : "null"}}));
        return;
    }
    if (field.kind() == "ref" || field.kind() == "refs") {
        test_link(file, claim, entity, field);
    } else {
        std::string code;
        const int count = field.kind() == "enum" ? static_cast<int>(field.values.size()) : 1;
        for (int at = 0; at < count; ++at) {
            code +=
                put("  assert.deepEqual(accepts('$entity', { $field: $input }).$field, $stored);\n",
                    {{"entity", entity.id},
                     {"field", field.id},
                     {"input", input_literal(field, at)},
                     {"stored", stored_literal(field, at)}});
        }
        file.add(claim, "takes " + std::string(field.kind()), code);
    }
    if (const std::string wrong = wrong_literal(field); !wrong.empty()) {
        file.add(claim,
                 "refuses what is no " + std::string(field.kind()),
                 put("  refuses('$entity', '$field', $value);\n",
                     {{"entity", entity.id}, {"field", field.id}, {"value", wrong}}));
    }
    test_bounds(file, claim, entity, field);
    test_default(file, claim, entity, field);
}

/// Two inputs of a field that differ, as statements that make `first` and `second`.
std::string two_rows(const Entity& entity, const Field& field) {
    if (field.kind() == "ref" || field.kind() == "refs") {
        const bool many = field.kind() == "refs";
        return put(
            "  const left = page.add('$target', {});\n  const right = page.add('$target', {});\n"
            "  const first = page.add('$entity', { $field: $one });\n"
            "  const second = page.add('$entity', { $field: $two });\n",
            {{"target", std::string(field.target())},
             {"entity", entity.id},
             {"field", field.id},
             {"one", many ? "[left.id]" : "left.id"},
             {"two", many ? "[right.id]" : "right.id"}});
    }
    return put(
        "  const first = page.add('$entity', { $field: $one });\n"
        "  const second = page.add('$entity', { $field: $two });\n",
        {{"entity", entity.id},
         {"field", field.id},
         {"one", input_literal(field, 0)},
         {"two", input_literal(field, 2)}});
}

std::string filter_value(const Field& field) {
    if (field.kind() == "ref" || field.kind() == "refs") {
        return "left.id";
    }
    if (field.kind() == "boolean") {
        return "'false'";
    }
    if (field.kind() == "date") {
        return "'2026-01'";
    }
    if (field.kind() == "enum") {
        return quoted(field.values.front());
    }
    return "String(" + stored_literal(field, 0) + ")";
}

void test_filters(TestFile& file, const App& app, const Entity& entity, const std::string& page) {
    for (const std::string& id : entity.filters) {
        const Field* field = entity.find(id);
        const std::string claim = claim_of("filter", entity, id);
        if (field == nullptr) {
            if (const Rule* rule = app.rule(id)) {
                test_rule_filter(file, entity, *rule, page);
            }
            continue;
        }
        if (field->kind() == "enum" && field->values.size() < 2) {
            continue;
        }
        Field spread = *field;  // The first two values of a choice.
        if (field->kind() == "enum") {
            spread.values = {field->values[0], field->values[1], field->values[1]};
        }
        file.add(
            claim,
            "leaves only the rows with the chosen " + lower(field->label),
            "  const page = openPage('" + page + "');\n" + two_rows(entity, spread) +
                put("  assert.equal(page.rows().length, 2);\n"
                    "  page.filter('$field', $value);\n"
                    "  assert.deepEqual(page.rows(), [first.id]);\n"
                    "  page.filter('$field', '');\n  assert.ok(page.rows().includes(second.id));\n",
                    {{"field", id}, {"value", filter_value(*field)}}));
    }
}

void test_search(TestFile& file, const Entity& entity, const std::string& page) {
    for (const std::string& id : entity.search) {
        const Field* field = entity.find(id);
        const std::string first = input_literal(*field, 0);
        if (first.empty() || field->kind() == "boolean") {
            continue;
        }
        file.add("search:" + entity.id,
                 "finds rows by " + lower(field->label) + ", in any case",
                 put("  const page = openPage('$page');\n"
                     "  const first = page.add('$entity', { $field: $one });\n"
                     "  page.add('$entity', { $field: $two });\n"
                     "  page.search('$entity', String($one).toUpperCase().slice(0, 8));\n"
                     "  assert.deepEqual(page.rows(), [first.id]);\n"
                     "  page.search('$entity', 'nothing has this');\n"
                     "  assert.deepEqual(page.rows(), []);\n",
                     {{"page", page},
                      {"entity", entity.id},
                      {"field", id},
                      {"one", first},
                      {"two", input_literal(*field, 2)}}));
    }
}

void test_sorts(TestFile& file, const Entity& entity, const std::string& page) {
    const auto code = [&](const Field& field, std::string_view act, bool up) {
        return put(
            "  const page = openPage('$page');\n"
            "  const high = page.add('$entity', { $field: $two });\n"
            "  const low = page.add('$entity', { $field: $one });\n"
            "  const higher = page.add('$entity', { $field: $three });\n$act"
            "  assert.deepEqual(page.rows(), [$order]);\n",
            {{"page", page},
             {"entity", entity.id},
             {"field", field.id},
             {"one", input_literal(field, 0)},
             {"two", input_literal(field, 1)},
             {"three", input_literal(field, 2)},
             {"act", std::string(act)},
             {"order", up ? "low.id, high.id, higher.id" : "higher.id, high.id, low.id"}});
    };
    const auto sortable = [](const Field* field) {
        return field != nullptr && !input_literal(*field, 0).empty() &&
               field->kind() != "boolean" && field->kind() != "enum" && field->kind() != "tags";
    };
    for (const std::string& id : entity.sort) {
        const Field* field = entity.find(id);
        if (!sortable(field)) {
            continue;
        }
        for (const bool up : {true, false}) {
            const std::string how = id + (up ? " asc" : " desc");
            file.add(claim_of("sort", entity, id),
                     up ? "sorts upwards" : "sorts downwards",
                     code(*field, "  page.sort('" + entity.id + "', '" + how + "');\n", up));
        }
    }
    const auto space = entity.default_sort.find(' ');
    const std::string id = entity.default_sort.substr(0, space);
    const bool up = entity.default_sort.ends_with("asc");
    if (sortable(entity.find(id))) {
        file.add("order:" + entity.id, "is " + entity.default_sort, code(*entity.find(id), "", up));
    } else if (id == "created" && !up) {
        file.add("order:" + entity.id,
                 "is newest first",
                 put("  const page = openPage('$page');\n  const old = page.add('$entity', {});\n"
                     "  const late = page.add('$entity', {});\n"
                     "  assert.deepEqual(page.rows(), [late.id, old.id]);\n",
                     {{"page", page}, {"entity", entity.id}}));
    }
}

/// A field whose value a test can change.
const Field* changeable(const Entity& entity) {
    for (const Field& field : entity.fields) {
        const bool one = field.kind() == "enum" && field.values.size() < 2;
        const bool fixed = input_literal(field, 0) == input_literal(field, 1);
        if (!field.derived && !one && !fixed) {
            return &field;
        }
    }
    return nullptr;
}

void test_ops(TestFile& file, const Entity& entity, const std::string& page) {
    if (has(entity.ops, "create")) {
        file.add("op:" + entity.id + ".create",
                 "saves what the form holds, and it is there after a reload",
                 put("  const page = openPage('$page');\n  page.press('add');\n"
                     "  fillForm(page, sample(page.App, page.store, '$entity'));\n"
                     "  const saved = page.store.all('$entity').at(-1);\n"
                     "  assert.ok(page.rows().includes(saved.id));\n"
                     "  const again = openPage('$page', page.storage);\n"
                     "  assert.deepEqual(again.store.find('$entity', saved.id), saved);\n"
                     "  assert.ok(again.rows().includes(saved.id));\n",
                     {{"page", page}, {"entity", entity.id}}));
    }
    if (const Field* field = has(entity.ops, "update") ? changeable(entity) : nullptr) {
        file.add(
            "op:" + entity.id + ".update",
            "changes a row in place",
            put("  const page = openPage('$page');\n"
                "  const row = page.add('$entity', { $field: $one });\n"
                "  page.press('edit');\n"
                "  fillForm(page, sample(page.App, page.store, '$entity', { $field: $two }));\n"
                "  assert.equal(page.store.all('$entity').length, 1);\n"
                "  assert.deepEqual(page.store.find('$entity', row.id).$field, $stored);\n",
                {{"page", page},
                 {"entity", entity.id},
                 {"field", field->id},
                 {"one", input_literal(*field, 0)},
                 {"two", input_literal(*field, 1)},
                 {"stored", stored_literal(*field, 1)}}));
    }
    if (has(entity.ops, "delete")) {
        file.add("op:" + entity.id + ".delete",
                 "takes a row away",
                 put("  const page = openPage('$page');\n  const row = page.add('$entity', {});\n"
                     "  assert.ok(page.find('[data-action=\"delete\"]'));\n"
                     "  assert.equal(page.store.remove(page.entity('$entity'), row.id).ok, true);\n"
                     "  assert.deepEqual(page.rows(), []);\n",
                     {{"page", page}, {"entity", entity.id}}));
    }
    if (!has(entity.ops, "archive")) {
        return;
    }
    file.add("op:" + entity.id + ".archive",
             "hides a row from the list and keeps it",
             put("  const page = openPage('$page');\n  const row = page.add('$entity', {});\n"
                 "  page.press('archive');\n  assert.deepEqual(page.rows(), []);\n"
                 "  assert.equal(page.store.find('$entity', row.id).archived, true);\n",
                 {{"page", page}, {"entity", entity.id}}));
}

std::string joined(const std::vector<std::string>& words) {
    std::string all;
    for (const std::string& word : words) {
        all += (all.empty() ? "" : " ") + word;
    }
    return all;
}

void test_exchange(TestFile& file, const Entity& entity, const std::string& page) {
    for (const std::string& format : entity.exports) {
        const std::string claim = claim_of("export", entity, format);
        const std::string head =
            put("  const page = openPage('$page');\n  page.add('$entity', {});\n"
                "  assert.ok(page.find('[data-export=\"$format\"]'), 'there is a button');\n",
                {{"page", page}, {"entity", entity.id}, {"format", format}});
        if (format == "csv") {
            file.add(
                claim,
                "writes a line per row under the labels",
                head + put("  const text = page.App.csv.write(page.entity('$entity'), "
                           "page.store.all('$entity'), page.store.nameOf);\n"
                           "  const lines = page.App.csv.read(text);\n"
                           "  assert.equal(lines.length, 2);\n"
                           "  assert.equal(lines[0][0], $label);\n",
                           {{"entity", entity.id}, {"label", quoted(entity.fields[0].label)}}));
        } else {
            file.add(claim,
                     "writes everything that is stored",
                     head + put("  assert.equal(JSON.parse(page.store.exportJson()).rows['$entity']"
                                ".length, 1);\n",
                                {{"entity", entity.id}}));
        }
    }
    for (const std::string& format : entity.imports) {
        const std::string claim = claim_of("import", entity, format);
        const std::string head =
            put("  const page = openPage('$page');\n"
                "  assert.ok(page.find('[data-import=\"$all\"]'));\n",
                {{"page", page}, {"all", joined(entity.imports)}});
        if (format == "csv") {
            file.add(
                claim,
                "adds the lines that the form would take",
                head + put("  page.add('$entity', {});\n"
                           "  const { csv, list } = page.App;\n"
                           "  const text = csv.write(page.entity('$entity'), "
                           "page.store.all('$entity'), page.store.nameOf);\n"
                           "  const other = openPage('$page');\n"
                           "  assert.deepEqual(other.App.list.importCsv(other.entity('$entity'), "
                           "other.store, text), { added: 1, problems: [] });\n"
                           "  assert.ok(csv && list);\n",
                           {{"entity", entity.id}, {"page", page}}));
        } else {
            file.add(
                claim,
                "reads an export back",
                head + put("  page.add('$entity', {});\n  const text = page.store.exportJson();\n"
                           "  const other = openPage('$page');\n"
                           "  assert.equal(other.store.importJson(text).ok, true);\n"
                           "  assert.equal(other.rows().length, 1);\n",
                           {{"entity", entity.id}, {"page", page}}));
        }
    }
}

void test_migrations(TestFile& file, const App& app, const Entity& entity) {
    for (const Migration& step : app.migrations) {
        if (step.entity != entity.id) {
            continue;
        }
        const bool renamed = step.op == "rename_field";
        const bool alive = entity.find(renamed ? step.to : step.field) != nullptr;
        const std::string old = std::to_string(step.version - 1);
        const auto fills = [&](std::string_view pattern) {
            return put(pattern,
                       {{"entity", entity.id},
                        {"field", step.field},
                        {"to", step.to},
                        {"version", old},
                        {"default",
                         step.added.default_value         ? default_stored(step.added)
                         : step.added.kind() == "boolean" ? "false"
                                                          : "null"}});
        };
        if (renamed && alive) {
            file.add(
                "field:" + entity.id + "." + step.to,
                "keeps what was saved as " + step.field,
                fills(
                    "  const page = openOld($version, { $entity: [{ id: 'a', seq: 1, $field: "
                    "'kept' }] });\n"
                    "  const row = page.store.find('$entity', 'a');\n"
                    "  assert.equal(row.$to, 'kept');\n  assert.equal('$field' in row, false);\n"));
        } else if (step.op == "add_field" && alive) {
            file.add("field:" + entity.id + "." + step.field,
                     "is given to rows saved before it was there",
                     fills("  const page = openOld($version, { $entity: [{ id: 'a', seq: 1 }] });\n"
                           "  assert.equal(page.store.find('$entity', 'a').$field, $default);\n"));
        } else if (step.op == "remove_field") {
            file.add("removed:" + entity.id + "." + step.field,
                     "is gone from rows and kept aside",
                     fills("  const page = openOld($version, { $entity: [{ id: 'a', seq: 1, "
                           "$field: 'kept' }] });\n"
                           "  assert.equal('$field' in page.store.find('$entity', 'a'), false);\n"
                           "  "
                           "assert.equal(JSON.parse(page.store.exportJson()).removed['$entity.$"
                           "field'].a, 'kept');\n"));
        }
    }
}

}  // namespace

std::string list_page_of(const App& app, const Entity& entity) {
    for (std::size_t at = 0; at < app.pages.size(); ++at) {
        for (const Section& section : app.pages[at].sections) {
            if (section.kind == "list" && section.entity == entity.id) {
                return file_of(app, at);
            }
        }
    }
    return {};
}

TestIndex render_tests(const App& app, Files& files) {
    TestIndex index;
    for (const Entity& entity : app.entities) {
        TestFile file(replace_all(entity.id, "_", "-"),
                      "Goal: " + entity.plural + " are stored, checked and listed as asked.");
        const std::string page = list_page_of(app, entity);
        const std::string claim = "entity:" + entity.id;
        file.add(claim,
                 "keeps a row over a reload",
                 put("  const page = openPage();\n  const row = page.add('$entity', {});\n"
                     "  assert.deepEqual(openPage('index.html', "
                     "page.storage).store.all('$entity'), [row]);\n",
                     {{"entity", entity.id}}));
        for (const Field& field : entity.fields) {
            test_field(file, entity, field);
        }
        test_migrations(file, app, entity);
        if (!page.empty()) {
            file.add(
                "list:" + entity.id,
                "shows the rows",
                put("  const page = openPage('$page');\n  const row = page.add('$entity', {});\n"
                    "  assert.deepEqual(page.rows(), [row.id]);\n",
                    {{"page", page}, {"entity", entity.id}}));
            test_filters(file, app, entity, page);
            test_search(file, entity, page);
            test_sorts(file, entity, page);
            test_ops(file, entity, page);
            test_exchange(file, entity, page);
        }
        file.finish(files, index);
    }
    test_boards(app, files, index);
    test_rules(app, files, index);
    test_pages(app, files, index);
    test_theme(app, files, index);
    for (const std::string_view name :
         {"local no page loads anything from elsewhere and no script runs inline",
          "print pages print without buttons and tools",
          "small_screen pages scale to a phone and rows become cards",
          "labels every control of a form has a label and a place for its error"}) {
        const std::string claim = "guarantee:" + std::string(name.substr(0, name.find(' ')));
        index[claim].push_back("tests/runtime.test.mjs#guarantee:" + std::string(name));
    }
    return index;
}

}  // namespace origin::generator
