// SPDX-License-Identifier: Apache-2.0
// generator/blueprint/fields: one field from a bullet, a table row or a part of a sentence.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "generator/blueprint/model.h"

namespace origin::generator {

/// A field and what was said about it that needs the other entities.
struct FieldText {
    Field field;
    std::string target;  // A noun: "part"; the entity is looked up later.
    bool many = false;   // Links to any number of targets.
    bool cut = false;    // More values were written than a choice may have.
    bool typed = false;  // A type, a constraint or a value list was written.
};

/// "`customer name` (string, required)", "sku: text, unique", "target per week (number, 1-7)".
/// nullopt if it does not look like a field: no name, or a name of more than five words.
std::optional<FieldText> read_field(std::string_view raw);

/// A table row: the name cell and the other cells under their heads.
std::optional<FieldText> read_field_row(const std::vector<std::string>& heads,
                                        const std::vector<std::string>& cells);

/// "a name (required), a website and a price" -> three fields.
std::vector<FieldText> read_field_list(std::string_view text);

/// A short text for a value list: "card, cash or transfer" -> {card, cash, transfer}; bounded.
std::vector<std::string> read_values(std::string_view text);

}  // namespace origin::generator
