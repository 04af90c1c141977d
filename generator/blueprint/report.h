// SPDX-License-Identifier: Apache-2.0
// generator/blueprint/report: the status of every line, believed only as far as tests prove it.
#pragma once

#include <vector>

#include "generator/blueprint/model.h"
#include "generator/blueprint/render.h"
#include "generator/blueprint/statements.h"

namespace origin::generator {

/// One row per line, or per clause where clauses of a line end differently. An implemented row
/// without a test becomes partial; the tests of the others join their evidence.
std::vector<TraceLine> report(const std::vector<Statement>& statements, const TestIndex& tests);

/// What the engine checked about its own output.
std::vector<Check> check_tree(const Files& files, const std::vector<TraceLine>& lines);

}  // namespace origin::generator
