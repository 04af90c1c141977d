// SPDX-License-Identifier: Apache-2.0
// store/rows/run: what is stored about runs and about answers that may be asked for twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/oid.h"

namespace origin::store {

/// Stored as one byte: append only.
enum class RunState : std::uint8_t {
    Pending,
    Generating,
    Committed,
    AlreadySatisfied,
    Conflict,
    NotGenerated,
    NeedsClarification,
    Failed,
    Cancelled,
};

constexpr RunState last_of(RunState) {
    return RunState::Cancelled;
}
std::string_view name_of(RunState state);
/// True when no worker will touch the run again.
bool is_settled(RunState state);

/// One requirement line and what became of it; the status is generator::LineStatus as its name.
struct TraceRow {
    std::string id;
    std::string text;
    std::string status;
    std::string reason;
    std::vector<std::string> evidence;

    template <class F>
    void fields(F& f) {
        f(id);
        f(text);
        f(status);
        f(reason);
        f(evidence);
    }
};

struct CheckRow {
    std::string name;
    bool passed = false;
    std::string detail;

    template <class F>
    void fields(F& f) {
        f(name);
        f(passed);
        f(detail);
    }
};

/// Table Runs. Key: run id (16 raw bytes).
struct RunRow {
    static constexpr std::uint8_t kVersion = 1;
    ClientId client;
    std::optional<KeyId> key;
    ProjectId project;
    std::string requirement;  // Verbatim.
    std::string engine;       // "blueprint".
    std::string branch;       // Full ref name, reserved when the run was made.
    std::string
        start_branch;  // Full ref name the work starts from when `branch` is unborn; may be empty.
    bool auto_merge = false;
    std::string deploy_target;  // Asked for with the requirement; empty: none.
    RunState state = RunState::Pending;
    std::uint32_t attempts = 0;
    Oid base_commit;                        // Zero: the project was empty.
    Oid commit;                             // Zero: none yet.
    std::vector<DeploymentId> deployments;  // Made by the push of that commit.
    std::string title;
    std::vector<TraceRow> traceability;
    std::vector<CheckRow> checks;
    std::string error_code;  // Stable name; empty: no error.
    std::string error_text;
    UnixMillis created_at = 0;
    UnixMillis updated_at = 0;

    template <class F>
    void fields(F& f) {
        f(client);
        f(key);
        f(project);
        f(requirement);
        f(engine);
        f(branch);
        f(start_branch);
        f(auto_merge);
        f(deploy_target);
        f(state);
        f(attempts);
        f(base_commit);
        f(commit);
        f(deployments);
        f(title);
        f(traceability);
        f(checks);
        f(error_code);
        f(error_text);
        f(created_at);
        f(updated_at);
    }
};

/// Table Idempotency. Key: client id + SHA-256 of method, path and key. Written in the effect's own
/// transaction, so there is no "first one still runs" row: the second waits for the store's writer.
struct IdempotencyRow {
    static constexpr std::uint8_t kVersion = 1;
    std::string body_sha256;          // 32 bytes.
    std::vector<std::string> result;  // Ids of what was made, in the call's own order.
    UnixMillis created_at = 0;

    template <class F>
    void fields(F& f) {
        f(body_sha256);
        f(result);
        f(created_at);
    }
};

}  // namespace origin::store
