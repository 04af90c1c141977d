// SPDX-License-Identifier: Apache-2.0
#include "hooks/new_commits.h"

#include <algorithm>

#include "base/glob.h"
#include "base/utf8.h"
#include "crypto/hash.h"
#include "git/odb/tree_changes.h"

namespace origin::hooks {
namespace {

constexpr std::size_t kVisitedAtOnce = 64;

/// `docs/*` denies `docs` too if that is no folder: a link or a submodule would stand in for it.
bool is_denied(std::string_view pattern, std::string_view path) {
    if (glob_matches(pattern, path)) {
        return true;
    }
    while (pattern.ends_with('*')) {
        pattern.remove_suffix(1);
    }
    return pattern.ends_with('/') && glob_matches(pattern.substr(0, pattern.size() - 1), path);
}

bool any_matches(const std::vector<std::string>& patterns, std::string_view path) {
    return std::ranges::any_of(
        patterns, [&](const std::string& pattern) { return glob_matches(pattern, path); });
}

std::string in_quotes(std::string_view path) {
    return "'" + printable(path) + "'";
}

}  // namespace

Result<std::optional<Commits>> new_commits(const git::ObjectStoreRef& objects,
                                           const Oid& tip,
                                           const std::vector<Oid>& known,
                                           git::GateState& state) {
    git::HistoryWalk walk(objects, {});
    ORIGIN_CHECK(walk.add_want(tip));
    for (const Oid& commit : known) {
        ORIGIN_CHECK(walk.add_have(commit));
    }
    while (state.commits >= kVisitedAtOnce) {
        state.commits -= kVisitedAtOnce;
        ORIGIN_TRY(over, walk.step(kVisitedAtOnce));
        if (over) {
            return std::optional(walk.take_commits());
        }
    }
    return std::optional<Commits>();
}

Result<Objection> FileCheck::judge(const FileRule& rule, const git::FileChange& change) {
    for (const std::string& pattern : rule.deny) {
        if (is_denied(pattern, change.path)) {
            return Objection(rule.owner + " may not change " + in_quotes(change.path) +
                             " (paths.deny '" + pattern + "')");
        }
    }
    if (!rule.allow.empty() && !any_matches(rule.allow, change.path)) {
        return Objection(rule.owner + " may not change " + in_quotes(change.path) +
                         " (not in paths.allow)");
    }
    if (rule.files != 0) {
        std::set<std::string>& changed = state_.changed[rule.owner];
        changed.insert(crypto::sha256(change.path));
        if (changed.size() > rule.files) {
            return Objection(rule.owner + " allows " + std::to_string(rule.files) +
                             " changed files in one push; this one has more");
        }
    }
    if (rule.file_bytes != 0 && !change.oid.is_zero() && change.mode != git::kModeGitlink) {
        ORIGIN_TRY(header, objects_.header(change.oid));
        if (header.size > rule.file_bytes) {
            return Objection(in_quotes(change.path) + " has " + std::to_string(header.size) +
                             " bytes; " + rule.owner + " allows " +
                             std::to_string(rule.file_bytes));
        }
    }
    return Objection();
}

Result<Objection> FileCheck::check(const std::vector<Oid>& bases, const Oid& tree) {
    Result<Objection> said = Objection();
    const Status walked = git::tree_changes(
        objects_, bases, tree, state_.changes, [&](const git::FileChange& change) {
            for (const FileRule& rule : rules_) {
                said = judge(rule, change);
                if (!said || *said) {
                    return false;
                }
            }
            return true;
        });
    if (!walked && walked.error().reason() == "too_many_changes") {
        return Objection(walked.error().told_to_peer());
    }
    ORIGIN_CHECK(walked);
    return said;
}

Result<Objection> FileCheck::check_each(const Commits& commits) {
    for (const git::SendCommit& commit : commits) {
        std::vector<Oid> bases;
        for (const Oid& parent : commit.parents) {
            ORIGIN_TRY(links, objects_.commit_links(parent));
            bases.push_back(links.tree);
        }
        ORIGIN_TRY(said, check(bases, commit.tree));
        if (said) {
            return Objection(*said + ", in commit " + commit.oid.hex().substr(0, 12));
        }
    }
    return Objection();
}

}  // namespace origin::hooks
