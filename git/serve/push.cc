// SPDX-License-Identifier: Apache-2.0
#include "git/serve/push.h"

#include <algorithm>
#include <tuple>

#include "base/limits.h"
#include "base/utf8.h"
#include "git/odb/history.h"
#include "git/odb/references.h"
#include "git/serve/catalogue.h"
#include "git/serve/journal.h"
#include "git/serve/push_transaction.h"
#include "git/serve/refs.h"
#include "git/serve/upkeep_schedule.h"

namespace origin::git {
namespace {

/// Is the move a fast-forward? Anything but two commits counts as forced.
Result<bool> is_forced(const ObjectStore& objects, const Oid& old_id, const Oid& new_id) {
    if (old_id.is_zero() || new_id.is_zero()) {
        return false;
    }
    ORIGIN_TRY(old_header, objects.header(old_id));
    ORIGIN_TRY(new_header, objects.header(new_id));
    if (old_header.type != ObjectType::Commit || new_header.type != ObjectType::Commit) {
        return true;
    }
    const auto read = [&](const Oid& oid) {
        return objects.commit_links(oid);
    };
    ORIGIN_TRY(ancestor, is_ancestor(read, old_id, new_id));
    return !ancestor;
}

constexpr int kAttempts = 3;  // Collections are a day apart.

bool is_overflowing(const ObjectStore& objects) {
    return objects.memory_bytes() > kJournalOverflow * kJournalBytesMax ||
           objects.memory_objects() > kJournalOverflow * kJournalObjectsMax;
}

/// What the new value of `name` must be. Returns: why not, or nothing.
std::string wrong_object(const ObjectStore& objects, const RefName& name, const Oid& new_id) {
    const auto header = objects.header(new_id);
    if (!header) {
        return "missing necessary objects";
    }
    if (name.is_branch() && header->type != ObjectType::Commit) {
        return "a branch must point to a commit";
    }
    return {};
}

}  // namespace

Status check_pack_limit(const store::KeyLimits& limits, std::uint64_t bytes) {
    if (limits.pack_bytes == 0 || bytes <= limits.pack_bytes) {
        return {};
    }
    return std::unexpected(Error(Code::Forbidden,
                                 "with this key a push has at most " +
                                     std::to_string(limits.pack_bytes) + " bytes of objects")
                               .because("pack_limit"));
}

Result<NewObjects> NewObjects::from(PackIntake& intake) {
    ORIGIN_TRY(view, intake.view());
    ORIGIN_TRY(small, intake.small());
    return NewObjects{
        view,
        intake.result(),
        [&intake](const std::filesystem::path& folder) { return intake.make_durable(folder); },
        small};
}

Result<NewObjects> NewObjects::from(PackBuilder::Built& built, const ObjectStoreRef& existing) {
    if (built.result.pack_name.empty()) {
        return none(existing);
    }
    const auto make_durable = [&built](const std::filesystem::path& folder) {
        return built.make_durable(folder);
    };
    if (built.in_memory != nullptr) {
        return NewObjects{
            existing->with(built.in_memory), built.result, make_durable, built.in_memory};
    }
    ORIGIN_TRY(view, existing->with_pack_from(built.staged.dir(), built.staged.stem()));
    return NewObjects{view, built.result, make_durable};
}

NewObjects NewObjects::none(ObjectStoreRef existing) {
    return {std::move(existing), {}, [](const std::filesystem::path&) {
                return Status();
            }};
}

bool PushOutcome::all_ok() const {
    return std::ranges::all_of(refs, &store::RefOutcome::ok);
}

Status PushService::look_at_ref(const auth::Permit& permit,
                                const ProposedPush& proposal,
                                const store::ProjectRow& project,
                                GateState& state,
                                store::RefOutcome& outcome) {
    const auto name = RefName::parse(outcome.name);
    if (!name) {
        outcome.reason = name.error().told_to_peer();
        return {};
    }
    if (name->str().starts_with(kHiddenPrefix) && !proposal.may_write_hidden) {
        outcome.reason = "deny updating a hidden ref";
        return {};
    }
    const bool is_rollback = target_of_live_ref(name->str()).has_value();
    if (name->str().starts_with(kDeploymentsPrefix) && (!is_rollback || outcome.new_id.is_zero())) {
        outcome.reason =
            "refs/deployments/ is written by the server; a release is put back by "
            "pushing its commit to refs/deployments/<target>/live";
        return {};
    }
    if (outcome.old_id.is_zero() && outcome.new_id.is_zero()) {
        outcome.reason = "there is no such ref to delete";
        return {};
    }
    const ObjectStore& objects = *proposal.objects.view;
    if (!outcome.new_id.is_zero()) {
        outcome.reason = wrong_object(objects, *name, outcome.new_id);
        if (!outcome.reason.empty()) {
            return {};
        }
    }
    if (is_rollback) {
        // The transaction looks whether it was a release. Gates are for branches.
        outcome.ok = true;
        return {};
    }
    const auto forced = is_forced(objects, outcome.old_id, outcome.new_id);
    if (!forced) {
        // The client's old value is not even here: the compare-and-swap would refuse it too.
        outcome.reason = "stale info: fetch first";
        return {};
    }
    outcome.forced = *forced;
    const RefMove move{
        *name, outcome.old_id, outcome.new_id, name->str() == project.head, outcome.forced};
    for (PushGate* gate : around_.gates) {
        ORIGIN_TRY(objection, gate->objection(permit, project, move, proposal.objects.view, state));
        if (objection) {
            outcome.reason = *objection;
            return {};
        }
    }
    outcome.ok = true;
    return {};
}

/// Returns: the project, with its owner at least if it is to be made.
Result<store::ProjectRow> PushService::look(const auth::Permit& permit,
                                            const ProposedPush& proposal,
                                            PushOutcome& outcome) {
    store::ProjectRow project;
    project.owner = permit.identity().client;
    std::vector<std::optional<store::RefRow>> now(proposal.refs.size());
    ORIGIN_CHECK(around_.store.read([&](store::Reader& reader) -> Status {
        if (!permit.creates()) {
            ORIGIN_TRY(row, need_project(reader, permit.project()));
            project = row;
        }
        for (std::size_t i = 0; i < proposal.refs.size(); ++i) {
            if (!RefName::parse(proposal.refs[i].name)) {
                continue;
            }
            ORIGIN_TRY(ref, find_ref(reader, permit.project(), proposal.refs[i].name));
            now[i] = ref;
        }
        return {};
    }));
    GateState state;
    for (std::size_t i = 0; i < proposal.refs.size(); ++i) {
        const ProposedRef& proposed = proposal.refs[i];
        store::RefOutcome& ref = outcome.refs.emplace_back(
            store::RefOutcome{proposed.name, proposed.old_id, proposed.new_id, false, false, {}});
        // A stale push is refused before anything of it is stored; the transaction looks again.
        if ((now[i] ? now[i]->oid : Oid{}) != proposed.old_id) {
            ref.reason = "stale info: fetch first";
            continue;
        }
        ORIGIN_CHECK(look_at_ref(permit, proposal, project, state, ref));
    }
    return project;
}

/// All that stands is refused if one of them refuses: the objects of a push are stored together.
Status PushService::ask_whole_gates(const auth::Permit& permit,
                                    const store::ProjectRow& project,
                                    ProposedPush& proposal,
                                    PushOutcome& outcome) {
    PushInQuestion push{permit, project, proposal, {}};
    for (const store::RefOutcome& ref : outcome.refs) {
        const bool concerns = ref.ok && !ref.name.starts_with(kHiddenPrefix) &&
                              !target_of_live_ref(ref.name).has_value();
        if (!concerns) {
            continue;
        }
        ORIGIN_TRY(name, RefName::parse(ref.name));
        push.moves.push_back({name, ref.old_id, ref.new_id, ref.name == project.head, ref.forced});
    }
    for (WholePushGate* gate : around_.whole_gates) {
        if (push.moves.empty() || outcome.refusal) {
            break;
        }
        ORIGIN_TRY(answer, gate->ask(push));
        outcome.lines.insert(outcome.lines.end(), answer.lines.begin(), answer.lines.end());
        proposal.audit.insert(proposal.audit.end(), answer.audit.begin(), answer.audit.end());
        outcome.refusal = std::move(answer.refusal);
    }
    if (outcome.refusal) {
        for (store::RefOutcome& ref : outcome.refs) {
            ref.reason = ref.ok ? outcome.refusal->told_to_peer() : ref.reason;
            ref.ok = false;
        }
    }
    return {};
}

/// The operator's imports are not counted.
Result<Quotas::Claim> PushService::claim_room(const ClientId& owner, const ProposedPush& proposal) {
    if (around_.quotas == nullptr || proposal.via == kOperatorVia) {
        return Quotas::Claim();
    }
    return around_.quotas->claim(owner, proposal.objects.pack.pack_bytes);
}

Result<PushOutcome> PushService::push(const auth::Permit& permit, ProposedPush proposal) {
    const auto begun = around_.clock.steady();
    if (permit.action() != auth::Action::Write && permit.action() != auth::Action::Require) {
        return std::unexpected(Error(Code::Forbidden, "this permit does not allow a push"));
    }
    ORIGIN_CHECK(check_pack_limit(permit.identity().limits, proposal.objects.pack.pack_bytes));
    PushOutcome outcome;
    ORIGIN_TRY(project, look(permit, proposal, outcome));
    const bool any = std::ranges::any_of(outcome.refs, &store::RefOutcome::ok);
    if (proposal.atomic && !outcome.all_ok()) {
        fail_the_others(outcome);
        return outcome;
    }
    if (!any) {
        return outcome;
    }
    ORIGIN_CHECK(ask_whole_gates(permit, project, proposal, outcome));
    if (outcome.refusal) {
        return outcome;
    }
    if (around_.planner != nullptr) {
        ORIGIN_TRY(rules, around_.planner->read(outcome.refs, *proposal.objects.view));
        proposal.tree_rules = std::move(rules);
    }
    ORIGIN_TRY(claim, claim_room(project.owner, proposal));
    const std::string pack_name = proposal.objects.pack.pack_name;
    const Storage::Hold hold(around_.storage, permit.project(), pack_name);
    const Status placed = place(permit, proposal);
    const auto committed = placed ? commit(permit, proposal, outcome)
                                  : Result<PushOutcome>(std::unexpected(placed.error()));
    if (!pack_name.empty() && proposal.journal_value.empty() &&
        (!committed || committed->sequence == 0)) {
        // Nobody will name it. If this cannot remove it, the next start does.
        std::ignore = around_.storage.remove_unnamed(around_.store, permit.project(), pack_name, 1);
    }
    ORIGIN_CHECK(committed);
    if (claim) {
        claim->stored = committed->sequence != 0;
    }
    around_.metrics.counter("pushes_total").add(committed->sequence != 0 ? 1 : 0);
    around_.metrics.histogram("push_commit_seconds").record(around_.clock.steady() - begun);
    return committed;
}

/// Decides where the new objects go: into the journal with the transaction, or to a file before it.
Status PushService::place(const auth::Permit& permit, ProposedPush& proposal) {
    const NewObjects& objects = proposal.objects;
    if (objects.pack.pack_name.empty()) {
        return {};
    }
    if (objects.small != nullptr && !is_overflowing(*objects.view)) {
        proposal.journal_value = journal_value(*objects.small, around_.clock.now());
        return {};
    }
    ORIGIN_CHECK(around_.storage.expect_files(permit.project()));
    return around_.storage.watch(objects.make_durable(around_.storage.pack_dir(permit.project())));
}

Result<PushOutcome> PushService::commit(const auth::Permit& permit,
                                        ProposedPush& proposal,
                                        const PushOutcome& looked_at) {
    for (int attempt = 1;; ++attempt) {
        const PushTransaction transaction(
            {.permit = permit,
             .proposal = proposal,
             .gatekeeper = around_.gatekeeper,
             .planner = around_.planner,
             .quotas = proposal.via == kOperatorVia ? nullptr : around_.quotas,
             .now = around_.clock.now(),
             .upkeep_at = upkeep_due(*proposal.objects.view, around_.schedule.now())},
            IdSequence(around_.clock, around_.random));
        auto committed = transaction.commit(around_.store, looked_at);
        if (committed || committed.error().reason() != kObjectsCollected || attempt == kAttempts) {
            return committed;
        }
        ORIGIN_CHECK(look_again(permit, proposal));
    }
}

/// Garbage was collected since the push was looked at. What it brings, and what its refs are to
/// point to, must still be complete: every stored object has its closure stored, so one step from
/// each new object is enough.
Status PushService::look_again(const auth::Permit& permit, ProposedPush& proposal) {
    const PackRef fresh =
        proposal.objects.pack.pack_name.empty() ? nullptr : proposal.objects.view->packs().back();
    ObjectStoreRef existing;
    ORIGIN_CHECK(around_.store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(opened, around_.storage.open(reader, permit.project()));
        existing = opened;
        return {};
    }));
    const PackRef kept = proposal.journal_value.empty() ? fresh : proposal.objects.small;
    const ObjectStoreRef view = kept != nullptr ? existing->with(kept) : existing;
    Status complete = kept != nullptr ? check_pack_connectivity(*kept, *view) : Status();
    for (const ProposedRef& ref : proposal.refs) {
        if (complete && !ref.new_id.is_zero() && !view->contains(ref.new_id)) {
            complete = std::unexpected(Error(Code::NotFound, "no object " + ref.new_id.hex()));
        }
    }
    if (!complete) {
        return std::unexpected(Error(Code::Unavailable,
                                     "objects that this relies on were just removed; try again",
                                     complete.error().told_to_peer())
                                   .because(std::string(kObjectsCollected)));
    }
    proposal.objects.view = view;
    return {};
}

}  // namespace origin::git
