// SPDX-License-Identifier: Apache-2.0
#include "hooks/origind_toml.h"

#include <algorithm>
#include <array>
#include <map>

#include "auth/slug.h"
#include "base/limits.h"
#include "base/ref_name.h"
#include "base/utf8.h"
#include "toml/parse.h"

namespace origin::hooks {
namespace {

constexpr std::size_t kFaultsShown = 3;
constexpr std::size_t kNameShownBytes = 60;

std::unexpected<Error> refuse(const std::string& why) {
    return std::unexpected(Error(Code::InvalidInput, std::string(kOrigindToml) + ": " + why)
                               .because("bad_origind_toml"));
}

/// Says what is wrong with a path that has to be a folder of the tree; or nothing.
std::string folder_fault(std::string_view folder) {
    bool good =
        folder.size() <= kPathBytesMax && !folder.starts_with('/') && !folder.ends_with('/');
    while (good && !folder.empty()) {
        const std::string_view part = folder.substr(0, folder.find('/'));
        good = !part.empty() && part != "." && part != ".." && part != ".git" &&
               !part.contains('\\') && printable(part) == part;
        folder.remove_prefix(std::min(folder.size(), part.size() + 1));
    }
    return good ? "" : "has to be a folder below the root, like 'dist' or 'site/public'";
}

/// Do people call passwords so?
bool looks_like_a_secret(std::string_view key) {
    static constexpr std::array<std::string_view, 10> kWords = {"secret",
                                                                "token",
                                                                "password",
                                                                "passwd",
                                                                "passphrase",
                                                                "credential",
                                                                "apikey",
                                                                "accesskey",
                                                                "privatekey",
                                                                "authorization"};
    std::string plain;
    for (const char c : key) {
        if (c != '_' && c != '-' && c != '.' && c != ' ') {
            plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
    }
    return std::ranges::any_of(kWords, [&](std::string_view word) { return plain.contains(word); });
}

/// Reads the tables of a document and gathers what is wrong with them.
class Reading {
public:
    OrigindToml read(const toml::table& document) {
        OrigindToml file;
        for (const auto& [key, node] : document) {
            if (key == "build") {
                read_build(node, file);
            } else if (key == "rule") {
                read_rules(node, file);
            } else {
                unknown(key, node, "[build] and [[rule]]");
            }
        }
        return file;
    }

    /// All of it in one line; empty: nothing is wrong.
    std::string faults() const {
        std::string text;
        std::size_t shown = 0;
        for (const auto& [line, what] : faults_) {
            if (shown++ == kFaultsShown) {
                return text + "; and more";
            }
            text += (text.empty() ? "line " : "; line ") + std::to_string(line) + ": " + what;
        }
        return text;
    }

private:
    void fault(const toml::node& node, std::string what) {
        faults_.emplace(node.source().begin.line, std::move(what));
    }

    void unknown(const toml::key& key, const toml::node& node, std::string_view known) {
        const std::string name = "'" + printable(key.str().substr(0, kNameShownBytes)) + "'";
        faults_.emplace(
            key.source().begin.line != 0 ? key.source().begin.line : node.source().begin.line,
            looks_like_a_secret(key.str())
                ? name +
                      " looks like a secret, and everybody who may read the project can read "
                      "this file: give it to the target instead (origind target set "
                      "--secret-file), and make a new one if this one was real"
                : name + " is not known here; there are " + std::string(known));
    }

    /// Returns: the text; empty (with a fault) if it is none.
    std::string text(std::string_view name, const toml::node& node, std::size_t bytes_max) {
        const auto value = node.value_exact<std::string>();
        if (value && !value->empty() && value->size() <= bytes_max) {
            return *value;
        }
        fault(node,
              "'" + std::string(name) + "' has to be a string of 1 to " +
                  std::to_string(bytes_max) + " bytes");
        return {};
    }

    void read_build(const toml::node& node, OrigindToml& file) {
        const toml::table* const table = node.as_table();
        if (table == nullptr) {
            fault(node, "'build' has to be a table: [build]");
            return;
        }
        OrigindToml::Build build;
        for (const auto& [key, value] : *table) {
            if (key == "command") {
                build.command = text("command", value, kBuildCommandBytesMax);
                if (printable(build.command) != build.command) {
                    fault(value, "'command' has to be one line without control characters");
                }
            } else if (key == "output") {
                build.output = text("output", value, kPathBytesMax);
                if (build.output.size() > 1 && build.output.ends_with('/')) {
                    build.output.pop_back();  // People write "dist/".
                }
                if (const std::string wrong = folder_fault(build.output); !wrong.empty()) {
                    fault(value, "'output' " + wrong);
                }
            } else {
                unknown(key, value, "command and output");
            }
        }
        need(*table, "command", "[build]");
        need(*table, "output", "[build]");
        file.build = std::move(build);
    }

    void read_rules(const toml::node& node, OrigindToml& file) {
        const toml::array* const rules = node.as_array();
        if (rules == nullptr || rules->size() > kRulesPerProjectMax) {
            fault(node,
                  "'rule' has to be a list of at most " + std::to_string(kRulesPerProjectMax) +
                      " tables: [[rule]]");
            return;
        }
        for (const toml::node& rule : *rules) {
            if (const toml::table* const table = rule.as_table()) {
                file.rules.push_back(read_rule(*table));
            } else {
                fault(rule, "'rule' has to be a list of tables: [[rule]]");
            }
        }
    }

    store::TreeRule read_rule(const toml::table& table) {
        store::TreeRule rule;
        for (const auto& [key, value] : table) {
            if (key == "ref") {
                rule.pattern = read_pattern(value);
            } else if (key == "target") {
                rule.target = text("target", value, kTargetNameBytesMax);
                if (!rule.target.empty() && !auth::check_slug(rule.target)) {
                    fault(value, "'target' has to be the name of a target, like 'staging'");
                }
            } else if (key == "preview" && value.is_boolean()) {
                rule.preview = value.value_exact<bool>().value_or(false);
            } else if (key == "preview") {
                fault(value, "'preview' has to be true or false");
            } else {
                unknown(key, value, "ref, target and preview");
            }
        }
        need(table, "ref", "[[rule]]");
        need(table, "target", "[[rule]]");
        return rule;
    }

    std::string read_pattern(const toml::node& node) {
        const std::string given = text("ref", node, kPathBytesMax);
        const auto pattern = parse_ref_pattern(given);
        if (pattern) {
            return *pattern;
        }
        if (!given.empty()) {
            fault(node,
                  "'ref' has to be a branch, like 'main' or 'feature/*', or begin with refs/");
        }
        return {};
    }

    void need(const toml::table& table, std::string_view name, std::string_view where) {
        if (!table.contains(name)) {
            fault(table, std::string(where) + " needs '" + std::string(name) + "'");
        }
    }

    std::multimap<std::size_t, std::string> faults_;  // By line.
};

}  // namespace

Result<OrigindToml> parse_origind_toml(std::string_view text) {
    if (text.size() > kOrigindTomlBytesMax) {
        return refuse("the file has more than 64 KiB");
    }
    const auto document = parse_toml(text);
    if (!document) {
        return refuse(document.error().told_to_peer());
    }
    Reading reading;
    OrigindToml file = reading.read(*document);
    if (const std::string faults = reading.faults(); !faults.empty()) {
        return refuse(faults);
    }
    return file;
}

Result<std::optional<OrigindToml>> read_origind_toml(const git::ObjectStore& objects,
                                                     const Oid& commit) {
    ORIGIN_TRY(links, objects.commit_links(commit));
    ORIGIN_TRY(entry, objects.find_path(links.tree, kOrigindToml));
    if (!entry) {
        return std::optional<OrigindToml>();
    }
    if (entry->is_tree() || entry->is_gitlink() || entry->is_symlink()) {
        return refuse("it has to be a file, no folder or link");
    }
    ORIGIN_TRY(header, objects.header(entry->oid));
    if (header.size > kOrigindTomlBytesMax) {
        return refuse("the file has more than 64 KiB");
    }
    ORIGIN_TRY(text, objects.read_as(entry->oid, git::ObjectType::Blob));
    ORIGIN_TRY(file, parse_origind_toml(text));
    return std::optional(std::move(file));
}

}  // namespace origin::hooks
