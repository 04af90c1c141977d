// SPDX-License-Identifier: Apache-2.0
#include "git/serve/push.h"

#include <algorithm>

#include "base/limits.h"
#include "base/utf8.h"
#include "git/odb/history.h"
#include "git/serve/catalogue.h"
#include "git/serve/push_transaction.h"
#include "git/serve/refs.h"

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

Result<NewObjects> NewObjects::from(PackIntake& intake) {
    ORIGIN_TRY(view, intake.view());
    return NewObjects{view, intake.result(), [&intake](const std::filesystem::path& folder) {
                          return intake.make_durable(folder);
                      }};
}

Result<NewObjects> NewObjects::from(PackBuilder::Built& built, const ObjectStoreRef& existing) {
    if (built.result.pack_name.empty()) {
        return none(existing);
    }
    ORIGIN_TRY(view, existing->with_pack_from(built.staged.dir(), built.staged.stem()));
    return NewObjects{view, built.result, [&built](const std::filesystem::path& folder) {
                          return built.staged.make_durable(folder, built.result.pack_name);
                      }};
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
    if (name->str().starts_with(kDeploymentsPrefix) && !proposal.may_write_hidden) {
        outcome.reason = "refs/deployments/ is written by the server alone";
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
        ORIGIN_TRY(objection, gate->objection(permit, project, move, objects));
        if (objection) {
            outcome.reason = *objection;
            return {};
        }
    }
    outcome.ok = true;
    return {};
}

Status PushService::look(const auth::Permit& permit,
                         const ProposedPush& proposal,
                         PushOutcome& outcome) {
    store::ProjectRow project;
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
    for (std::size_t i = 0; i < proposal.refs.size(); ++i) {
        const ProposedRef& proposed = proposal.refs[i];
        store::RefOutcome& ref = outcome.refs.emplace_back(
            store::RefOutcome{proposed.name, proposed.old_id, proposed.new_id, false, false, {}});
        // A stale push is refused before anything of it is stored; the transaction looks again.
        if ((now[i] ? now[i]->oid : Oid{}) != proposed.old_id) {
            ref.reason = "stale info: fetch first";
            continue;
        }
        ORIGIN_CHECK(look_at_ref(permit, proposal, project, ref));
    }
    return {};
}

Result<PushOutcome> PushService::push(const auth::Permit& permit, const ProposedPush& proposal) {
    const auto begun = around_.clock.steady();
    if (permit.action() != auth::Action::Write && permit.action() != auth::Action::Require) {
        return std::unexpected(Error(Code::Forbidden, "this permit does not allow a push"));
    }
    PushOutcome outcome;
    ORIGIN_CHECK(look(permit, proposal, outcome));
    const bool any = std::ranges::any_of(outcome.refs, &store::RefOutcome::ok);
    if (proposal.atomic && !outcome.all_ok()) {
        fail_the_others(outcome);
        return outcome;
    }
    if (!any) {
        return outcome;
    }
    if (!proposal.objects.pack.pack_name.empty()) {
        ORIGIN_CHECK(around_.storage.prepare(permit.project()));
        const auto durable =
            proposal.objects.make_durable(around_.storage.pack_dir(permit.project()));
        if (!durable && durable.error().reason() == "sync_failed") {
            around_.disk_lost(durable.error());  // What the kernel dropped cannot be known: D3.
        }
        ORIGIN_CHECK(durable);
    }
    const PushTransaction transaction(
        {permit, proposal, around_.gatekeeper, around_.planner, around_.clock.now()},
        IdSequence(around_.clock, around_.random));
    ORIGIN_TRY(committed, transaction.commit(around_.store, outcome));
    around_.metrics.counter("pushes_total").add(committed.sequence != 0 ? 1 : 0);
    around_.metrics.histogram("push_commit_seconds").record(around_.clock.steady() - begun);
    return committed;
}

}  // namespace origin::git
