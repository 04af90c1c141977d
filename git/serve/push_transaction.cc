// SPDX-License-Identifier: Apache-2.0
#include "git/serve/push_transaction.h"

#include <algorithm>

#include <boost/json.hpp>

#include "auth/audit.h"
#include "auth/key_pushes.h"
#include "base/glob.h"
#include "git/serve/catalogue.h"
#include "git/serve/refs.h"
#include "git/serve/upkeep_schedule.h"
#include "store/event_log.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"
#include "store/rows/policy.h"

namespace origin::git {
namespace {

using store::Reader;
using store::RefOutcome;
using store::Table;
using store::Writer;

constexpr std::string_view kNothingMoved = "nothing_moved";

std::string folded(std::string_view name) {
    std::string out(name);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

/// A ref `a/b` cannot stand beside `a` or `a/b/c`: no file system could hold both.
Result<std::string> in_the_way(Reader& reader, const ProjectId& project, const std::string& name) {
    for (std::size_t slash = name.find('/', std::string_view("refs/").size());
         slash != std::string::npos;
         slash = name.find('/', slash + 1)) {
        ORIGIN_TRY(above, find_ref(reader, project, name.substr(0, slash)));
        if (above) {
            return name.substr(0, slash);
        }
    }
    std::string below;
    ORIGIN_CHECK(reader.scan(Table::Refs,
                             store::Range::prefix(store::ref_key(project, name + "/")),
                             [&](std::string_view key, std::string_view) {
                                 below = key.substr(kIdBytes);
                                 return false;
                             }));
    if (!below.empty()) {
        return below;
    }
    ORIGIN_TRY(twin, reader.get(Table::RefFolds, store::ref_key(project, folded(name))));
    return twin && *twin != name ? *twin : std::string();
}

boost::json::object event_data(std::uint64_t push, const store::PushRow& row) {
    boost::json::array refs;
    for (const RefOutcome& ref : row.refs) {
        if (ref.ok && !ref.name.starts_with(kHiddenPrefix)) {
            refs.push_back({{"ref", ref.name},
                            {"before", ref.old_id.hex()},
                            {"after", ref.new_id.hex()},
                            {"created", ref.old_id.is_zero()},
                            {"deleted", ref.new_id.is_zero()},
                            {"forced", ref.forced}});
        }
    }
    boost::json::object data{{"push", push},
                             {"refs", std::move(refs)},
                             {"via", row.actor.via},
                             {"pusher", row.actor.client.str()}};
    if (row.undoes != 0) {
        data["undoes"] = row.undoes;
    }
    if (row.run) {
        data["run"] = row.run->str();
    }
    return data;
}

}  // namespace

void fail_the_others(PushOutcome& outcome) {
    for (RefOutcome& ref : outcome.refs) {
        if (ref.ok) {
            ref.ok = false;
            ref.reason = "atomic push failure";
        }
    }
}

Result<store::ProjectRow> PushTransaction::project(Writer& writer, PushOutcome& outcome) const {
    const ProjectId& id = parts_.permit.project();
    ORIGIN_CHECK(parts_.gatekeeper.recheck(writer, parts_.permit));
    if (!parts_.permit.creates()) {
        return need_project(writer, id);
    }
    outcome.created_project = true;
    const auth::Identity& who = parts_.permit.identity();
    return create_project(writer,
                          NewProject{.id = id,
                                     .owner = who.client,
                                     .slug = parts_.proposal.new_project_slug,
                                     .name = {},
                                     .actor = {who.client, who.key, parts_.proposal.via},
                                     .now = parts_.now,
                                     .quotas = parts_.quotas});
}

Status PushTransaction::move_ref(Writer& writer, RefOutcome& ref, std::uint64_t push) const {
    const ProjectId& project = parts_.permit.project();
    ORIGIN_TRY(now, find_ref(writer, project, ref.name));
    if ((now ? now->oid : Oid{}) != ref.old_id) {
        ref.ok = false;
        ref.reason = "stale info: fetch first";
        return {};
    }
    if (ref.old_id.is_zero()) {
        ORIGIN_TRY(other, in_the_way(writer, project, ref.name));
        if (!other.empty()) {
            ref.ok = false;
            ref.reason = "'" + other + "' exists; cannot create '" + ref.name + "'";
            return {};
        }
    }
    const std::string key = store::ref_key(project, ref.name);
    const std::string fold_key = store::ref_key(project, folded(ref.name));
    if (ref.new_id.is_zero()) {
        ORIGIN_CHECK(writer.erase(Table::Refs, key));
        ORIGIN_CHECK(writer.erase(Table::RefFolds, fold_key));
    } else {
        ORIGIN_TRY(peeled, parts_.proposal.objects.view->peel(ref.new_id));
        const store::RefRow row{
            .oid = ref.new_id,
            .peeled = peeled == ref.new_id ? std::nullopt : std::optional(peeled),
            .push = push,
            .updated_at = parts_.now};
        ORIGIN_CHECK(store::put_row(writer, Table::Refs, key, row));
        ORIGIN_CHECK(writer.put(Table::RefFolds, fold_key, ref.name));
    }
    const store::RefHistoryRow history{ref.old_id, ref.new_id, ref.forced, parts_.now};
    return store::put_row(
        writer, Table::RefHistory, store::ref_history_key(project, push, ref.name), history);
}

Status PushTransaction::roll_back(Writer& writer,
                                  const std::string& target,
                                  RefOutcome& ref,
                                  PushOutcome& outcome,
                                  IdSequence& ids) const {
    const ProjectId& project = parts_.permit.project();
    const auto may_deploy =
        parts_.gatekeeper.permit(writer, parts_.permit.identity(), project, auth::Action::Deploy);
    std::string refusal = "that needs a key with the scope deploy, and deploy access";
    const auto id = ids.next<DeploymentId>();
    if (may_deploy && parts_.planner != nullptr) {
        ORIGIN_TRY(said,
                   parts_.planner->roll_back(
                       writer, {project, target, ref.new_id, outcome.sequence, id, parts_.now}));
        refusal = said;
    }
    ref.ok = refusal.empty();
    ref.reason = refusal;
    if (ref.ok) {
        outcome.deployments.push_back(id);
    }
    return {};
}

Status PushTransaction::move_refs(Writer& writer, PushOutcome& outcome, IdSequence& ids) const {
    // Deletes first, so that `a` can make way for `a/b` in one push.
    for (const bool deletes : {true, false}) {
        for (RefOutcome& ref : outcome.refs) {
            if (!ref.ok || ref.new_id.is_zero() != deletes) {
                continue;
            }
            if (const auto target = target_of_live_ref(ref.name)) {
                ORIGIN_CHECK(roll_back(writer, *target, ref, outcome, ids));
            } else {
                ORIGIN_CHECK(move_ref(writer, ref, outcome.sequence));
            }
        }
    }
    return {};
}

Status PushTransaction::settle_head(Writer& writer,
                                    store::ProjectRow& project,
                                    const PushOutcome& outcome) const {
    const ProjectId& id = parts_.permit.project();
    ORIGIN_TRY(born, find_ref(writer, id, project.head));
    ORIGIN_TRY(policies, store::get_row<store::PoliciesRow>(writer, Table::Policies, id.view()));
    const bool is_meant =
        policies && std::ranges::any_of(policies->policies, [&](const auto& each) {
            return glob_matches(each.pattern, project.head);
        });
    if (born || is_meant) {
        return {};  // A branch that has rules before it has commits stays the default one.
    }
    std::vector<std::string> candidates = {"refs/heads/main", "refs/heads/master"};
    for (const RefOutcome& ref : outcome.refs) {
        if (ref.ok && ref.name.starts_with("refs/heads/")) {
            candidates.push_back(ref.name);
        }
    }
    for (const std::string& candidate : candidates) {
        ORIGIN_TRY(ref, find_ref(writer, id, candidate));
        if (ref) {
            project.head = candidate;
            return store::put_row(writer, Table::Projects, id.view(), project);
        }
    }
    return {};
}

Status PushTransaction::write_objects(Writer& writer, std::uint64_t push) const {
    const ProjectId& id = parts_.permit.project();
    const IntakeResult& pack = parts_.proposal.objects.pack;
    if (!parts_.proposal.journal_value.empty()) {
        ORIGIN_CHECK(writer.put(
            Table::Journal, store::journal_key(id, push), parts_.proposal.journal_value));
    } else if (!pack.pack_name.empty()) {
        const std::string key = store::pack_key(id, pack.pack_name);
        const store::PackRow row{pack.pack_bytes, pack.object_count, parts_.now};
        ORIGIN_CHECK(store::put_row(writer, Table::Packs, key, row));
        ORIGIN_CHECK(writer.erase(Table::DeadPacks, key));
    }
    return schedule_upkeep(writer, id, parts_.upkeep_at);
}

Status PushTransaction::write_push(Writer& writer,
                                   const PushOutcome& outcome,
                                   const store::PushRow& row) const {
    const ProjectId& id = parts_.permit.project();
    ORIGIN_CHECK(write_objects(writer, outcome.sequence));
    ORIGIN_CHECK(store::put_row(writer, Table::Pushes, store::push_key(id, outcome.sequence), row));
    ORIGIN_CHECK(store::append_event(
        writer,
        store::Event{.time = parts_.now,
                     .type = "push",
                     .project = id,
                     .client = row.actor.client,
                     .data = boost::json::serialize(event_data(outcome.sequence, row))}));
    return {};
}

Status PushTransaction::run(Writer& writer, PushOutcome& outcome) const {
    const ProjectId& id = parts_.permit.project();
    ORIGIN_TRY(row, project(writer, outcome));
    if (row.gc_generation != parts_.proposal.objects.view->gc_generation()) {
        return std::unexpected(Error(Code::Unavailable, "the server is tidying up; try again")
                                   .because(std::string(kObjectsCollected)));
    }
    ORIGIN_TRY(latest, latest_push(writer, id));
    IdSequence ids = ids_;
    outcome.sequence = latest + 1;
    ORIGIN_CHECK(move_refs(writer, outcome, ids));
    const bool any = std::ranges::any_of(outcome.refs, &RefOutcome::ok);
    if (!any || (parts_.proposal.atomic && !outcome.all_ok())) {
        // Leaves the transaction, so that nothing of it stays; commit() knows the reason.
        return std::unexpected(
            Error(Code::Conflict, "no ref moved").because(std::string(kNothingMoved)));
    }
    ORIGIN_CHECK(auth::count_push(writer, parts_.permit.identity(), parts_.now));
    ORIGIN_CHECK(settle_head(writer, row, outcome));
    const auth::Identity& who = parts_.permit.identity();
    const store::PushRow push{.actor = {who.client, who.key, parts_.proposal.via},
                              .refs = outcome.refs,
                              .options = parts_.proposal.options,
                              .run = parts_.proposal.run,
                              .pack = parts_.proposal.journal_value.empty()
                                          ? parts_.proposal.objects.pack.pack_name
                                          : std::string(),
                              .pushed_at = parts_.now,
                              .undoes = parts_.proposal.undoes};
    ORIGIN_CHECK(write_push(writer, outcome, push));
    for (const store::AuditRow& row_of_gate : parts_.proposal.audit) {
        ORIGIN_CHECK(auth::record_audit(writer, row_of_gate));
    }
    if (parts_.planner != nullptr) {
        ORIGIN_TRY(made,
                   parts_.planner->plan(
                       writer, {id, row, push, outcome.sequence, ids, parts_.proposal.tree_rules}));
        outcome.deployments.insert(
            outcome.deployments.end(), made.deployments.begin(), made.deployments.end());
        outcome.lines.insert(outcome.lines.end(), made.lines.begin(), made.lines.end());
    }
    if (parts_.proposal.also) {
        ORIGIN_CHECK(parts_.proposal.also(writer, outcome));
    }
    return {};
}

Result<PushOutcome> PushTransaction::commit(store::Store& store,
                                            const PushOutcome& looked_at) const {
    PushOutcome outcome;
    const Status written = store.write([&](Writer& writer) -> Status {
        outcome = looked_at;  // The store may run this again.
        return run(writer, outcome);
    });
    if (written) {
        return outcome;
    }
    if (written.error().reason() != kNothingMoved) {
        return std::unexpected(written.error());
    }
    outcome.sequence = 0;
    outcome.created_project = false;
    fail_the_others(outcome);
    return outcome;
}

}  // namespace origin::git
