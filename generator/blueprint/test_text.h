// SPDX-License-Identifier: Apache-2.0
// generator/blueprint/test_text: JavaScript test files, and values that a field takes or refuses.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "generator/blueprint/model.h"
#include "generator/blueprint/render.h"

namespace origin::generator {

using Fills = std::initializer_list<std::pair<std::string_view, std::string>>;

/// `pattern` with each $name replaced by its fill.
std::string put(std::string_view pattern, Fills fills);

/// One tests/NAME.test.mjs being written.
class TestFile {
public:
    TestFile(std::string name, std::string goal) : name_(std::move(name)), goal_(std::move(goal)) {}

    /// A test called "CLAIM TITLE"; `code` is its body, indented by two spaces a line.
    void add(std::string_view claim, std::string_view title, std::string_view code);
    /// Writes the file, if it has a test, and enters its tests into the index.
    void finish(Files& files, TestIndex& index) const;

private:
    std::string name_;
    std::string goal_;
    std::string body_;
    std::vector<std::pair<std::string, std::string>> tests_;  // Claim, full name.
};

/// A form input as a JavaScript literal that the field takes; `at` 0, 1, 2 gives growing values.
/// Empty if the field links to other rows.
std::string input_literal(const Field& field, int at);

/// What the store keeps for input_literal(field, at).
std::string stored_literal(const Field& field, int at);

/// An input of the wrong kind; empty if the field takes any text.
std::string wrong_literal(const Field& field);

}  // namespace origin::generator
