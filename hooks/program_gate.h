// SPDX-License-Identifier: Apache-2.0
// hooks/program_gate: the gate that is a program of the operator's, in a sandbox without a network.
//
// It is like Git's pre-receive hook: on stdin one line `<old> <new> <ref>` for each ref of the
// push, GIT_DIR a repository that has the project's refs as they are and all objects, the pushed
// ones too, push options in GIT_PUSH_OPTION_COUNT and GIT_PUSH_OPTION_<n>. Exit status 0 lets the
// push through; any other, or none in time, refuses all of it. docs/gates.md.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>

#include "git/serve/push.h"
#include "sandbox/bubblewrap.h"

namespace origin::hooks {

class ProgramGate final : public git::WholePushGate {
public:
    struct Around {
        store::Store& store;
        git::Storage& storage;
        const sandbox::Bubblewrap& box;
        std::function<Status()> usable;  // What the sandbox's test of itself said.
        std::filesystem::path program;
        std::chrono::seconds time_max{60};
    };
    explicit ProgramGate(Around around) : around_(std::move(around)) {}

    /// Refusals: `gate_program`. Errors: Internal, StorageFull: the repository for the program
    /// cannot be made. Blocks: as long as the program runs.
    Result<git::GateAnswer> ask(const git::PushInQuestion& push) override;

private:
    Result<std::filesystem::path> make_repository(const git::PushInQuestion& push) const;

    const Around around_;
};

}  // namespace origin::hooks
