// SPDX-License-Identifier: Apache-2.0
// generator/blueprint/manifest: blueprint.json, the source of truth of a generated app.
//
// Schema origin-blueprint/1: {schema, generator {name, version}, data_version, app {name, tagline,
// slug}, theme {background, primary, mode, toggle, font}, nav [page id], pages [{id, title, file,
// sections [{id, kind, ...}]}], entities [{id, label, plural, view, fields [{id, label, type,
// required, unique, min, max, default, values, currency, unit, hint, derived}], ops, search,
// filters, sort, default_sort, export, import}], dashboards [{id, label, metric, entity, where,
// expr, field, group_by}], rules [{id, kind, entity, label, when, style, fields}], migrations,
// tombstones, sources [{request, digest, title}], requirements [{id, source, line, text, status,
// reason, evidence}]}. Key order is fixed; ids are never used again.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "generator/blueprint/model.h"

namespace origin::generator {

inline constexpr std::string_view kBlueprintVersion = "1.0.0";

std::string write_manifest(const App& app);

/// assets/model.js: what the running app needs of the manifest.
std::string write_model(const App& app);

/// People may edit blueprint.json, so every member is checked.
/// Errors: InvalidInput `bad_manifest`, with the member that is wrong.
Result<App> read_manifest(std::string_view text);

/// The file of the page at `index`: the first page is index.html.
std::string file_of(const App& app, std::size_t index);
std::string file_of_page(const App& app, std::string_view page_id);

/// "£" fields and others: the number as it is written in JSON, or quoted text.
std::string default_literal(const Field& field);

}  // namespace origin::generator
