// SPDX-License-Identifier: Apache-2.0
// generator/runs: a requirement becomes a durable run: project if new, branch reserved, run row,
// job and event, in one transaction. In: who asks, and what for. Out: a run that a worker will
// finish, whatever happens to this process.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "auth/gatekeeper.h"
#include "base/random.h"
#include "generator/deploy_wish.h"
#include "generator/engine/engine.h"
#include "git/serve/push.h"
#include "store/rows/run.h"
#include "store/store.h"

namespace origin::generator {

inline constexpr std::string_view kRunJob = "run";

class CommitTree;

struct Requirement {
    std::optional<ProjectId> project = {};  // None: a new one.
    std::string text = {};
    std::string engine = {};  // Empty: "blueprint".
    std::string branch = {};  // Short branch name; empty: main, or a new feature branch.
    DeployWish deployment = {};
    bool auto_merge = false;  // Merge into the default branch once committed.
};

struct Submitted {
    RunId id;
    store::RunRow run;
};

/// What a dry run would have done.
struct Preview {
    EngineOutput output;
    std::size_t files_changed = 0;
};

/// Thread-safe.
class Runs {
public:
    using Engines = std::map<std::string, const Engine*, std::less<>>;
    struct Around {
        git::PushService& pushes;
        const auth::Gatekeeper& gatekeeper;
        const Clock& clock;
        Random& random;
        Engines engines;
    };
    explicit Runs(Around around) : around_(std::move(around)) {}

    /// `also`: more to write in the same transaction.
    /// Errors: NotFound, Forbidden (the permit). InvalidInput, nothing stored:
    ///         `requirement_too_large`, `not_generated`, `not_applicable`, `engine_unavailable`,
    ///         `bad_ref_name`; those of add_deploy_wish(). Whatever `also` returned.
    Result<Submitted> submit(const auth::Identity& identity,
                             const Requirement& requirement,
                             const std::function<Status(store::Writer&, const Submitted&)>& also);

    /// The same checks and the engine's work; nothing is stored.
    Result<Preview> dry_run(const auth::Identity& identity, const Requirement& requirement) const;

    /// More to write in the same transaction; an Error undoes it.
    using Also = std::function<Status(store::Writer&)>;

    /// A run that has not been committed stops; one that has is left alone.
    /// Errors: NotFound; Conflict (`run_settled`).
    Status cancel(const RunId& id, const Also& also = {});

    /// A settled run that failed starts again, on the same branch. Errors: NotFound; Conflict
    /// (`run_not_failed`).
    Status retry(const RunId& id, const Also& also = {});

    const Engine* engine(std::string_view name) const;

private:
    struct Start;  // What a run would start from.
    Status look_at_project(const auth::Identity& identity,
                           Start& start,
                           EngineInput& input,
                           std::optional<CommitTree>& base) const;
    Result<Start> look(const auth::Identity& identity, const Requirement& requirement) const;
    Status store_run(store::Writer& writer,
                     const auth::Identity& identity,
                     const Requirement& requirement,
                     const Start& start,
                     Submitted& submitted) const;

    Around around_;
};

/// Errors: NotFound.
Result<store::RunRow> need_run(store::Reader& reader, const RunId& id);

/// Stores the row in its new state, with the event `run.<state>`.
Status move_run(store::Writer& writer, const RunId& id, store::RunRow row, UnixMillis now);

}  // namespace origin::generator
