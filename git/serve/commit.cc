// SPDX-License-Identifier: Apache-2.0
#include "git/serve/commit.h"

#include "base/assert.h"
#include "git/odb/history.h"
#include "git/serve/refs.h"

namespace origin::git {
namespace {

std::string default_message(const MergeWish& wish) {
    return "Merge " + (Oid::from_hex(wish.source) ? "commit '" : std::string("branch '")) +
           wish.source + "'";
}

/// The base for a three-way merge. Several (after criss-cross merges): the first, as a two-step
/// merge of bases would only change which conflicts are reported.
Result<std::optional<Oid>> base_tree(Draft& draft, const Oid& ours, const Oid& theirs) {
    ORIGIN_TRY(bases, draft.repository().merge_bases(ours, theirs));
    if (bases.empty()) {
        return std::unexpected(Error(Code::Conflict, "the two histories have no commit in common")
                                   .because("unrelated_histories"));
    }
    ORIGIN_TRY(tree, draft.tree_of(bases.front()));
    return std::optional(tree);
}

/// Works out the merge: fills `merged` and adds the merge commit to the draft if one is needed.
Status work_out(
    Draft& draft, const MergeWish& wish, const Ident& who, const Oid& source, Merged& merged) {
    ORIGIN_TRY(contained, draft.repository().is_ancestor(source, merged.old_target));
    if (contained) {
        merged.commit = merged.old_target;
        return {};
    }
    ORIGIN_TRY(ahead, draft.repository().is_ancestor(merged.old_target, source));
    if (ahead) {
        merged.result = MergeResult::FastForward;
        merged.commit = source;
        return {};
    }
    ORIGIN_TRY(base, base_tree(draft, merged.old_target, source));
    ORIGIN_TRY(ours, draft.tree_of(merged.old_target));
    ORIGIN_TRY(theirs, draft.tree_of(source));
    ORIGIN_TRY(outcome, draft.repository().merge_trees(base, ours, theirs));
    if (!outcome.tree) {
        merged.result = MergeResult::Conflicted;
        merged.conflicts = std::move(outcome.conflicts);
        return {};
    }
    merged.result = MergeResult::MergeCommit;
    ORIGIN_TRY(
        commit,
        draft.add_commit({.tree = *outcome.tree,
                          .parents = {merged.old_target, source},
                          .author = who,
                          .committer = who,
                          .encoding = {},
                          .message = wish.message.empty() ? default_message(wish) : wish.message}));
    merged.commit = commit;
    return {};
}

}  // namespace

Result<std::unique_ptr<Draft>> Draft::open(PushService& pushes,
                                           const auth::Permit& permit,
                                           const std::vector<std::string>& refs) {
    ObjectStoreRef objects;
    std::map<std::string, Oid> tips;
    ORIGIN_CHECK(pushes.store().read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(opened, pushes.storage().open(reader, permit.project()));
        objects = opened;
        for (const std::string& ref : refs) {
            ORIGIN_TRY(row, find_ref(reader, permit.project(), ref));
            tips[ref] = row ? row->oid : Oid{};
        }
        return {};
    }));
    struct Opener : Draft {
        Opener(PushService& p, const auth::Permit& w, ObjectStoreRef o)
            : Draft(p, w, std::move(o)) {}
    };
    auto draft = std::make_unique<Opener>(pushes, permit, objects);
    draft->tips_ = std::move(tips);
    return draft;
}

Oid Draft::tip(const std::string& ref) const {
    const auto found = tips_.find(ref);
    ORIGIN_ASSERT(found != tips_.end());  // open() was not told of it.
    return found->second;
}

Result<Oid> Draft::tree_of(const Oid& commit) const {
    ORIGIN_TRY(object, builder_.read(commit));
    if (object.type != ObjectType::Commit) {
        return std::unexpected(Error(Code::InvalidInput, commit.hex() + " is not a commit"));
    }
    ORIGIN_TRY(links, parse_commit_links(object.data));
    return links.tree;
}

Result<Oid> Draft::add_commit(const Commit& commit) {
    return builder_.add(ObjectType::Commit, serialize(commit));
}

Result<PushOutcome> Draft::push(ProposedPush proposal) {
    ORIGIN_TRY(built, builder_.write(pushes_.storage().quarantine(permit_.project())));
    ORIGIN_TRY(objects, NewObjects::from(built, objects_));
    proposal.objects = std::move(objects);
    return pushes_.push(permit_, proposal);
}

Ident ident_of(const auth::Identity& identity, UnixMillis now) {
    return {identity.name, identity.email, now / 1000, 0};
}

Ident server_ident(UnixMillis now) {
    return {"origind", "noreply@origind.invalid", now / 1000, 0};
}

std::string_view name_of(MergeResult result) {
    switch (result) {
        case MergeResult::AlreadyMerged:
            return "already_merged";
        case MergeResult::FastForward:
            return "fast_forward";
        case MergeResult::MergeCommit:
            return "merge_commit";
        case MergeResult::Conflicted:
            return "conflicted";
    }
    return "conflicted";
}

Status need_all_ok(const PushOutcome& outcome) {
    if (outcome.refusal) {
        return std::unexpected(*outcome.refusal);
    }
    for (const store::RefOutcome& ref : outcome.refs) {
        if (!ref.ok) {
            const bool stale = ref.reason.starts_with("stale info");
            return std::unexpected(
                Error(Code::Conflict,
                      stale ? ref.name + " moved meanwhile; read it again and retry"
                            : ref.name + ": " + ref.reason)
                    .because(stale ? "head_moved" : "push_refused"));
        }
    }
    return {};
}

Result<Merged> merge(PushService& pushes,
                     const auth::Permit& permit,
                     const MergeWish& wish,
                     std::function<Status(store::Writer&, const Merged&)> also) {
    std::optional<Oid> source;
    ORIGIN_CHECK(pushes.store().read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(found, resolve_name(reader, permit.project(), wish.source));
        source = found;
        return {};
    }));
    ORIGIN_TRY(draft, Draft::open(pushes, permit, {wish.target}));
    Merged merged;
    const Oid old_target = draft->tip(wish.target);
    merged.old_target = old_target;
    if (!source || old_target.is_zero() || !draft->objects()->contains(*source)) {
        return std::unexpected(
            Error(Code::NotFound, "no such branch or commit to merge").because("ref_not_found"));
    }
    if (wish.expected_target && *wish.expected_target != old_target) {
        return std::unexpected(Error(Code::Conflict, "the target branch is at " + old_target.hex())
                                   .because("head_moved"));
    }
    const Ident who = ident_of(permit.identity(), pushes.clock().now());
    ORIGIN_CHECK(work_out(*draft, wish, who, *source, merged));
    const bool moves =
        merged.result == MergeResult::FastForward || merged.result == MergeResult::MergeCommit;
    if (wish.preview || !moves) {
        return merged;
    }
    ProposedPush proposal{.via = "api", .refs = {{wish.target, old_target, merged.commit}}};
    if (also) {
        proposal.also = [&](store::Writer& writer, const PushOutcome& outcome) {
            merged.push = outcome;
            return also(writer, merged);
        };
    }
    ORIGIN_TRY(pushed, draft->push(std::move(proposal)));
    ORIGIN_CHECK(need_all_ok(pushed));
    merged.push = pushed;
    return merged;
}

}  // namespace origin::git
