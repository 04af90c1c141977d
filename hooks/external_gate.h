// SPDX-License-Identifier: Apache-2.0
// hooks/external_gate: a project's own gate, asked over HTTP: a POST with the refs that a push
// would move, signed like a webhook, once a push. docs/gates.md.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "auth/audit.h"
#include "base/log.h"
#include "base/random.h"
#include "git/serve/push.h"
#include "net/http_client.h"
#include "store/rows/gates.h"

namespace origin::hooks {

inline constexpr Milliseconds kGateWait{5'000};  // If the project says nothing else.
inline constexpr Milliseconds kGateWaitMin{100};
inline constexpr Milliseconds kGateWaitMax{10'000};
inline constexpr std::size_t kGateAnswerBytesMax = 64 * 1024;
inline constexpr std::size_t kGateLinesShown = 10;

/// Error::reason() of what it refuses: the gate said no; it said nothing, and is to fail closed.
inline constexpr std::string_view kGateRefused = "gate_refused";
inline constexpr std::string_view kGateUnreachable = "gate_unreachable";

/// "whsec_" and base 64 of 24 to 64 bytes. Errors: InvalidInput `bad_secret`.
Result<std::string> read_gate_secret(std::string_view shown);

/// The raw key, at rest. Errors of open: Corrupt `not_sealed_here`.
std::string seal_gate_secret(const Secret& master_key,
                             const ProjectId& project,
                             const Secret& raw,
                             Random& random);
Result<std::string> open_gate_secret(const Secret& master_key,
                                     const ProjectId& project,
                                     std::string_view sealed);

/// Thread-safe.
class ExternalGate final : public git::WholePushGate {
public:
    struct Around {
        store::Store& store;
        const net::HttpClient& client;
        const Clock& clock;
        Random& random;
        const Secret& master_key;
        Metrics& metrics;
        unsigned at_once = 4;  // Pushes that wait for gates: each holds a work thread.
    };
    explicit ExternalGate(const Around& around);

    /// Blocks: for the project's time limit at most, and the resolver's.
    Result<git::GateAnswer> ask(const git::PushInQuestion& push) override;

private:
    class Turn;
    Result<git::GateAnswer> judge(const git::PushInQuestion& push,
                                  const store::GatesRow& settings,
                                  std::string& failure) const;
    git::GateAnswer failed(const git::PushInQuestion& push,
                           const store::GatesRow& settings,
                           const std::string& why) const;

    Around around_;
    Counter& failures_;
    std::mutex mutex_;
    std::map<ProjectId, unsigned> waiting_;
    unsigned all_waiting_ = 0;
};

}  // namespace origin::hooks
