// SPDX-License-Identifier: Apache-2.0
// Tests of rules and figures: rows on both sides of a condition, sums worked out here.
#include <algorithm>
#include <cstdlib>
#include <optional>

#include "generator/blueprint/json_text.h"
#include "generator/blueprint/manifest.h"
#include "generator/blueprint/render_parts.h"
#include "generator/blueprint/text.h"
#include "generator/blueprint/words.h"

namespace origin::generator {

namespace {

struct Condition {
    const Field* left = nullptr;
    std::string sign;
    std::string right;             // As written.
    const Field* other = nullptr;  // If `right` names a field.
};

std::optional<Condition> read_condition(const Entity& entity, const std::string& text) {
    const auto first = text.find(' ');
    const auto second = text.find(' ', first + 1);
    if (first == std::string::npos || second == std::string::npos) {
        return std::nullopt;
    }
    Condition condition;
    condition.left = entity.find(text.substr(0, first));
    condition.sign = text.substr(first + 1, second - first - 1);
    condition.right = text.substr(second + 1);
    condition.other = entity.find(condition.right);
    if (condition.left == nullptr) {
        return std::nullopt;
    }
    return condition;
}

bool is_number(std::string_view kind) {
    return kind == "integer" || kind == "decimal" || kind == "money" || kind == "percent" ||
           kind == "rating";
}

std::pair<std::string, std::string> number_sides(const Condition& condition) {
    const auto& [left, sign, right, other] = condition;
    const long base = other != nullptr ? 5 : std::atol(right.c_str());
    const bool below = sign[0] == '<';
    const bool strict = sign == "<" || sign == ">" || sign == "!=";
    const long yes = strict ? base + (below ? -1 : 1) : base;
    const long no = strict ? base : base + (below || sign == "=" ? 1 : -1);
    const std::string name = left->id + ": ";
    const std::string tail =
        other != nullptr ? ", " + other->id + ": '" + std::to_string(base) + "'" : "";
    return {name + "'" + std::to_string(yes) + "'" + tail,
            name + "'" + std::to_string(no) + "'" + tail};
}

/// Inputs of rows for which a condition holds (first) and does not (second), as object bodies.
std::optional<std::pair<std::string, std::string>> both_sides(const Entity& entity,
                                                              const std::string& when) {
    const auto found = read_condition(entity, when);
    if (!found) {
        return std::nullopt;
    }
    const auto& [left, sign, right, other] = *found;
    if (is_number(left->kind())) {
        return number_sides(*found);
    }
    const std::string name = left->id + ": ";
    std::string equal = quoted(right);
    std::string unequal;
    if (left->kind() == "boolean") {
        equal = right == "true" ? "true" : "false";
        unequal = right == "true" ? "false" : "true";
    }
    for (const std::string& value : left->values) {
        if (value != right && unequal.empty()) {
            unequal = quoted(value);
        }
    }
    if (unequal.empty() || (sign != "=" && sign != "!=")) {
        return std::nullopt;
    }
    if (sign == "!=") {
        std::swap(equal, unequal);
    }
    return std::pair{name + equal, name + unequal};
}

std::string page_of_board(const App& app, const Board& board) {
    for (std::size_t at = 0; at < app.pages.size(); ++at) {
        for (const Section& section : app.pages[at].sections) {
            if (section.kind == "boards" && has(section.items, board.id)) {
                return file_of(app, at);
            }
        }
    }
    return {};
}

std::string money_text(long minor, const std::string& currency) {
    const std::string symbol = currency.empty()    ? ""
                               : currency == "GBP" ? "\xC2\xA3"
                               : currency == "EUR" ? "\xE2\x82\xAC"
                               : currency == "USD" ? "$"
                                                   : "";
    const std::string cents = std::to_string(minor % 100);
    return symbol + std::to_string(minor / 100) + "." + (cents.size() < 2 ? "0" : "") + cents;
}

/// The inputs of a summed row, and what it adds: quantity 2 at 3.00 makes 600.
struct Summand {
    std::string inputs;
    long value = 1;
    bool money = false;
    std::string currency;
};

Summand summand(const Entity& entity, const Board& board, int at) {
    Summand made;
    for (const std::string& id : split_outside(board.expr, "*")) {
        const Field* field = entity.find(id);
        if (field == nullptr) {
            continue;
        }
        if (!made.inputs.empty()) {
            made.inputs += ", ";
        }
        if (field->kind() == "money") {
            const long minor = at == 0 ? 1010 : 2020;  // 10.10 and 20.20: a float would drift.
            made.inputs += id + ": '" + money_text(minor, "") + "'";
            made.value *= minor;
            made.money = true;
            made.currency = field->currency;
        } else {
            const long least = field->min.empty() ? 0 : std::atol(field->min.c_str());
            const long number = std::max(least, 0L) + 2 + at;
            made.inputs += id + ": '" + std::to_string(number) + "'";
            made.value *= number;
        }
    }
    return made;
}

std::string shown(const Summand& like, const Board& board, long total, long rows) {
    if (board.metric == "average") {
        total /= rows;
    }
    if (!like.money) {
        return std::to_string(total);
    }
    return money_text(total, like.currency);
}

void test_count(TestFile& file, const Entity& entity, const Board& board, const std::string& page) {
    const auto open = put("  const page = openPage('$page');\n", {{"page", page}});
    if (board.where.empty()) {
        file.add("board:" + board.id,
                 "counts " + lower(entity.plural),
                 open + put("  assert.match(boardText(page, '$board'), /0$/);\n"
                            "  page.add('$entity', {});\n  page.add('$entity', {});\n"
                            "  assert.match(boardText(page, '$board'), /2$/);\n",
                            {{"board", board.id}, {"entity", entity.id}}));
        return;
    }
    if (board.where.starts_with("archived ")) {
        file.add("board:" + board.id,
                 "counts only what is not archived",
                 open + put("  page.add('$entity', {});\n  const row = page.add('$entity', {});\n"
                            "  page.store.archive(page.entity('$entity'), row.id, true);\n"
                            "  assert.match(boardText(page, '$board'), /1$/);\n",
                            {{"board", board.id}, {"entity", entity.id}}));
        return;
    }
    const auto sides = both_sides(entity, board.where);
    if (!sides) {
        return;
    }
    file.add("board:" + board.id,
             "counts only where " + board.where,
             open + put("  page.add('$entity', { $no });\n"
                        "  assert.match(boardText(page, '$board'), /0$/);\n"
                        "  page.add('$entity', { $yes });\n  page.add('$entity', { $yes });\n"
                        "  assert.match(boardText(page, '$board'), /2$/);\n",
                        {{"board", board.id},
                         {"entity", entity.id},
                         {"yes", sides->first},
                         {"no", sides->second}}));
}

void test_sum(TestFile& file, const Entity& entity, const Board& board, const std::string& page) {
    const Summand one = summand(entity, board, 0);
    const Summand two = summand(entity, board, 1);
    file.add("board:" + board.id,
             "adds up " + board.expr,
             put("  const page = openPage('$page');\n  page.add('$entity', { $one });\n"
                 "  page.add('$entity', { $two });\n"
                 "  assert.ok(boardText(page, '$board').endsWith($total));\n",
                 {{"page", page},
                  {"entity", entity.id},
                  {"one", one.inputs},
                  {"two", two.inputs},
                  {"board", board.id},
                  {"total", quoted(shown(one, board, one.value + two.value, 2))}}));
}

void test_groups(TestFile& file,
                 const Entity& entity,
                 const Board& board,
                 const std::string& page) {
    const bool month = board.group_by.starts_with("month(");
    const std::string id =
        month ? board.group_by.substr(6, board.group_by.size() - 7) : board.group_by;
    const Field* by = entity.find(id);
    if (by == nullptr || input_literal(*by, 0).empty()) {
        return;
    }
    const Summand one = summand(entity, board, 0);
    const Summand two = summand(entity, board, 1);
    const std::string first = month ? "'2026-01-15'" : input_literal(*by, 0);
    const std::string same = month ? "'2026-01-31'" : first;
    const std::string other = month ? "'2026-02-01'" : input_literal(*by, 1);
    file.add("board:" + board.id,
             "adds up " + board.expr + " by " + board.group_by,
             put("  const page = openPage('$page');\n"
                 "  page.add('$entity', { $one, $by: $first });\n"
                 "  page.add('$entity', { $two, $by: $same });\n"
                 "  page.add('$entity', { $two, $by: $other });\n"
                 "  boardText(page, '$board');\n"
                 "  const groups = page.document.querySelectorAll('[data-group]').map((row) => "
                 "[row.getAttribute('data-group'), row.children.at(-1).textContent]);\n"
                 "  assert.deepEqual(Object.fromEntries(groups), { [$key]: $both, [$next]: $single "
                 "});\n",
                 {{"page", page},
                  {"entity", entity.id},
                  {"one", one.inputs},
                  {"two", two.inputs},
                  {"by", id},
                  {"first", first},
                  {"same", same},
                  {"other", other},
                  {"board", board.id},
                  {"key", month ? "'2026-01'" : stored_literal(*by, 0)},
                  {"next", month ? "'2026-02'" : stored_literal(*by, 1)},
                  {"both", quoted(shown(one, board, one.value + two.value, 2))},
                  {"single", quoted(shown(two, board, two.value, 1))}}));
}

void test_highlight(TestFile& file, const App& app, const Entity& entity, const Rule& rule) {
    const auto sides = both_sides(entity, rule.when);
    const std::string page = list_page_of(app, entity);
    if (!sides || page.empty()) {
        return;
    }
    file.add(
        "rule:" + rule.id,
        "marks rows where " + rule.when,
        put("  const page = openPage('$page');\n  const yes = page.add('$entity', { $yes });\n"
            "  const no = page.add('$entity', { $no });\n"
            "  const marked = page.document.querySelectorAll('[data-marks=\"$rule\"]');\n"
            "  assert.deepEqual(marked.map((row) => row.getAttribute('data-row')), [yes.id]);\n"
            "  assert.equal(marked[0].getAttribute('class'), 'mark-$style');\n"
            "  assert.ok(marked[0].textContent.includes($label));\n  assert.ok(no);\n",
            {{"page", page},
             {"entity", entity.id},
             {"rule", rule.id},
             {"style", rule.style},
             {"yes", sides->first},
             {"no", sides->second},
             {"label", quoted(rule.label)}}));
}

void test_confirm(TestFile& file, const App& app, const Entity& entity, const Rule& rule) {
    const std::string page = list_page_of(app, entity);
    if (page.empty() || !has(entity.ops, "delete")) {
        return;
    }
    file.add("rule:" + rule.id,
             "asks first and deletes only after a yes",
             put("  const page = openPage('$page');\n  page.add('$entity', {});\n"
                 "  page.press('delete');\n"
                 "  assert.equal(page.store.all('$entity').length, 1, 'nothing is deleted yet');\n"
                 "  page.press('confirm');\n  assert.equal(page.store.all('$entity').length, 0);\n",
                 {{"page", page}, {"entity", entity.id}}));
}

void test_together(TestFile& file, const Entity& entity, const Rule& rule) {
    std::string inputs;
    for (const std::string& id : rule.fields) {
        const Field* field = entity.find(id);
        const std::string value = field == nullptr ? "" : input_literal(*field, 0);
        if (value.empty()) {
            return;
        }
        inputs.append(inputs.empty() ? "" : ", ").append(id).append(": ").append(value);
    }
    file.add("rule:" + rule.id,
             "refuses a second row with the same values",
             put("  const page = openPage();\n  page.add('$entity', { $inputs });\n"
                 "  const again = page.store.add(page.entity('$entity'), "
                 "sample(page.App, page.store, '$entity', { $inputs }));\n"
                 "  assert.equal(again.ok, false);\n  assert.ok(again.errors['$field']);\n",
                 {{"entity", entity.id}, {"inputs", inputs}, {"field", rule.fields.front()}}));
}

}  // namespace

void test_rule_filter(TestFile& file,
                      const Entity& entity,
                      const Rule& rule,
                      const std::string& page) {
    const auto sides = both_sides(entity, rule.when);
    if (!sides) {
        return;
    }
    file.add("filter:" + entity.id + "." + rule.id,
             "leaves only the rows that are marked",
             put("  const page = openPage('$page');\n  const yes = page.add('$entity', { $yes });\n"
                 "  page.add('$entity', { $no });\n  page.filter('$rule', 'yes');\n"
                 "  assert.deepEqual(page.rows(), [yes.id]);\n  page.filter('$rule', '');\n"
                 "  assert.equal(page.rows().length, 2);\n",
                 {{"page", page},
                  {"entity", entity.id},
                  {"rule", rule.id},
                  {"yes", sides->first},
                  {"no", sides->second}}));
}

void test_boards(const App& app, Files& files, TestIndex& index) {
    TestFile file("dashboard", "Goal: the figures are right.");
    for (const Board& board : app.boards) {
        const Entity* entity = app.entity(board.entity);
        const std::string page = page_of_board(app, board);
        if (entity == nullptr || page.empty()) {
            continue;
        }
        if (!board.group_by.empty()) {
            test_groups(file, *entity, board, page);
        } else if (board.metric == "count") {
            test_count(file, *entity, board, page);
        } else {
            test_sum(file, *entity, board, page);
        }
    }
    file.finish(files, index);
}

void test_rules(const App& app, Files& files, TestIndex& index) {
    TestFile file("rules", "Goal: the rules hold.");
    for (const Rule& rule : app.rules) {
        const Entity* entity = app.entity(rule.entity);
        if (entity == nullptr) {
            continue;
        }
        if (rule.kind == "highlight") {
            test_highlight(file, app, *entity, rule);
        }
        if (rule.kind == "confirm_delete") {
            test_confirm(file, app, *entity, rule);
        }
        if (rule.kind == "unique_together") {
            test_together(file, *entity, rule);
        }
    }
    file.finish(files, index);
}

}  // namespace origin::generator
