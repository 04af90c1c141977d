// SPDX-License-Identifier: Apache-2.0
#include "git/odb/delta_resolver.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <numeric>
#include <string>
#include <utility>

#include "git/odb/pack_text.h"
#include "git/odb/small_pack.h"
#include "git/odb/whole_zlib.h"

namespace origin::git {
namespace {

constexpr std::uint64_t kStepWorkBytes = kMiB;  // About 5 ms of inflating and hashing.

std::unexpected<Error> too_much(std::string_view reason, std::string what) {
    return std::unexpected(
        Error(Code::LimitExceeded, std::move(what)).because(std::string(reason)));
}

}  // namespace

/// What one thread at a time goes on with.
struct DeltaResolver::Lane {
    Lane(DeltaWalk::Parts parts, std::unique_ptr<Arrivals> arrivals)
        : own_arrivals(std::move(arrivals)), graph(parts.graph), walk(parts) {}

    /// Walks from root to root. Returns: false when there is nothing left for it.
    Result<bool> go_on() {
        const std::uint64_t enough = walk.work_bytes() + kStepWorkBytes;
        while (walk.work_bytes() < enough) {
            if (!walk.is_idle()) {
                ORIGIN_CHECK(walk.step());
                continue;
            }
            const auto root = graph.take_root();
            if (!root) {
                return false;
            }
            ORIGIN_CHECK(walk.begin(*root));
        }
        return true;
    }

    void go_on_and_note() {
        try {
            found = go_on();
        } catch (const std::exception& thrown) {
            found = std::unexpected(Error(Code::Internal, "The push failed.", thrown.what()));
        }
    }

    std::unique_ptr<Arrivals> own_arrivals;  // Null: the caller's.
    DeltaGraph& graph;
    DeltaWalk walk;
    Result<bool> found = true;  // Of its last turn.
};

/// One turn of all lanes. Who comes takes the next lane; nobody comes in after it was closed, so
/// that a thread which finds time too late touches nothing that is gone.
class DeltaResolver::Round {
public:
    explicit Round(std::vector<Lane*> lanes) : lanes_(std::move(lanes)) {}

    void take_one() {
        std::unique_lock lock(mutex_);
        if (is_closed_ || next_ == lanes_.size()) {
            return;
        }
        Lane& lane = *lanes_[next_++];
        ++inside_;
        lock.unlock();
        lane.go_on_and_note();
        lock.lock();
        if (--inside_ == 0) {
            left_.notify_all();
        }
    }

