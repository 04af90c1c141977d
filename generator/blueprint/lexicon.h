// SPDX-License-Identifier: Apache-2.0
// generator/blueprint/lexicon: what single words mean: types, verbs, what this engine cannot do.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace origin::generator {

/// The type a type word names ("whole number" -> "integer"); empty if it names none.
std::string type_of_word(std::string_view phrase);

/// The type a field's name suggests ("unit price" -> "money"); "text" if it suggests nothing.
std::string type_of_name(std::string_view name);

/// ISO 4217 code for "GBP", "pounds", "£" ...; empty if it is none.
std::string currency_of(std::string_view text);

/// True for nouns that never name an entity: "system", "app", "page" ...
bool is_stop_noun(std::string_view noun);

/// The family of a verb: list, create, edit, delete, archive, state, search, filter, sort, export,
/// import, make; empty if unknown.
std::string_view verb_family(std::string_view word);

/// Why this engine cannot do what the clause asks, when it knows what is asked ("email", "login").
std::optional<std::string> unsupported_reason(std::string_view clause);

/// For a quality the clause asks for: "" if every generated app has it, else why nobody can tell.
struct Quality {
    bool built_in = false;
    std::string evidence;  // A test id when built in.
    std::string reason;
};
std::optional<Quality> quality_of(std::string_view clause);

}  // namespace origin::generator
