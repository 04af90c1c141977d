// SPDX-License-Identifier: Apache-2.0
// git/serve/fetch: one fetch after it was parsed: which haves are common, what to send, the pack.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "git/odb/pack_stream.h"
#include "git/serve/history_walk.h"
#include "git/serve/object_walk.h"
#include "git/serve/pack_cache.h"
#include "git/serve/refs.h"
#include "git/serve/shallow.h"
#include "git/serve/upload_pack.h"

namespace origin::git {

/// A project as one fetch sees it.
struct FetchView {
    ObjectStoreRef objects;
    RefsSnapshot refs;
    ProjectId project = {};
    PackCache* packs = nullptr;  // Lives longer than the fetch. Null: no pack is kept.
};

/// Errors: InvalidInput (`not_our_ref`): an id that no shown ref reaches; the text names it.
Status check_wants(const FetchView& view, const std::vector<Oid>& wants);

/// Does every wanted commit reach some commit of `common`? git's ok_to_give_up.
Result<bool> enough_in_common(const ObjectStore& objects,
                              const std::vector<Oid>& wants,
                              const std::vector<Oid>& common);

/// Sends what was prepared, then the pack in bands, then (v2 or bands) the flush. A pack that was
/// kept is sent in one step.
class PackAnswer final : public Answer {
public:
    /// `head`: bytes to send first. `request` is the whole parsed fetch, and its wants are shown;
    /// `common` its known haves.
    PackAnswer(FetchView view,
               FetchRequest request,
               std::vector<Oid> common,
               ShallowPlan shallow,
               std::string head);

    Result<Progress> step(std::string& out) override;

private:
    enum class Phase : std::uint8_t { Begin, Commits, Objects, Pack, End };

    Result<Progress> begin(std::string& out);
    Status begin_commits();
    Status add_want(const Oid& want);
    Status step_commits();
    Status step_objects(std::string& out);
    Result<Progress> step_pack(std::string& out);
    bool send_kept(std::string& out);
    void end(std::string& out, std::uint32_t objects, std::uint64_t bytes);
    Status begin_objects();
    Status begin_pack(std::string& out);
    Status add_tags();
    void say(std::string& out, const std::string& line) const;

    FetchView view_;
    FetchRequest request_;
    std::vector<Oid> common_;
    ShallowPlan shallow_;
    std::string head_;
    std::optional<std::string> kept_key_;  // Of the pack, if it may be kept.
    Phase phase_ = Phase::Begin;
    std::optional<HistoryWalk> commits_;
    std::optional<ObjectWalk> objects_;
    std::optional<PackStream> pack_;
    std::vector<std::pair<Oid, ObjectType>> others_;  // Wanted tags, trees and blobs.
};

}  // namespace origin::git
