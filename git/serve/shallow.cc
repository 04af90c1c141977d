// SPDX-License-Identifier: Apache-2.0
#include "git/serve/shallow.h"

#include <deque>

namespace origin::git {
namespace {

struct Reached {
    Oid oid;
    std::uint32_t distance;
};

/// Everything reachable from `tips`.
Result<OidSet> closure(const ObjectStore& objects, const std::vector<Oid>& tips) {
    OidSet seen(tips.begin(), tips.end());
    std::vector<Oid> open = tips;
    while (!open.empty()) {
        const Oid oid = open.back();
        open.pop_back();
        ORIGIN_TRY(links, objects.commit_links(oid));
        for (const Oid& parent : links.parents) {
            if (seen.insert(parent).second) {
                open.push_back(parent);
            }
        }
    }
    return seen;
}

/// The distance of each client cut from the wants, for deepen-relative: depth counts from there.
class Keeper {
public:
    Keeper(const FetchRequest& request, OidSet excluded)
        : request_(request), excluded_(std::move(excluded)) {}

    bool keeps(const Oid& oid, const CommitLinks& links, std::uint32_t distance) const {
        if (request_.depth != 0 && distance >= request_.depth) {
            return false;
        }
        if (request_.deepen_since && links.committed_seconds < *request_.deepen_since) {
            return false;
        }
        return !excluded_.contains(oid);
    }

private:
    const FetchRequest& request_;
    OidSet excluded_;
};

/// Breadth first, so that a commit is met at its least distance.
Result<OidSet> kept_commits(const ObjectStore& objects,
                            const std::vector<Oid>& starts,
                            const Keeper& keeper) {
    OidSet kept;
    OidSet met(starts.begin(), starts.end());
    std::deque<Reached> open;
    for (const Oid& start : starts) {
        open.push_back({start, 0});
    }
    while (!open.empty()) {
        const Reached next = open.front();
        open.pop_front();
        ORIGIN_TRY(links, objects.commit_links(next.oid));
        if (!keeper.keeps(next.oid, links, next.distance)) {
            continue;
        }
        kept.insert(next.oid);
        for (const Oid& parent : links.parents) {
            if (met.insert(parent).second) {
                open.push_back({parent, next.distance + 1});
            }
        }
    }
    return kept;
}

}  // namespace

Result<ShallowPlan> plan_shallow(const ObjectStore& objects,
                                 const FetchRequest& request,
                                 const std::vector<Oid>& wants,
                                 const std::vector<Oid>& excluded) {
    ShallowPlan plan;
    const OidSet client_cut(request.shallows.begin(), request.shallows.end());
    if (!request.deepens()) {
        plan.cut = client_cut;
        return plan;
    }
    ORIGIN_TRY(hidden, closure(objects, excluded));
    std::vector<Oid> starts = wants;
    if (request.deepen_relative && !client_cut.empty()) {
        // Count from where the client's history ends; its cuts themselves are at distance 0, kept.
        starts.clear();
        for (const Oid& oid : client_cut) {
            ORIGIN_TRY(links, objects.commit_links(oid));
            starts.insert(starts.end(), links.parents.begin(), links.parents.end());
        }
    }
    ORIGIN_TRY(kept, kept_commits(objects, starts, Keeper(request, std::move(hidden))));
    if (request.deepen_relative && !client_cut.empty()) {
        kept.insert(client_cut.begin(), client_cut.end());
    }
    for (const Oid& oid : kept) {
        ORIGIN_TRY(links, objects.commit_links(oid));
        bool loses_a_parent = false;
        for (const Oid& parent : links.parents) {
            loses_a_parent = loses_a_parent || !kept.contains(parent);
        }
        if (loses_a_parent) {
            plan.cut.insert(oid);
            if (!client_cut.contains(oid)) {
                plan.change.shallow.push_back(oid);
            }
        } else if (client_cut.contains(oid)) {
            plan.change.unshallow.push_back(oid);
            plan.uncut.insert(oid);
        }
    }
    // Cuts of the client outside what is kept now stay as they are.
    for (const Oid& oid : client_cut) {
        if (!kept.contains(oid)) {
            plan.cut.insert(oid);
        }
    }
    return plan;
}

}  // namespace origin::git
