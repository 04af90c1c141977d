// SPDX-License-Identifier: Apache-2.0
#include "hooks/new_commits.h"

#include <algorithm>
#include <set>

#include "base/glob.h"
#include "base/utf8.h"
#include "git/odb/tree_changes.h"
#include "hooks/push_rules.h"

namespace origin::hooks {
namespace {

bool any_matches(const std::vector<std::string>& patterns, std::string_view path) {
    return std::ranges::any_of(
        patterns, [&](const std::string& pattern) { return glob_matches(pattern, path); });
}

std::string in_quotes(std::string_view path) {
    return "'" + printable(path) + "'";
}

/// Judges files as they are met, for one rule.
class FileJudge {
public:
    explicit FileJudge(const FileRule& rule) : rule_(rule) {}

    /// Errors: NotFound, Corrupt.
    Result<Objection> judge(const git::ObjectStore& objects, const git::FileChange& change) {
        for (const std::string& pattern : rule_.deny) {
            if (glob_matches(pattern, change.path)) {
                return Objection(rule_.owner + " may not change " + in_quotes(change.path) +
                                 " (paths.deny '" + pattern + "')");
            }
        }
        if (!rule_.allow.empty() && !any_matches(rule_.allow, change.path)) {
            return Objection(rule_.owner + " may not change " + in_quotes(change.path) +
                             " (not in paths.allow)");
        }
        if (rule_.files != 0 && paths_.insert(change.path).second && paths_.size() > rule_.files) {
            return Objection(rule_.owner + " allows " + std::to_string(rule_.files) +
                             " changed files in one push; this one has more");
        }
        const bool is_blob = !change.oid.is_zero() && change.mode != git::kModeGitlink;
        if (rule_.file_bytes != 0 && is_blob) {
            ORIGIN_TRY(header, objects.header(change.oid));
            if (header.size > rule_.file_bytes) {
                return Objection(in_quotes(change.path) + " has " + std::to_string(header.size) +
                                 " bytes; " + rule_.owner + " allows " +
                                 std::to_string(rule_.file_bytes));
            }
        }
        return Objection();
    }

private:
    const FileRule& rule_;
    std::set<std::string> paths_;
};

/// The trees of a commit's parents.
Result<std::vector<Oid>> parent_trees(const git::ObjectStore& objects,
                                      const git::SendCommit& commit) {
    std::vector<Oid> trees;
    for (const Oid& parent : commit.parents) {
        ORIGIN_TRY(links, objects.commit_links(parent));
        trees.push_back(links.tree);
    }
    return trees;
}

}  // namespace

Result<std::optional<std::vector<git::SendCommit>>> new_commits(const git::ObjectStoreRef& objects,
                                                                const Oid& tip,
                                                                const std::vector<Oid>& known) {
    using Commits = std::vector<git::SendCommit>;
    git::HistoryWalk walk(objects, {});
    ORIGIN_CHECK(walk.add_want(tip));
    for (const Oid& commit : known) {
        ORIGIN_CHECK(walk.add_have(commit));
    }
    ORIGIN_TRY(over, walk.step(kCheckedCommitsMax));
    return over ? std::optional<Commits>(walk.take_commits()) : std::nullopt;
}

Result<Objection> check_files(const git::ObjectStore& objects,
                              const std::vector<git::SendCommit>& commits,
                              const std::vector<FileRule>& rules) {
    std::vector<FileJudge> judges(rules.begin(), rules.end());
    for (const git::SendCommit& commit : commits) {
        ORIGIN_TRY(bases, parent_trees(objects, commit));
        Result<Objection> said = Objection();
        const Status walked =
            git::tree_changes(objects, bases, commit.tree, [&](const git::FileChange& change) {
                for (FileJudge& judge : judges) {
                    said = judge.judge(objects, change);
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
        if (!said || *said) {
            if (said) {
                **said += ", in commit " + commit.oid.hex().substr(0, 12);
            }
            return said;
        }
    }
    return Objection();
}

}  // namespace origin::hooks
