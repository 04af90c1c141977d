// SPDX-License-Identifier: Apache-2.0
// git/serve/push: the one way a ref moves, whoever asks: a Git client, the API or a run.
// In: a permit, proposed ref updates, the objects they bring. Out: one outcome for each ref; when
// any ref moved, one push row, its events and its jobs, all from one store transaction. The road:
// look at each ref -> gates -> pack made durable -> transaction. Below that nothing can slow or
// undo the push.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "auth/gatekeeper.h"
#include "base/ref_name.h"
#include "git/odb/intake.h"
#include "git/odb/object_store.h"
#include "git/odb/pack_builder.h"
#include "git/odb/tree_changes.h"
#include "git/serve/quotas.h"
#include "git/serve/storage.h"
#include "store/rows/audit.h"
#include "store/rows/gates.h"
#include "store/rows/project.h"
#include "store/store.h"

namespace origin::git {

/// The objects a push brings. `view` is what the project has and what is new, together: the new
/// pack is its last one.
struct NewObjects {
    ObjectStoreRef view;
    IntakeResult pack;  // An empty pack_name: nothing new.
    std::function<Status(const std::filesystem::path& folder)> make_durable;
    PackRef small = {};  // The same for the journal, if it is small: then no file is needed.

    static Result<NewObjects> from(PackIntake& intake);
    static Result<NewObjects> from(PackBuilder::Built& built, const ObjectStoreRef& existing);
    static NewObjects none(ObjectStoreRef existing);
};

struct ProposedRef {
    std::string name;  // As the client wrote it: the outcome echoes it.
    Oid old_id;        // Zero: it must not exist.
    Oid new_id;        // Zero: delete it.
};

/// How one ref would move, for gates.
struct RefMove {
    RefName name;
    Oid old_id;
    Oid new_id;
    bool is_default_branch = false;
    bool forced = false;  // The old commit is not an ancestor of the new one.

    bool creates() const { return old_id.is_zero(); }
    bool deletes() const { return new_id.is_zero(); }
};

struct PushOutcome {
    std::uint64_t sequence = 0;  // 0: no ref moved, nothing was written.
    std::vector<store::RefOutcome> refs;
    std::vector<DeploymentId> deployments;  // Made by this push, in the transaction.
    bool created_project = false;

    /// Why a gate of whole pushes refused all of it.
    std::optional<Error> refusal = {};
    /// More for people to read: what a gate found, what is wrong with `.origind.toml`.
    std::vector<std::string> lines = {};

