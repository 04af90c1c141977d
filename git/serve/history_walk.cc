// SPDX-License-Identifier: Apache-2.0
#include "git/serve/history_walk.h"

namespace origin::git {

std::optional<Oid> commit_at(const ObjectStore& objects, const Oid& oid) {
    const auto peeled = objects.peel(oid);
    if (!peeled) {
        return std::nullopt;
    }
    const auto header = objects.header(*peeled);
    return header && header->type == ObjectType::Commit ? std::optional(*peeled) : std::nullopt;
}

Status HistoryWalk::add(const Oid& commit, bool wanted) {
    auto [place, is_new] = seen_.try_emplace(commit);
    Seen& seen = place->second;
    if (is_new) {
        ORIGIN_TRY(links, objects_->commit_links(commit));
        seen.links = std::move(links);
    }
    const bool was_pure_want = seen.wanted && !seen.had;
    const bool news = wanted ? !seen.wanted : !seen.had;
    (wanted ? seen.wanted : seen.had) = true;
    if (!news) {
        return {};
    }
    if (seen.visited) {
        // Reached by a have only now: its ancestors have to hear of it as well.
        if (!wanted && !seen.visited_as_had) {
            queue_.push({seen.links.committed_seconds, commit});
            seen.visited = false;
        }
        return {};
    }
    const bool is_pure_want = seen.wanted && !seen.had;
    if (is_new) {
        queue_.push({seen.links.committed_seconds, commit});
    }
    if (is_pure_want && !was_pure_want) {
        ++wanted_in_queue_;
    } else if (!is_pure_want && was_pure_want) {
        --wanted_in_queue_;
    }
    return {};
}

Status HistoryWalk::visit(const Oid& oid) {
    Seen& seen = seen_.at(oid);
    const bool had = seen.had;
    seen.visited = true;
    seen.visited_as_had = had;
    if (!had) {
        --wanted_in_queue_;
        order_.push_back(oid);
    }
    if ((had ? cuts_.had : cuts_.sent).contains(oid)) {
        return {};
    }
    const std::vector<Oid> parents = seen.links.parents;  // add() may move `seen`.
    for (const Oid& parent : parents) {
        if (had && !objects_->contains(parent)) {
            continue;
        }
        ORIGIN_CHECK(add(parent, !had));
    }
    return {};
}

Result<bool> HistoryWalk::step(std::size_t commits) {
    for (std::size_t n = 0; n < commits; ++n) {
        if (queue_.empty() || wanted_in_queue_ == 0) {
            return true;
        }
        const Oid oid = queue_.top().oid;
        queue_.pop();
        if (!seen_.at(oid).visited) {
            ORIGIN_CHECK(visit(oid));
        }
    }
    return false;
}

std::vector<SendCommit> HistoryWalk::take_commits() {
    std::vector<SendCommit> commits;
    commits.reserve(order_.size());
    for (const Oid& oid : order_) {
        Seen& seen = seen_.at(oid);
        if (seen.had) {
            continue;
        }
        if (cuts_.sent.contains(oid)) {
            seen.links.parents.clear();
        }
        commits.push_back({oid, seen.links.tree, std::move(seen.links.parents)});
    }
    order_.clear();
    return commits;
}

std::unordered_map<Oid, Oid, OidHash> HistoryWalk::client_trees() const {
    std::unordered_map<Oid, Oid, OidHash> trees;
    for (const auto& [oid, seen] : seen_) {
        if (seen.had) {
            trees.emplace(oid, seen.links.tree);
        }
    }
    return trees;
}

}  // namespace origin::git
