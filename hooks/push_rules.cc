// SPDX-License-Identifier: Apache-2.0
#include "hooks/push_rules.h"

#include <algorithm>
#include <array>
#include <map>

#include "auth/commit_signature.h"
#include "auth/grants.h"
#include "auth/signing_keys.h"
#include "base/glob.h"
#include "git/odb/history.h"
#include "git/serve/refs.h"
#include "hooks/new_commits.h"
#include "store/rows/access.h"
#include "store/rows/identity.h"
#include "store/rows/keys.h"
#include "store/rows/policy.h"

namespace origin::hooks {
namespace {

using store::Reader;
using store::Table;

constexpr std::uint64_t kSignatureCost = 1000;  // Tree entries that take as long to look at.
constexpr std::string_view kTooMuch = "too many commits to check; push in smaller steps";

std::string short_hex(const Oid& commit) {
    return commit.hex().substr(0, 12);
}

std::string name_of(const store::BranchPolicy& policy) {
    return "the policy '" + policy.pattern + "'";
}

/// What the limits of the key say of the move itself.
Objection check_limits(const store::KeyLimits& limits, const git::RefMove& move) {
    if (limits.refs.empty()) {
        return {};
    }
    const auto limit = std::ranges::find_if(limits.refs, [&](const store::RefLimit& each) {
        return glob_matches(each.pattern, move.name.str());
    });
    if (limit == limits.refs.end()) {
        std::string patterns;
        for (const store::RefLimit& each : limits.refs) {
            patterns += (patterns.empty() ? "'" : ", '") + each.pattern + "'";
        }
        return "this key may push to " + patterns + " only";
    }
    const auto refuse = [&](std::string_view what) {
        return Objection("this key may not " + std::string(what) + " '" + limit->pattern + "'");
    };
    if (move.deletes()) {
        return limit->remove ? Objection() : refuse("delete");
    }
    if (move.forced) {
        return limit->force ? Objection() : refuse("force-push to");
    }
    return limit->push ? Objection() : refuse("push to");
}

/// What the policy says of the move itself.
Objection check_move(const store::BranchPolicy& policy,
                     const ClientId& client,
                     const git::RefMove& move) {
    if (!policy.pushers.empty() &&
        std::ranges::find(policy.pushers, client) == policy.pushers.end()) {
        return name_of(policy) + " lets only certain clients push; push to another branch";
    }
    if (move.deletes() && policy.no_delete) {
        return name_of(policy) + " allows no delete";
    }
    if (move.forced && policy.no_force) {
        return name_of(policy) + " allows fast-forwards only: fetch, then merge or rebase";
    }
    return {};
}

/// What is in the store about the move, from one snapshot.
struct Facts {
    std::optional<store::BranchPolicy> policy;
    std::optional<store::BranchPolicy> default_policy;  // Of the default branch.
    std::optional<Oid> default_tip;                     // None if that is what moves.
};

std::optional<store::BranchPolicy> first_match(const std::vector<store::BranchPolicy>& policies,
                                               std::string_view ref) {
    const auto first = std::ranges::find_if(
        policies, [&](const auto& policy) { return glob_matches(policy.pattern, ref); });
    return first == policies.end() ? std::nullopt : std::optional(*first);
}

Result<Facts> read_facts(Reader& reader,
                         const ProjectId& project,
                         const store::ProjectRow& row,
                         const git::RefMove& move) {
    Facts facts;
    ORIGIN_TRY(stored, store::get_row<store::PoliciesRow>(reader, Table::Policies, project.view()));
    if (stored) {
        facts.policy = first_match(stored->policies, move.name.str());
        facts.default_policy = first_match(stored->policies, row.head);
    }
    ORIGIN_TRY(head, git::find_ref(reader, project, row.head));
    if (head && !move.is_default_branch) {
        facts.default_tip = head->oid;
    }
    return facts;
}

Result<Objection> check_statuses(Reader& reader,
                                 const store::BranchPolicy& policy,
                                 const ProjectId& project,
                                 const Oid& tip) {
    for (const std::string& context : policy.statuses) {
        ORIGIN_TRY(status,
                   store::get_row<store::StatusRow>(
                       reader, Table::Statuses, store::status_key(project, tip, context)));
        if (!status || status->state != store::StatusState::Success) {
            return Objection(name_of(policy) + " needs the status '" + context + "' of commit " +
                             short_hex(tip) + " to be success" +
                             (status ? ", which it is not" : ": nobody has set it") +
                             "; push to another branch and wait for the check");
        }
    }
    return Objection();
}

/// May whoever the SSH key `blob` signs for write to the project? Returns: why not, or nothing.
Result<std::string> signer_fault(Reader& reader,
                                 const ProjectId& project,
                                 const store::ProjectRow& row,
                                 const std::string& blob,
                                 UnixMillis now) {
    ORIGIN_TRY(key, auth::find_signing_key(reader, blob, now));
    if (!key) {
        return "unknown_signing_key";
    }
    ORIGIN_TRY(client,
               store::get_row<store::ClientRow>(reader, Table::Clients, key->client.view()));
    if (client && client->admin) {
        return "";
    }
    ORIGIN_TRY(access, auth::access_of(reader, key->client, project, row));
    const bool writes = access && auth::covers(*access, auth::Action::Write);
    return writes ? "" : "signer_may_not_write";
}

std::string not_signed(const store::BranchPolicy& policy, const Oid& commit, std::string_view why) {
    return name_of(policy) + " needs signed commits; " + short_hex(commit) + " is not (" +
           std::string(why) +
           "): git commit --amend -S, with an SSH key that is listed at /api/signing-keys";
}

Objection check_linear(const store::BranchPolicy& policy,
                       const std::vector<git::SendCommit>& commits) {
    for (const git::SendCommit& commit : commits) {
        if (commit.parents.size() > 1) {
            return name_of(policy) + " needs a linear history; " + short_hex(commit.oid) +
                   " is a merge: rebase instead";
        }
    }
    return {};
}

std::vector<FileRule> file_rules(const store::KeyLimits& limits,
                                 const std::optional<store::BranchPolicy>& policy) {
    std::vector<FileRule> rules;
    rules.push_back({"this key", limits.allow_paths, limits.deny_paths, 0, limits.files});
    if (policy) {
        rules.push_back({name_of(*policy),
                         policy->allow_paths,
                         policy->deny_paths,
                         policy->file_bytes,
                         policy->files});
    }
    std::erase_if(rules, &FileRule::demands_nothing);
    return rules;
}

/// The same for every step below: one move of one ref.
struct Move {
    const auth::Permit& permit;
    const store::ProjectRow& project;
    const git::RefMove& ref;
    const git::ObjectStoreRef& objects;
    git::GateState& state;
};

/// Is each commit signed by somebody who may write here? No snapshot is held while objects are
/// read.
Result<Objection> check_signatures(store::Store& store,
                                   const Move& move,
                                   const store::BranchPolicy& policy,
                                   const std::vector<git::SendCommit>& commits,
                                   UnixMillis now) {
    std::map<std::string, Oid> signers;  // Public key -> one of its commits.
    for (const git::SendCommit& commit : commits) {
        if (move.state.changes.entries < kSignatureCost) {
            return Objection(std::string(kTooMuch));
        }
        move.state.changes.entries -= kSignatureCost;
        ORIGIN_TRY(text, move.objects->read_as(commit.oid, git::ObjectType::Commit));
        const auth::SignatureVerdict verdict = auth::check_commit_signature(text);
        if (!verdict.fault.empty()) {
            return Objection(not_signed(policy, commit.oid, verdict.fault));
        }
        signers.emplace(verdict.blob, commit.oid);
    }
    Objection said;
    ORIGIN_CHECK(store.read([&](Reader& reader) -> Status {
        for (const auto& [blob, commit] : signers) {
            ORIGIN_TRY(fault, signer_fault(reader, move.permit.project(), move.project, blob, now));
            if (!fault.empty()) {
                said = not_signed(policy, commit, fault);
                break;
            }
        }
        return {};
    }));
    return said;
}

/// The commits of a move that count as new. Each list is walked once, when it is first asked for.
class Brought {
public:
    Brought(const Move& move, const Facts& facts, const Oid& tip)
        : move_(move), default_tip_(facts.default_tip), tip_(tip) {}