    bool all_ok() const;
};

/// What the trees of pushed commits say about where they go, by the full name of the ref. Refs
/// of anything but commits are not here.
using TreeRules = std::map<std::string, store::TreeRulesRow>;

/// ProposedPush::via of the operator at the server's own socket.
inline constexpr std::string_view kOperatorVia = "operator";

struct ProposedPush {
    std::string via;  // "http", "ssh", "api", "run".
    std::vector<ProposedRef> refs = {};
    bool atomic = false;
    std::vector<std::string> options = {};
    std::optional<RunId> run = {};
    std::uint64_t undoes = 0;  // The push whose move this one takes back (git/serve/reflog).
    NewObjects objects = {};
    /// May write to refs/origind/: the server's own pushes only.
    bool may_write_hidden = false;
    /// Name of the project a push to a missing one creates ("client/<slug>").
    std::string new_project_slug = {};
    /// More to write in the same transaction, once at least one ref moved; the outcome is complete.
    /// An Error undoes the push.
    std::function<Status(store::Writer&, const PushOutcome&)> also = {};
    /// Filled in by PushService: the row for the journal, when the objects go there.
    std::string journal_value = {};
    TreeRules tree_rules = {};                // What the planner read.
    std::vector<store::AuditRow> audit = {};  // What gates want to be kept with the push.
};

/// Errors: Forbidden `pack_limit`.
Status check_pack_limit(const store::KeyLimits& limits, std::uint64_t bytes);

/// What gates may still look at of one push, and have seen of it: all its refs together.
struct GateState {
    ChangeBudget changes{.entries = 20'000'000};
    std::size_t commits = 1'000'000;  // Visited, not only new ones.
    /// Rule -> hashes of the paths that it has counted.
    std::map<std::string, std::set<std::string>> changed;
};

/// Says no to a ref's move before it happens. Implemented by hooks; asked in order.
class PushGate {
public:
    virtual ~PushGate() = default;
    /// Why not, for the client to read; nullopt: no objection. Blocks: may read objects.
    virtual Result<std::optional<std::string>> objection(const auth::Permit& permit,
                                                         const store::ProjectRow& project,
                                                         const RefMove& move,
                                                         const ObjectStoreRef& objects,
                                                         GateState& state) = 0;
};

/// A push that every PushGate let through, as those gates see it that are asked once.
struct PushInQuestion {
    const auth::Permit& permit;
    const store::ProjectRow& project;
    const ProposedPush& proposal;  // Its options and objects.
    std::vector<RefMove> moves;    // Not of hidden refs, nor those that were refused. Not empty.
};
struct GateAnswer {
    std::optional<Error> refusal = {};        // One line for the client to read, and a stable name.
    std::vector<std::string> lines = {};      // More for people; also beside a yes.
    std::vector<store::AuditRow> audit = {};  // Written with the push.
};
/// Says no to a whole push: all its refs or none. Implemented by hooks; asked in order, once each,
/// after the gates of single refs, and until the first one refuses.
class WholePushGate {
public:
    virtual ~WholePushGate() = default;
    /// Errors fail the push. Blocks: may read objects, or ask others within a time limit.
    virtual Result<GateAnswer> ask(const PushInQuestion& push) = 0;
};

/// What a committed push causes. Implemented by hooks; called inside the push's transaction, so the
/// rules it reads are the ones in force at that instant (docs/decisions/0003).
struct AcceptedPush {
    const ProjectId& project;
    const store::ProjectRow& row;
    const store::PushRow& push;
    std::uint64_t sequence = 0;
    IdSequence ids;
    const TreeRules& tree_rules;  // From read().
};
struct PlannedPush {
    std::vector<DeploymentId> deployments;
    std::vector<std::string> lines;  // For the people who pushed.
};
/// Somebody pushed `commit` to refs/deployments/<target>/live.
struct PushedRollback {
    const ProjectId& project;
    std::string target;
    Oid commit;
    std::uint64_t sequence = 0;
    DeploymentId id;  // Of the deployment it makes.
    UnixMillis now = 0;
};
class PushPlanner {
public:
    virtual ~PushPlanner() = default;
    /// Writes the deployment that puts an earlier release back.
    /// Returns: why not, for the client to read; empty: it is written.
    virtual Result<std::string> roll_back(store::Writer& writer, const PushedRollback& wanted) = 0;
    /// What the new trees say, read before the transaction, in which objects are not read.
    /// Errors: NotFound, Corrupt. Blocks: reads objects.
    virtual Result<TreeRules> read(const std::vector<store::RefOutcome>&, const ObjectStore&) {
        return TreeRules();
    }
    /// Writes the deployments and jobs.
    virtual Result<PlannedPush> plan(store::Writer& writer, const AcceptedPush& push) = 0;
};

/// Thread-safe.
class PushService {
public:
    struct Around {
        store::Store& store;
        Storage& storage;
        const auth::Gatekeeper& gatekeeper;
        const Clock& clock;
        const Clock& schedule;  // For its project's upkeep: a SteadiedClock.
        Random& random;
        Metrics& metrics;
        std::vector<PushGate*> gates;                  // In the order they are asked, for each ref.
        std::vector<WholePushGate*> whole_gates = {};  // After them, once a push.
        PushPlanner* planner = nullptr;
        Quotas* quotas = nullptr;  // Null: there are none.
    };
    explicit PushService(Around around) : around_(std::move(around)) {}

    /// Errors: those of the permit's re-check; StorageFull; Corrupt; what `also` returned. A ref
    /// that
    ///         is stale, refused by a gate or in the way of another one is an outcome, not an
    ///         error.
    /// Blocks: syncs the pack, then waits for the durable commit.
    Result<PushOutcome> push(const auth::Permit& permit, ProposedPush proposal);

    Storage& storage() const { return around_.storage; }
    store::Store& store() const { return around_.store; }
    const Clock& clock() const { return around_.clock; }
    Quotas* quotas() const { return around_.quotas; }

private:
    Status place(const auth::Permit& permit, ProposedPush& proposal);
    Status look_again(const auth::Permit& permit, ProposedPush& proposal);
    Result<PushOutcome> commit(const auth::Permit& permit,
                               ProposedPush& proposal,
                               const PushOutcome& looked_at);
    Result<Quotas::Claim> claim_room(const ClientId& owner, const ProposedPush& proposal);
    Result<store::ProjectRow> look(const auth::Permit& permit,
                                   const ProposedPush& proposal,
                                   PushOutcome& outcome);
    Status look_at_ref(const auth::Permit& permit,
                       const ProposedPush& proposal,
                       const store::ProjectRow& project,
                       GateState& state,
                       store::RefOutcome& outcome);
    Status ask_whole_gates(const auth::Permit& permit,
                           const store::ProjectRow& project,
                           ProposedPush& proposal,
                           PushOutcome& outcome);

    Around around_;
};

}  // namespace origin::git
