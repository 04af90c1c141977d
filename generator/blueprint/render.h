// SPDX-License-Identifier: Apache-2.0
// generator/blueprint/render: the model as files. Pure; every text from outside is escaped here.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "generator/blueprint/model.h"
#include "generator/engine/engine.h"

namespace origin::generator {

/// Which tests prove a claim: "rule:low_on_stock" -> {"tests/rules.test.mjs#rule:low_on_stock
/// ..."}.
using TestIndex = std::map<std::string, std::vector<std::string>, std::less<>>;

/// Text inside HTML, or inside a double-quoted attribute.
std::string html(std::string_view text);

/// One .html file per page, 404.html, robots.txt.
void render_pages(const App& app, Files& files);
std::string page_html(const App& app, std::size_t index);

/// assets/theme.css: the colours of the requirement, made readable.
std::string render_theme(const App& app);

/// The files that are the same in every app (runtime/), custom.css and custom.js.
void render_runtime(Files& files);

/// tests/*.test.mjs; every test's name starts with the claim it proves.
TestIndex render_tests(const App& app, Files& files);

/// README.md, TRACEABILITY.md, docs/REQUIREMENTS.md.
void render_docs(const App& app, Files& files);

/// "3 implemented, 1 deferred": counts in the order of LineStatus.
std::string count_statuses(const std::vector<TraceLine>& lines);

}  // namespace origin::generator
