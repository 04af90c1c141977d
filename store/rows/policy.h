// SPDX-License-Identifier: Apache-2.0
// store/rows/policy: branch policies, and what others say of a commit. Byte format:
// docs/formats.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"

namespace origin::store {

/// What a push must keep to on the refs that `pattern` matches. Empty, zero and false: no demand.
struct BranchPolicy {
    std::string pattern;                 // A glob over a branch's name, or, from refs/ on, a ref's.
    std::vector<ClientId> pushers = {};  // Who may push there.
    bool no_force = false;
    bool no_delete = false;
    bool signed_commits = false;                // By a signing key of a client that may write.
    bool linear = false;                        // No merge commits.
    std::vector<std::string> allow_paths = {};  // Globs. A changed file must be matched by one,
    std::vector<std::string> deny_paths = {};   // and by none of these.
    std::uint64_t file_bytes = 0;               // Of each changed file.
    std::uint32_t files = 0;                    // That one push may change.
    std::vector<std::string> statuses = {};  // Contexts whose status of the new commit is success.

    template <class F>
    void fields(F& f) {
        f(pattern);
        f(pushers);
        f(no_force);
        f(no_delete);
        f(signed_commits);
        f(linear);
        f(allow_paths);
        f(deny_paths);
        f(file_bytes);
        f(files);
        f(statuses);
    }
    friend bool operator==(const BranchPolicy&, const BranchPolicy&) = default;
};

/// Table Policies. Key: project id. The first policy whose pattern matches counts.
struct PoliciesRow {
    static constexpr std::uint8_t kVersion = 1;
    std::vector<BranchPolicy> policies;
    UnixMillis changed_at = 0;

    template <class F>
    void fields(F& f) {
        f(policies);
        f(changed_at);
    }
};

enum class StatusState : std::uint8_t { Pending, Success, Failure, Error };
constexpr StatusState last_of(StatusState) {
    return StatusState::Error;
}

/// Table Statuses. Key: project id + commit + context ("ci/build"). The latest word counts.
struct StatusRow {
    static constexpr std::uint8_t kVersion = 1;
    StatusState state = StatusState::Pending;
    std::string description = {};
    std::string target_url = {};
    ClientId client = {};  // Who said so.
    UnixMillis updated_at = 0;

    template <class F>
    void fields(F& f) {
        f(state);
        f(description);
        f(target_url);
        f(client);
        f(updated_at);
    }
};

}  // namespace origin::store
