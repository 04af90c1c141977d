// SPDX-License-Identifier: Apache-2.0
// generator/engine/engine: what turns a requirement into files. Engines never touch refs.
// In: the requirement's text and the base tree. Out: a whole pristine tree and a status per line.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace origin::generator {

/// What became of one requirement line. Never a silent success.
enum class LineStatus : std::uint8_t {
    Implemented,
    Partial,
    Unsupported,
    Unrecognized,
    NeedsClarification,
    Deferred,
    Excluded,
    Context,
    Overridden,
    NotVerifiable,
    Refused,
};

/// The status as documents and the API print it: "needs_clarification".
std::string_view name_of(LineStatus status);

struct TraceLine {
    std::string id;    // "L12": line 12 of the request; "L12.2" its second clause.
    std::string text;  // Verbatim.
    LineStatus status = LineStatus::Unrecognized;
    std::string reason;  // Why, when not implemented.
    std::vector<std::string>
        evidence;  // "page:parts", "entity:part", "test:tests/part.test.mjs#...".
};

/// One verification that the engine ran on its own output.
struct Check {
    std::string name;
    bool passed = false;
    std::string detail;
};

/// Read-only view of the commit a run starts from.
class BaseTree {
public:
    virtual ~BaseTree() = default;
    /// The file's bytes; nullopt if the tree has no such file.
    virtual Result<std::optional<std::string>> read(const std::string& path) const = 0;
    /// Every file's path, sorted.
    virtual Result<std::vector<std::string>> paths() const = 0;
};

using Files = std::map<std::string, std::string>;  // Path -> content. Sorted, so output is stable.

struct EngineInput {
    std::string requirement;   // UTF-8, verbatim.
    std::string request_id;    // "run_...".
    std::string project_name;  // May be empty for a new project: the engine derives one.
    std::int64_t requested_unix_seconds = 0;  // The only clock an engine may use.
    const BaseTree* base = nullptr;           // Null for a new project.
};

struct EngineOutput {
    std::string title;         // A commit subject without its type prefix: "Spanner & Spoke: ...".
    std::string project_name;  // Display name for a new project.
    std::string summary;       // A few lines for the commit body, with the counts of line statuses.
    Files pristine;            // The WHOLE generated tree; the run merges it with human edits.
    std::vector<TraceLine> traceability;
    std::vector<Check> checks;
};

/// Errors of generate(): InvalidInput with reason `not_generated` (the text does not describe a web
/// app, or too little of it was understood), `already_satisfied` (nothing to change),
/// `not_applicable` (the base was not made by this engine and it would have to overwrite),
/// `needs_clarification`.
class Engine {
public:
    virtual ~Engine() = default;
    virtual std::string_view name() const = 0;     // "blueprint"
    virtual std::string_view version() const = 0;  // "1.0.0"
    virtual Result<EngineOutput> generate(const EngineInput& input) const = 0;
};

}  // namespace origin::generator
