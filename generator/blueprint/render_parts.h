// SPDX-License-Identifier: Apache-2.0
// generator/blueprint/render_parts: the pieces of render_tests that have files of their own.
#pragma once

#include <string>

#include "generator/blueprint/model.h"
#include "generator/blueprint/render.h"
#include "generator/blueprint/test_text.h"

namespace origin::generator {

/// The file that shows the entity's list; empty if none does.
std::string list_page_of(const App& app, const Entity& entity);

void test_rule_filter(TestFile& file,
                      const Entity& entity,
                      const Rule& rule,
                      const std::string& page);
void test_boards(const App& app, Files& files, TestIndex& index);
void test_rules(const App& app, Files& files, TestIndex& index);
void test_pages(const App& app, Files& files, TestIndex& index);
void test_theme(const App& app, Files& files, TestIndex& index);

}  // namespace origin::generator
