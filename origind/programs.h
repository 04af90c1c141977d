// SPDX-License-Identifier: Apache-2.0
// origind/programs: what runs programs that are not ours: the sandbox, and what stands on it.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <vector>

#include "deploy/builds.h"
#include "deploy/connectors.h"
#include "git/serve/push.h"
#include "hooks/program_gate.h"
#include "origind/config.h"
#include "sandbox/bubblewrap.h"

namespace origin {

class Programs {
public:
    struct Around {
        store::Store& store;
        git::Storage& storage;
        const Clock& clock;
        const Clock& schedule;
        const Config& config;
    };
    explicit Programs(Around around);

    /// Ends what runs in boxes of a server of this data folder that was killed. Then the sandbox's
    /// test of itself begins, and goes on beside everything else.
    void begin();
    /// What that test says; without begin() it is made when first asked for.
    /// Blocks: until it has ended.
    std::function<Status()> usable() const {
        return [state = state_] {
            return state.get();
        };
    }
    /// `before`, and after them the operator's gate, if there is one.
    std::vector<git::WholePushGate*> gates(std::vector<git::WholePushGate*> before);
    /// The connector `command`, if the operator has programs for it.
    void add_command(deploy::Connectors& connectors) const;
    deploy::Builds* builds(git::Quotas* quotas);

private:
    const Around around_;
    sandbox::Bubblewrap box_;
    std::shared_future<Status> state_;
    std::future<void> test_;
    std::unique_ptr<hooks::ProgramGate> gate_;
    std::unique_ptr<deploy::Builds> builds_;
};

}  // namespace origin
