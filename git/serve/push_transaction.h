// SPDX-License-Identifier: Apache-2.0
// git/serve/push_transaction: the store transaction of a push. A pure function of its inputs, since
// the store may run it more than once.
// In: outcomes that passed every look and gate. Out: the same, after the compare-and-swap of each.
#pragma once

#include "auth/gatekeeper.h"
#include "git/serve/push.h"

namespace origin::git {

/// Reason of commit()'s Unavailable when garbage was collected since the push was looked at.
inline constexpr std::string_view kObjectsCollected = "objects_collected";

class PushTransaction {
public:
    struct Parts {
        const auth::Permit& permit;
        const ProposedPush& proposal;
        const auth::Gatekeeper& gatekeeper;
        PushPlanner* planner;
        const Quotas* quotas;  // May be null.
        UnixMillis now;
        UnixMillis upkeep_at;
    };
    PushTransaction(Parts parts, IdSequence ids) : parts_(parts), ids_(ids) {}

    /// Errors: also Unavailable (kObjectsCollected). Blocks: until the commit is durable.
    Result<PushOutcome> commit(store::Store& store, const PushOutcome& looked_at) const;

private:
    Status run(store::Writer& writer, PushOutcome& outcome) const;
    Result<store::ProjectRow> project(store::Writer& writer, PushOutcome& outcome) const;
    Status roll_back(store::Writer& writer,
                     const std::string& target,
                     store::RefOutcome& ref,
                     PushOutcome& outcome,
                     IdSequence& ids) const;
    Status move_refs(store::Writer& writer, PushOutcome& outcome, IdSequence& ids) const;
    Status move_ref(store::Writer& writer, store::RefOutcome& ref, std::uint64_t push) const;
    Status settle_head(store::Writer& writer,
                       store::ProjectRow& project,
                       const PushOutcome& outcome) const;
    Status write_objects(store::Writer& writer, std::uint64_t push) const;
    Status write_push(store::Writer& writer,
                      const PushOutcome& outcome,
                      const store::PushRow& row) const;

    Parts parts_;
    IdSequence ids_;
};

/// An atomic push with one failure: every other ref fails with it.
void fail_the_others(PushOutcome& outcome);

}  // namespace origin::git
