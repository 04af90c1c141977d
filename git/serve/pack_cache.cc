// SPDX-License-Identifier: Apache-2.0
#include "git/serve/pack_cache.h"

#include <algorithm>
#include <utility>

namespace origin::git {
namespace {

constexpr std::size_t kEntryBytes = 256;  // About what an entry takes besides its key and pack.

/// Each list begins with its length, so that no two questions give one key.
void append_count(std::string& key, std::uint64_t count) {
    key += std::to_string(count) + ';';
}

/// As a set: the walk does not care for order or repetition.
void append_oids(std::string& key, std::vector<Oid> oids) {
    std::ranges::sort(oids);
    const auto repeated = std::ranges::unique(oids);
    oids.erase(repeated.begin(), repeated.end());
    append_count(key, oids.size());
    for (const Oid& oid : oids) {
        key += oid.view();
    }
}

/// A tag joins the pack if what it points to is sent.
std::vector<Oid> following_tags(const PackQuestion& question) {
    std::vector<Oid> oids;
    if (question.request.include_tag) {
        for (const AdvertisedRef& ref : question.refs.refs) {
            if (ref.peeled) {
                oids.push_back(ref.oid);
            }
        }
    }
    return oids;
}

}  // namespace

std::optional<std::string> pack_key_of(const PackQuestion& question) {
    const FetchRequest& request = question.request;
    const ShallowPlan& shallow = question.shallow;
    // `request` of v0 was taken before its haves came: `common` is what counts.
    const bool has_something = !question.common.empty() || !request.haves.empty() ||
                               !request.shallows.empty() || !shallow.uncut.empty();
    if (has_something || !request.filter.empty()) {
        return std::nullopt;
    }
    const std::vector<Oid> tags = following_tags(question);
    if (request.wants.size() + shallow.cut.size() + tags.size() > kKeptPackOidsMax) {
        return std::nullopt;
    }
    std::string key(question.project.view());
    append_count(key, question.gc_generation);
    key += request.ofs_delta ? 'o' : '-';
    append_oids(key, request.wants);
    append_oids(key, {shallow.cut.begin(), shallow.cut.end()});
    append_oids(key, tags);
    return key;
}

PackCache::PackCache(Metrics& metrics, std::size_t bytes_max)
    : bytes_max_(bytes_max),
      hits_(metrics.counter("fetch_kept_packs_total{result=\"hit\"}")),
      misses_(metrics.counter("fetch_kept_packs_total{result=\"miss\"}")) {}

std::size_t PackCache::Entry::bytes() const {
    return kEntryBytes + key.size() + pack->bytes.size();
}

std::shared_ptr<const KeptPack> PackCache::find(std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto found = index_.find(key);
    if (found == index_.end()) {
        misses_.add();
        return nullptr;
    }
    hits_.add();
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->pack;
}

void PackCache::put(std::string key, KeptPack pack) {
    if (pack.bytes.size() > kKeptPackBytesMax) {
        return;
    }
    pack.bytes.shrink_to_fit();  // Its capacity is what it costs.
    Entry entry{std::move(key), std::make_shared<const KeptPack>(std::move(pack))};
    const std::size_t needed = entry.bytes();
    Entries dropped;  // Freed when the mutex is free again.
    const std::lock_guard lock(mutex_);
    if (needed > bytes_max_ || index_.contains(entry.key)) {
        return;  // Two clones at once make the same pack twice: either will do.
    }
    while (bytes_ + needed > bytes_max_) {
        bytes_ -= entries_.back().bytes();
        index_.erase(entries_.back().key);
        dropped.splice(dropped.begin(), entries_, std::prev(entries_.end()));
    }
    bytes_ += needed;
    entries_.push_front(std::move(entry));
    index_.emplace(entries_.front().key, entries_.begin());
}

std::size_t PackCache::bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
}

}  // namespace origin::git
