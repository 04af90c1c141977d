// SPDX-License-Identifier: Apache-2.0
// generator/blueprint/statements: the text cut into requirement lines and their clauses.
// In: blocks. Out: one Statement per clause, in order; every later stage only fills its outcome.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "generator/blueprint/blocks.h"
#include "generator/blueprint/sections.h"
#include "generator/engine/engine.h"

namespace origin::generator {

enum class StatementKind { Sentence, Item, TableHead, TableRow, Other };

struct Statement {
    StatementKind kind = StatementKind::Sentence;
    int line = 0;
    int group = 0;             // Clauses of one sentence or item share it.
    bool merge = false;        // Its clauses become one row when they end alike.
    std::string text;          // Verbatim, on one line.
    std::string whole;         // The whole item, when `text` is one phrase of it.
    std::string clean;         // Without marks, ids and "as a user": what the grammar reads.
    std::string page;          // Page named by "Parts: ..." in a page list; empty if none.
    std::string heading_page;  // Page that the heading above names: "## About".
    SectionClass section = SectionClass::Require;
    std::string heading;  // Nearest heading, as written.
    std::string parent;   // The heading above that.
    int level = 0;        // Of an item.
    int depth = 0;        // Headings above it.
    std::vector<std::string> cells;

    bool settled = false;
    LineStatus status = LineStatus::Unrecognized;
    std::string reason;
    std::vector<std::string> evidence;

    void settle(LineStatus to, std::string why = {}) {
        settled = true;
        status = to;
        reason = std::move(why);
    }
    void implement(std::string what) {
        settled = true;
        status = LineStatus::Implemented;
        evidence.push_back(std::move(what));
    }
};

struct Reading {
    std::string title;  // First level-1 heading, as written.
    std::vector<Statement> statements;
    std::vector<std::string> headings;  // Every heading, as written.
};

/// Errors: LimitExceeded `requirement_too_large` above kBlueprintClausesMax clauses.
Result<Reading> read_statements(const std::vector<Block>& blocks);

/// "As a user, I want to add parts" -> "add parts"; "The system shall list jobs" -> "list jobs".
std::string without_actor(std::string_view clause);

}  // namespace origin::generator
