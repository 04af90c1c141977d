// SPDX-License-Identifier: Apache-2.0
// generator/blueprint/sections: what a heading says about the lines below it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace origin::generator {

enum class SectionClass { Require, Context, Stack, Defer, Exclude, NonFunctional };

/// The class its words ask for; nullopt for an unknown heading, which goes on as its parent.
/// `title` is taken lower case without emoji, numbers and marks (see heading_words).
std::optional<SectionClass> class_of_heading(std::string_view title);

/// "## 2.1 🧭 App Overview" -> "app overview".
std::string heading_words(std::string_view title);

/// The words that put off one clause: "later", "in future", "(planned)", "not in v1" ...
bool is_deferred(std::string_view clause);

/// True for headings under which lists are fields of the entity named by the sub-heading.
bool is_data_heading(std::string_view title);

/// True for headings whose list items are pages.
bool is_page_heading(std::string_view title);

}  // namespace origin::generator
