// SPDX-License-Identifier: Apache-2.0
#include "git/odb/history.h"

#include <algorithm>
#include <queue>
#include <unordered_map>
#include <utility>

namespace origin::git {
namespace {

constexpr unsigned kOfA = 1;       // Reachable from the first commit.
constexpr unsigned kOfB = 2;       // Reachable from the second.
constexpr unsigned kStale = 4;     // Below a common ancestor: of no interest any more.
constexpr unsigned kIsResult = 8;  // Found as a common ancestor.

/// Walks both histories, newest commits first, until all that is left to visit is stale.
class Painter {
public:
    explicit Painter(const ReadCommitLinks& read) : read_(read) {}

    Result<std::vector<Oid>> common(const Oid& a, const Oid& b) {
        if (a == b) {
            return std::vector{a};
        }
        ORIGIN_CHECK(paint(a, kOfA));
        ORIGIN_CHECK(paint(b, kOfB));
        while (fresh_in_queue_ > 0) {
            ORIGIN_CHECK(visit());
        }
        std::erase_if(results_,
                      [this](const Oid& oid) { return (seen_[oid].paint & kStale) != 0; });
        return results_;
    }

private:
    struct Seen {
        unsigned paint = 0;
        unsigned queued = 0;  // How often it waits in the queue.
        CommitLinks links;
    };
    struct Waiting {
        std::int64_t seconds;
        Oid oid;
        bool operator<(const Waiting& other) const { return seconds < other.seconds; }
    };

    Status paint(const Oid& oid, unsigned colours) {
        auto [at, is_new] = seen_.try_emplace(oid);
        Seen& seen = at->second;
        if (is_new) {
            ORIGIN_TRY(links, read_(oid));
            seen.links = std::move(links);
        }
        if ((seen.paint & colours) == colours) {
            return {};
        }
        const bool was_fresh = seen.queued > 0 && (seen.paint & kStale) == 0;
        fresh_in_queue_ -= was_fresh ? seen.queued : 0;
        seen.paint |= colours;
        ++seen.queued;
        fresh_in_queue_ += (seen.paint & kStale) == 0 ? seen.queued : 0;
        queue_.push({.seconds = seen.links.committed_seconds, .oid = oid});
        return {};
    }

    Status visit() {
        const Oid oid = queue_.top().oid;
        queue_.pop();
        Seen& seen = seen_[oid];
        --seen.queued;
        fresh_in_queue_ -= (seen.paint & kStale) == 0 ? 1 : 0;
        unsigned colours = seen.paint & (kOfA | kOfB | kStale);
        if (colours == (kOfA | kOfB)) {
            if ((seen.paint & kIsResult) == 0) {
                seen.paint |= kIsResult;
                results_.push_back(oid);
            }
            colours |= kStale;
        }
        for (const Oid& parent : seen.links.parents) {  // A map's rows stay where they are.
            ORIGIN_CHECK(paint(parent, colours));
        }
        return {};
    }

    const ReadCommitLinks& read_;
    std::unordered_map<Oid, Seen, OidHash> seen_;
    std::priority_queue<Waiting> queue_;
    std::size_t fresh_in_queue_ = 0;
    std::vector<Oid> results_;
};

Result<bool> is_below_another(const ReadCommitLinks& read,
                              const Oid& candidate,
                              const std::vector<Oid>& found) {
    for (const Oid& other : found) {
        if (other == candidate) {
            continue;
        }
        ORIGIN_TRY(is_below, is_ancestor(read, candidate, other));
        if (is_below) {
            return true;
        }
    }
    return false;
}

}  // namespace

Result<std::vector<Oid>> merge_bases(const ReadCommitLinks& read, const Oid& a, const Oid& b) {
    ORIGIN_TRY(found, Painter(read).common(a, b));
    if (found.size() < 2) {
        return found;
    }
    // Clocks that run backwards let an ancestor of a better answer through.
    std::vector<Oid> best;
    for (const Oid& candidate : found) {
        ORIGIN_TRY(is_below, is_below_another(read, candidate, found));
        if (!is_below) {
            best.push_back(candidate);
        }
    }
    return best;
}

Result<bool> is_ancestor(const ReadCommitLinks& read, const Oid& ancestor, const Oid& descendant) {
    ORIGIN_TRY(found, Painter(read).common(ancestor, descendant));
    return std::ranges::find(found, ancestor) != found.end();
}

}  // namespace origin::git