    /// What the default branch has does not count if it `vouches`. nullopt: too many to look at.
    Result<std::optional<Commits>> commits(bool vouches) {
        auto& list = lists_.at(vouches && default_tip_ ? 1 : 0);
        if (!list) {
            std::vector<Oid> known;
            for (const auto& id :
                 {std::optional(move_.ref.old_id), vouches ? default_tip_ : std::nullopt}) {
                const auto commit =
                    id && !id->is_zero() ? git::commit_at(*move_.objects, *id) : std::nullopt;
                if (commit) {
                    known.push_back(*commit);
                }
            }
            ORIGIN_TRY(walked, new_commits(move_.objects, tip_, known, move_.state));
            list = std::move(walked);
        }
        return *list;
    }

private:
    const Move& move_;
    std::optional<Oid> default_tip_;
    Oid tip_;
    std::array<std::optional<std::optional<Commits>>, 2> lists_;
};

/// Signatures and merges.
Result<Objection> check_history(
    store::Store& store, const Move& move, const Facts& facts, Brought& brought, UnixMillis now) {
    const store::BranchPolicy& policy = *facts.policy;
    const store::BranchPolicy vouched = facts.default_policy.value_or(store::BranchPolicy());
    if (policy.linear) {
        ORIGIN_TRY(commits, brought.commits(vouched.linear));
        Objection said = commits ? check_linear(policy, *commits) : std::string(kTooMuch);
        if (said) {
            return said;
        }
    }
    if (policy.signed_commits) {
        ORIGIN_TRY(commits, brought.commits(vouched.signed_commits));
        return commits ? check_signatures(store, move, policy, *commits, now)
                       : Objection(std::string(kTooMuch));
    }
    return Objection();
}

/// The trees that what the move changes in all is counted from.
Result<std::vector<Oid>> trees_before(const Move& move, const Facts& facts, const Oid& tip) {
    const git::ObjectStore& objects = *move.objects;
    std::vector<Oid> commits;
    if (const auto old = git::commit_at(objects, move.ref.old_id);
        old && !move.ref.old_id.is_zero()) {
        commits.push_back(*old);
    }
    const auto main =
        facts.default_tip ? git::commit_at(objects, *facts.default_tip) : std::nullopt;
    if (main) {
        commits.push_back(*main);
        ORIGIN_TRY(parted,
                   git::merge_bases(
                       [&](const Oid& oid) { return objects.commit_links(oid); }, *main, tip));
        commits.insert(commits.end(), parted.begin(), parted.end());
    }
    std::vector<Oid> trees;
    for (const Oid& commit : commits) {
        ORIGIN_TRY(links, objects.commit_links(commit));
        trees.push_back(links.tree);
    }
    return trees;
}

Result<Objection> check_files(const Move& move,
                              const Facts& facts,
                              const Oid& tip,
                              Brought& brought,
                              const std::vector<FileRule>& rules) {
    FileCheck files(*move.objects, rules, move.state);
    ORIGIN_TRY(commits, brought.commits(true));
    if (!commits) {
        return Objection(std::string(kTooMuch));
    }
    ORIGIN_TRY(said, files.check_each(*commits));
    if (said) {
        return said;
    }
    ORIGIN_TRY(before, trees_before(move, facts, tip));
    ORIGIN_TRY(links, move.objects->commit_links(tip));
    return files.check(before, links.tree);
}

/// What is demanded of the commits that the move brings.
Result<Objection> check_commits(store::Store& store,
                                const Move& move,
                                const Facts& facts,
                                const std::vector<FileRule>& rules,
                                UnixMillis now) {
    const auto tip = git::commit_at(*move.objects, move.ref.new_id);
    if (!tip) {
        return Objection("only commits can be checked here, and this is none");
    }
    Brought brought(move, facts, *tip);
    if (facts.policy) {
        Result<Objection> said = Objection();
        ORIGIN_CHECK(store.read([&](Reader& reader) -> Status {
            said = check_statuses(reader, *facts.policy, move.permit.project(), *tip);
            return {};
        }));
        if (!said || *said) {
            return said;
        }
        ORIGIN_TRY(history, check_history(store, move, facts, brought, now));
        if (history) {
            return history;
        }
    }
    return rules.empty() ? Objection() : check_files(move, facts, *tip, brought, rules);
}

}  // namespace

Result<std::optional<std::string>> PushRules::objection(const auth::Permit& permit,
                                                        const store::ProjectRow& project,
                                                        const git::RefMove& move,
                                                        const git::ObjectStoreRef& objects,
                                                        git::GateState& state) {
    if (move.name.str().starts_with(git::kHiddenPrefix)) {
        return Objection();  // The server's own.
    }
    const store::KeyLimits& limits = permit.identity().limits;
    if (Objection said = check_limits(limits, move)) {
        return said;
    }
    Facts facts;
    ORIGIN_CHECK(store_.read([&](Reader& reader) -> Status {
        ORIGIN_TRY(found, read_facts(reader, permit.project(), project, move));
        facts = std::move(found);
        return {};
    }));
    const auto& policy = facts.policy;
    if (policy) {
        if (Objection said = check_move(*policy, permit.identity().client, move)) {
            return said;
        }
    }
    const std::vector<FileRule> rules = file_rules(limits, policy);
    const bool demands_commits = policy && (policy->signed_commits || policy->linear);
    const bool demands_status = policy && !policy->statuses.empty();
    if (move.deletes() || (rules.empty() && !demands_commits && !demands_status)) {
        return Objection();
    }
    return check_commits(
        store_, {permit, project, move, objects, state}, facts, rules, clock_.now());
}

}  // namespace origin::hooks