    /// Waits for those who are inside.
    void close() {
        std::unique_lock lock(mutex_);
        is_closed_ = true;
        left_.wait(lock, [this] { return inside_ == 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable left_;
    const std::vector<Lane*> lanes_;
    std::size_t next_ = 0;
    unsigned inside_ = 0;
    bool is_closed_ = false;
};

DeltaResolver::DeltaResolver(DeltaResolverParts parts)
    : parts_(std::move(parts)), graph_(parts_.pack, parts_.entries) {}

DeltaResolver::~DeltaResolver() = default;

void DeltaResolver::make_lanes() {
    const bool is_large = parts_.pack.size() > kSmallPackBytesMax;
    const unsigned count = is_large && parts_.side_work != nullptr
                               ? std::clamp(parts_.side_work->width(), 1U, kDeltaLanesMax)
                               : 1;
    for (unsigned i = 0; i < count; ++i) {
        auto own = i > 0 ? std::make_unique<Arrivals>(parts_.arrivals.beside()) : nullptr;
        Arrivals& arrivals = own != nullptr ? *own : parts_.arrivals;
        lanes_.push_back(
            std::make_unique<Lane>(DeltaWalk::Parts{.pack = parts_.pack,
                                                    .entries = parts_.entries,
                                                    .graph = graph_,
                                                    .arrivals = arrivals,
                                                    .base = parts_.base,
                                                    .scratch_dir = parts_.scratch_dir,
                                                    .limits = parts_.limits,
                                                    .bases_bytes_max = kDeltaCacheBytesMax / count},
                                   std::move(own)));
    }
}

bool DeltaResolver::is_resolved() const {
    std::uint32_t resolved = 0;
    for (const auto& lane : lanes_) {
        resolved += lane->walk.resolved();
    }
    return resolved == graph_.deltas();
}

Result<bool> DeltaResolver::step() {
    if (!is_linked_) {
        ORIGIN_CHECK(graph_.link());
        make_lanes();
        is_linked_ = true;
    } else if (has_roots_) {
        ORIGIN_CHECK(walk_roots());
    } else {
        ORIGIN_CHECK(walk_orphans());
    }
    ORIGIN_CHECK(count_work());
    const bool done = is_resolved();
    if (done && has_roots_) {
        end_roots();
    }
    return done;
}

/// Those that are in the middle of a root first: they are done even if nobody has time to help.
std::vector<DeltaResolver::Lane*> DeltaResolver::lanes_with_work() const {
    std::vector<Lane*> lanes;
    for (const auto& lane : lanes_) {
        if (lane->found && *lane->found) {
            lanes.push_back(lane.get());
        }
    }
    std::ranges::partition(lanes, [](const Lane* lane) { return !lane->walk.is_idle(); });
    return lanes;
}

Status DeltaResolver::walk_roots() {
    const std::vector<Lane*> lanes = lanes_with_work();
    const auto round = std::make_shared<Round>(lanes);
    for (std::size_t others = 1; others < lanes.size(); ++others) {
        if (!parts_.side_work->offer([round] { round->take_one(); })) {
            break;
        }
    }
    round->take_one();
    round->close();
    for (const auto& lane : lanes_) {
        ORIGIN_CHECK(lane->found);
    }
    if (std::ranges::none_of(lanes_, [](const auto& lane) { return *lane->found; })) {
        end_roots();
    }
    return {};
}

void DeltaResolver::end_roots() {
    for (const auto& lane : lanes_) {
        if (lane->own_arrivals != nullptr) {
            parts_.arrivals.add_all_of(std::move(*lane->own_arrivals));
        }
    }
    has_roots_ = false;
}

/// Deltas on objects that are not in the pack.
Status DeltaResolver::walk_orphans() {
    DeltaWalk& walk = lanes_.front()->walk;
    const std::uint64_t enough = walk.work_bytes() + kStepWorkBytes;
    while (walk.work_bytes() < enough && !is_resolved()) {
        ORIGIN_CHECK(walk.is_idle() ? take_missing_base() : walk.step());
    }
    return {};
}

/// Thin packs: takes the next base from the project's own objects.
Status DeltaResolver::take_missing_base() {
    while (const auto orphan = graph_.next_orphan(orphan_at_)) {
        auto object = parts_.base != nullptr ? parts_.base->read(orphan->base)
                                             : std::unexpected(Error(Code::NotFound, "no objects"));
        if (object) {
            return add_base(orphan->base, std::move(*object));
        }
        if (object.error().code() != Code::NotFound) {
            return std::unexpected(std::move(object).error());
        }
        // Perhaps it is itself a delta whose base is added later.
    }
    // What is left hangs on ids that nobody has, or on itself.
    std::size_t from_the_first = 0;
    const auto orphan = graph_.next_orphan(from_the_first);
    return std::unexpected(Error(Code::InvalidInput,
                                 orphan ? "a delta's base " + orphan->base.hex() + " is missing"
                                        : "a delta's base is missing")
                               .because("missing_delta_base"));
}

Status DeltaResolver::add_base(const Oid& oid, Object object) {
    constexpr int kFastest = 1;
    if (bases_added_ == 0) {
        ORIGIN_CHECK(parts_.file.rewind_to(parts_.pack.size() - kOidBytes));
    }
    std::string packed;
    put_entry_header(packed, static_cast<EntryKind>(object.type), object.data.size());
    packed += deflate_all(object.data, kFastest);
    if (parts_.file.size() + packed.size() > parts_.limits.pack_bytes_max ||
        parts_.entries.size() >= parts_.limits.objects_max) {
        return too_much("pack_bytes", "the pack with the bases it needs is too large");
    }
    const auto number = static_cast<std::uint32_t>(parts_.entries.size());
    parts_.entries.push_back({.offset = parts_.file.size(),
                              .crc = crc32_of(packed),
                              .oid = oid,
                              .kind = static_cast<EntryKind>(object.type),
                              .is_added = true});
    ++bases_added_;
    ORIGIN_CHECK(parts_.file.append(bytes_of(packed)));
    ORIGIN_CHECK(parts_.arrivals.add_work(object.data.size(), parts_.pack.size()));
    ORIGIN_TRY(data, Scratch::make(parts_.scratch_dir, object.data.size()));
    std::ranges::copy(object.data, data.bytes().begin());
    return lanes_.front()->walk.begin(number, std::move(data));
}

/// What all lanes have done since the last time.
Status DeltaResolver::count_work() {
    const std::uint64_t work = std::accumulate(
        lanes_.begin(), lanes_.end(), std::uint64_t{0}, [](std::uint64_t sum, const auto& lane) {
            return sum + lane->walk.work_bytes();
        });
    const std::uint64_t before = std::exchange(work_counted_, work);
    return parts_.arrivals.add_work(work - before, parts_.pack.size());
}

}  // namespace origin::git
