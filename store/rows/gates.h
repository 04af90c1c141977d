// SPDX-License-Identifier: Apache-2.0
// store/rows/gates: what a project asks of pushes beside its policies, and what its own file says
// about where it deploys. Byte format: docs/formats.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/oid.h"

namespace origin::store {

/// Table Gates. Key: project id. None: the server's settings.
struct GatesRow {
    static constexpr std::uint8_t kVersion = 1;
    bool no_secret_scan = false;
    std::string url;            // Of the external gate; empty: there is none.
    std::string sealed_secret;  // crypto/seal. What its requests are signed with.
    bool fail_open = false;     // What becomes of a push when the gate does not answer.
    std::uint32_t wait_ms = 0;  // How long it may take.
    UnixMillis changed_at = 0;

    template <class F>
    void fields(F& f) {
        f(no_secret_scan);
        f(url);
        f(sealed_secret);
        f(fail_open);
        f(wait_ms);
        f(changed_at);
    }
};

/// A rule of `.origind.toml`.
struct TreeRule {
    std::string pattern;  // A full ref name in which `*` stands for any characters.
    std::string target;
    bool preview = false;

    template <class F>
    void fields(F& f) {
        f(pattern);
        f(target);
        f(preview);
    }
    friend bool operator==(const TreeRule&, const TreeRule&) = default;
};

/// Table TreeRules. Key: project id. What the file of the default branch said when that branch was
/// last pushed; it counts while `ref` is the default branch.
struct TreeRulesRow {
    static constexpr std::uint8_t kVersion = 1;
    std::string ref;
    Oid commit;
    std::vector<TreeRule> rules;
    std::string fault;  // Why the file could not be read; then there are no rules.

    template <class F>
    void fields(F& f) {
        f(ref);
        f(commit);
        f(rules);
        f(fault);
    }
};

}  // namespace origin::store
