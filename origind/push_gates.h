// SPDX-License-Identifier: Apache-2.0
// origind/push_gates: every gate of this server, in the order in which pushes meet them.
#pragma once

#include <vector>

#include "auth/gatekeeper.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "hooks/external_gate.h"
#include "hooks/protected_branches.h"
#include "hooks/push_rules.h"
#include "hooks/secret_scan.h"
#include "net/http_client.h"
#include "origind/config.h"
#include "store/store.h"

namespace origin {

/// Lifetime: borrows all of Around.
class PushGates {
public:
    struct Around {
        const Config& config;
        store::Store& store;
        const auth::Gatekeeper& gatekeeper;
        const net::HttpClient& client;
        const Clock& clock;
        Random& random;
        const Secret& master_key;
        Metrics& metrics;
    };
    explicit PushGates(const Around& around);
    PushGates(const PushGates&) = delete;
    PushGates& operator=(const PushGates&) = delete;
    ~PushGates() = default;

    std::vector<git::PushGate*> of_each_ref() { return {&protected_branches_, &push_rules_}; }
    std::vector<git::WholePushGate*> of_the_push() { return {&secret_scan_, &external_gate_}; }

private:
    hooks::ProtectedBranches protected_branches_;
    hooks::PushRules push_rules_;
    hooks::SecretScan secret_scan_;
    hooks::ExternalGate external_gate_;
};

}  // namespace origin
