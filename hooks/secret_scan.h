// SPDX-License-Identifier: Apache-2.0
// hooks/secret_scan: the gate that looks for secrets in the blobs that a push brings: those of its
// pack that the project does not have yet. docs/gates.md.
#pragma once

#include "auth/gatekeeper.h"
#include "git/serve/push.h"

namespace origin::hooks {

/// An owner's `git push -o secrets.allow`: what is found is told and recorded, not refused.
inline constexpr std::string_view kAllowSecrets = "secrets.allow";

/// Error::reason() of what it refuses.
inline constexpr std::string_view kSecretFound = "secret_found";

inline constexpr std::uint64_t kScannedBlobBytesMax = 4U << 20U;     // A larger one is passed over.
inline constexpr std::uint64_t kScannedPushBytesMax = 1024U << 20U;  // Then no more are looked at.
inline constexpr std::size_t kSecretsTold = 5;

class SecretScan final : public git::WholePushGate {
public:
    struct Around {
        store::Store& store;
        const auth::Gatekeeper& gatekeeper;
        const Clock& clock;
        Metrics& metrics;
        bool on = true;  // The server's setting; a project may turn it off for itself.
    };
    explicit SecretScan(const Around& around);

    /// The refusal names ref, rule, path and line of the first. A blob that no ref of the push
    /// reaches is refused as well: the next push could reach it.
    Result<git::GateAnswer> ask(const git::PushInQuestion& push) override;

private:
    struct Found;
    struct Scanned;
    Result<bool> is_on(const git::PushInQuestion& push) const;
    Result<Scanned> scan(const git::PushInQuestion& push) const;
    bool may_allow(const git::PushInQuestion& push) const;

    Around around_;
    Counter& bytes_;
    Counter& refused_;
};

}  // namespace origin::hooks
