// SPDX-License-Identifier: Apache-2.0
#include "generator/blueprint/test_text.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

#include "generator/blueprint/json_text.h"

namespace origin::generator {

namespace {

constexpr std::array<std::string_view, 3> kDays = {"2026-01-15", "2026-01-20", "2026-02-03"};
constexpr std::array<std::string_view, 3> kWords = {"Aardvark", "Middle", "Zebra"};

/// A whole number inside the field's bounds.
long number_of(const Field& field, int at) {
    const long least = field.min.empty() ? 1 : std::atol(field.min.c_str());
    const long value = least + at;
    return field.max.empty() ? value : std::min(value, std::atol(field.max.c_str()));
}

std::string text_of(const Field& field, int at) {
    const std::size_t index = static_cast<std::size_t>(at) % kWords.size();
    std::string word(kWords[index]);
    const auto kind = field.kind();
    if (kind == "email") {
        return std::string(1, static_cast<char>('a' + at)) + "@example.com";
    }
    if (kind == "phone") {
        return "0131 555 014" + std::to_string(at);
    }
    if (kind == "url") {
        return "https://" + std::string(1, static_cast<char>('a' + at)) + ".example.com";
    }
    if (kind == "date") {
        return std::string(kDays[index]);
    }
    if (kind == "datetime") {
        return std::string(kDays[index]) + "T09:30";
    }
    if (kind == "time") {
        return "0" + std::to_string(7 + at) + ":30";
    }
    if (kind == "colour") {
        return "#33669" + std::to_string(at);
    }
    if (kind == "tags") {
        return word;
    }
    if (kind == "enum") {
        return field.values[static_cast<std::size_t>(at) % field.values.size()];
    }
    return word;
}

bool is_number(std::string_view kind) {
    return kind == "integer" || kind == "decimal" || kind == "money" || kind == "percent" ||
           kind == "rating";
}

}  // namespace

std::string put(std::string_view pattern, Fills fills) {
    std::string out;
    for (std::size_t at = 0; at < pattern.size();) {
        const auto* best = fills.end();
        for (const auto* fill = fills.begin(); fill != fills.end(); ++fill) {
            const bool here = pattern[at] == '$' && pattern.substr(at + 1).starts_with(fill->first);
            if (here && (best == fills.end() || fill->first.size() > best->first.size())) {
                best = fill;
            }
        }
        if (best == fills.end()) {
            out += pattern[at++];
        } else {
            out += best->second;
            at += 1 + best->first.size();
        }
    }
    return out;
}

void TestFile::add(std::string_view claim, std::string_view title, std::string_view code) {
    const std::string full = std::string(claim) + " " + std::string(title);
    const auto twin = [&](const auto& test) {
        return test.second == full;
    };
    if (std::ranges::any_of(tests_, twin)) {
        return;
    }
    body_ += "\ntest(" + quoted(full) + ", () => {\n" + std::string(code) + "});\n";
    tests_.emplace_back(std::string(claim), full);
}

void TestFile::finish(Files& files, TestIndex& index) const {
    if (tests_.empty()) {
        return;
    }
    const std::string path = "tests/" + name_ + ".test.mjs";
    std::string imports;
    for (const std::string_view name : {"MemoryStorage",
                                        "accepts",
                                        "boardText",
                                        "fillForm",
                                        "openOld",
                                        "openPage",
                                        "read",
                                        "refuses",
                                        "sample",
                                        "textOf"}) {
        if (body_.contains(std::string(name) + "(")) {
            imports += (imports.empty() ? "" : ", ") + std::string(name);
        }
    }
    files[path] = "// " + goal_ +
                  "\n// Each test's name starts with the claim in TRACEABILITY.md that it proves.\n"
                  "import assert from 'node:assert/strict';\nimport test from 'node:test';\n"
                  "import { " +
                  imports + " } from './load.mjs';\n" + body_;
    for (const auto& [claim, full] : tests_) {
        index[claim].push_back(path);
        index[claim].back().append("#").append(full);
    }
}

std::string input_literal(const Field& field, int at) {
    const auto kind = field.kind();
    if (kind == "ref" || kind == "refs") {
        return {};
    }
    if (kind == "boolean") {
        return at == 0 ? "false" : "true";
    }
    if (is_number(kind)) {
        return quoted(std::to_string(number_of(field, at)));
    }
    return quoted(text_of(field, at));
}

std::string stored_literal(const Field& field, int at) {
    const auto kind = field.kind();
    if (kind == "boolean") {
        return at == 0 ? "false" : "true";
    }
    if (kind == "money") {
        return std::to_string(number_of(field, at) * 100);
    }
    if (is_number(kind)) {
        return std::to_string(number_of(field, at));
    }
    if (kind == "tags") {
        return "[" + quoted(text_of(field, at)) + "]";
    }
    return quoted(text_of(field, at));
}

std::string wrong_literal(const Field& field) {
    const auto kind = field.kind();
    if (kind == "integer" || kind == "rating") {
        return "'1.5'";
    }
    if (is_number(kind)) {
        return "'many'";
    }
    if (kind == "date") {
        return "'2026-02-30'";
    }
    if (kind == "datetime") {
        return "'2026-02-30T10:00'";
    }
    if (kind == "time") {
        return "'25:00'";
    }
    if (kind == "enum") {
        return "'none of these'";
    }
    if (kind == "email") {
        return "'nobody'";
    }
    if (kind == "phone") {
        return "'x'";
    }
    if (kind == "url") {
        return "'javascript:alert(1)'";
    }
    if (kind == "colour") {
        return "'reddish'";
    }
    if (kind == "ref") {
        return "'no-such-row'";
    }
    if (kind == "refs") {
        return "['no-such-row']";
    }
    return {};
}

}  // namespace origin::generator
