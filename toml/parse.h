// SPDX-License-Identifier: Apache-2.0
// toml/parse: a TOML document from whomever, read strictly.
// In: the text; whoever calls limits its size. Out: toml++'s table, every node with its place.
#pragma once

#include <string_view>

#include "base/result.h"
#include "toml/toml.h"

namespace origin {

/// Errors: InvalidInput `bad_toml`, which begins with "line N: ". Limits: 1,000 dots, since nesting
/// costs stack; toml++ itself allows 256 nested arrays and inline tables.
Result<toml::table> parse_toml(std::string_view text);

}  // namespace origin
