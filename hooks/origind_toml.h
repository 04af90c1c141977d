// SPDX-License-Identifier: Apache-2.0
// hooks/origind_toml: `.origind.toml`, the file in which a project's tree says how it is built and
// where its refs deploy. docs/deploy/origind-toml.md.
//
//     [build]
//     command = "npm ci && npm run build"
//     output = "dist"
//
//     [[rule]]
//     ref = "feature/*"
//     target = "staging"
//     preview = true
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "git/odb/object_store.h"
#include "store/rows/gates.h"

namespace origin::hooks {

inline constexpr std::string_view kOrigindToml = ".origind.toml";
inline constexpr std::size_t kOrigindTomlBytesMax = 64 * 1024;
inline constexpr std::size_t kBuildCommandBytesMax = 4096;

struct OrigindToml {
    struct Build {
        std::string command;  // For a shell. Not empty.
        std::string output;   // A folder of the tree as the command leaves it.
    };
    std::optional<Build> build;
    std::vector<store::TreeRule> rules;  // Patterns are full ref names.
};

/// Errors: InvalidInput `bad_origind_toml`: for the people who push; "line N: ..." of up to three
///         mistakes. Never a value of the file: somebody may have put a secret there.
Result<OrigindToml> parse_origind_toml(std::string_view text);

/// The file at the root of a commit's tree; nullopt: it has none.
/// Errors: also InvalidInput if it is no file, or too large; NotFound, Corrupt. Blocks: reads.
Result<std::optional<OrigindToml>> read_origind_toml(const git::ObjectStore& objects,
                                                     const Oid& commit);

}  // namespace origin::hooks
