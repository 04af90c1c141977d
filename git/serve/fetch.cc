// SPDX-License-Identifier: Apache-2.0
#include "git/serve/fetch.h"

#include <algorithm>

#include "base/limits.h"
#include "git/wire/pkt_line.h"

namespace origin::git {
namespace {

constexpr std::size_t kCommitsPerStep = 500;
constexpr std::size_t kTreesPerStep = 200;

std::unexpected<Error> not_our_ref(const Oid& oid) {
    return std::unexpected(
        Error(Code::InvalidInput, "upload-pack: not our ref " + oid.hex()).because("not_our_ref"));
}

OidSet shown_tips(const RefsSnapshot& refs) {
    OidSet tips;
    for (const AdvertisedRef& ref : refs.refs) {
        tips.insert(ref.oid);
        if (ref.peeled) {
            tips.insert(*ref.peeled);
        }
    }
    return tips;
}

/// Is `wanted` an ancestor of any tip? Walks newest first and stops when it is found.
Result<bool> reachable(const ObjectStoreRef& objects, const OidSet& tips, const Oid& wanted) {
    std::priority_queue<std::pair<std::int64_t, Oid>> open;
    OidSet seen;
    const auto meet = [&](const Oid& oid) -> Status {
        if (seen.insert(oid).second) {
            ORIGIN_TRY(links, objects->commit_links(oid));
            open.emplace(links.committed_seconds, oid);
        }
        return {};
    };
    for (const Oid& tip : tips) {
        const auto header = objects->header(tip);
        if (header && header->type == ObjectType::Commit) {
            ORIGIN_CHECK(meet(tip));
        }
    }
    while (!open.empty()) {
        const Oid oid = open.top().second;
        open.pop();
        if (oid == wanted) {
            return true;
        }
        ORIGIN_TRY(links, objects->commit_links(oid));
        for (const Oid& parent : links.parents) {
            ORIGIN_CHECK(meet(parent));
        }
    }
    return false;
}

}  // namespace

Status check_wants(const FetchView& view, const std::vector<Oid>& wants) {
    const OidSet tips = shown_tips(view.refs);
    for (const Oid& want : wants) {
        if (tips.contains(want)) {
            continue;
        }
        const auto header = view.objects->header(want);
        if (!header || header->type != ObjectType::Commit) {
            return not_our_ref(want);
        }
        ORIGIN_TRY(shown, reachable(view.objects, tips, want));
        if (!shown) {
            return not_our_ref(want);
        }
    }
    return {};
}

/// Whether the history of this commit leads to a known one. Nothing known is older than `oldest`.
Result<bool> reaches(const ObjectStore& objects,
                     const Oid& commit,
                     const OidSet& known,
                     std::int64_t oldest) {
    std::vector<Oid> open = {commit};
    OidSet seen = {commit};
    while (!open.empty()) {
        const Oid oid = open.back();
        open.pop_back();
        if (known.contains(oid)) {
            return true;
        }
        ORIGIN_TRY(links, objects.commit_links(oid));
        if (links.committed_seconds < oldest) {
            continue;  // Nothing in common can be below.
        }
        for (const Oid& parent : links.parents) {
            if (seen.insert(parent).second) {
                open.push_back(parent);
            }
        }
    }
    return false;
}

Result<bool> enough_in_common(const ObjectStore& objects,
                              const std::vector<Oid>& wants,
                              const std::vector<Oid>& common) {
    if (common.empty()) {
        return false;
    }
    const OidSet known(common.begin(), common.end());
    std::int64_t oldest = INT64_MAX;
    for (const Oid& oid : common) {
        const auto links = objects.commit_links(oid);
        oldest = std::min(oldest, links ? links->committed_seconds : oldest);
    }
    for (const Oid& want : wants) {
        const auto commit = commit_at(objects, want);
        if (!commit) {
            continue;
        }
        ORIGIN_TRY(is_reached, reaches(objects, *commit, known, oldest));
        if (!is_reached) {
            return false;
        }
    }
    return true;
}

PackAnswer::PackAnswer(FetchView view,
                       FetchRequest request,
                       std::vector<Oid> common,
                       ShallowPlan shallow,
                       std::string head)
    : view_(std::move(view)),
      request_(std::move(request)),
      common_(std::move(common)),
      shallow_(std::move(shallow)),
      head_(std::move(head)) {}

void PackAnswer::say(std::string& out, const std::string& line) const {
    if (!request_.no_progress && request_.side_band != SideBand::None) {
        append_band(out, Band::Progress, bytes_of(line), request_.side_band);
    }
}

/// A wanted tag is followed to what it names.
Status PackAnswer::add_want(const Oid& want) {
    Oid at = want;
    for (std::size_t n = 0; n < kTagChainMax; ++n) {
        ORIGIN_TRY(header, view_.objects->header(at));
        if (header.type == ObjectType::Commit) {
            return commits_->add_want(at);
        }
        others_.emplace_back(at, header.type);
        if (header.type != ObjectType::Tag) {
            return {};
        }
        ORIGIN_TRY(data, view_.objects->read_as(at, ObjectType::Tag));
        ORIGIN_TRY(tag, parse_tag(data));
        at = tag.target;
    }
    return {};
}

Status PackAnswer::begin_commits() {
    const OidSet client_cut(request_.shallows.begin(), request_.shallows.end());
    commits_.emplace(view_.objects, HistoryWalk::Cuts{shallow_.cut, client_cut});
    for (const Oid& want : request_.wants) {
        ORIGIN_CHECK(add_want(want));
    }
    for (const Oid& have : common_) {
        if (const auto commit = commit_at(*view_.objects, have)) {
            ORIGIN_CHECK(commits_->add_have(*commit));
        }
    }
    // A cut that is undone: the commit is there, its parents have to follow.
    for (const Oid& uncut : shallow_.uncut) {
        ORIGIN_TRY(links, view_.objects->commit_links(uncut));
        for (const Oid& parent : links.parents) {
            ORIGIN_CHECK(commits_->add_want(parent));
        }
    }
    return {};
}

Status PackAnswer::begin_objects() {
    objects_.emplace(view_.objects, commits_->take_commits(), commits_->client_trees());
    commits_.reset();
    for (const auto& [oid, type] : others_) {
        objects_->add_object(oid, type);
    }
    return {};
}

Status PackAnswer::add_tags() {
    if (!request_.include_tag) {
        return {};
    }
    for (const AdvertisedRef& ref : view_.refs.refs) {
        if (ref.peeled && objects_->sends(*ref.peeled)) {
            objects_->add_object(ref.oid, ObjectType::Tag);
        }
    }
    return {};
}

Status PackAnswer::begin_pack(std::string& out) {
    ORIGIN_CHECK(add_tags());
    const std::vector<Oid> oids = objects_->take_oids();
    say(out, "Enumerating objects: " + std::to_string(oids.size()) + ", done.\n");
    PackStreamOptions options;
    options.ofs_delta = request_.ofs_delta;
    ORIGIN_TRY(pack, PackStream::make(view_.objects, oids, std::move(options)));
    pack_.emplace(std::move(pack));
    objects_.reset();
    return {};
}

Status PackAnswer::step_commits() {
    ORIGIN_TRY(over, commits_->step(kCommitsPerStep));
    if (over) {
        ORIGIN_CHECK(begin_objects());
        phase_ = Phase::Objects;
    }
    return {};
}

Status PackAnswer::step_objects(std::string& out) {
    ORIGIN_TRY(over, objects_->step(kTreesPerStep));
    if (over) {
        ORIGIN_CHECK(begin_pack(out));
        phase_ = Phase::Pack;
    }
    return {};
}

Result<Answer::Progress> PackAnswer::step_pack(std::string& out) {
    std::string piece;
    ORIGIN_TRY(over, pack_->step(piece, kStepBytes));
    append_band(out, Band::Data, bytes_of(piece), request_.side_band);
    if (!over) {
        return Progress::More;
    }
    const bool in_one_step = piece.size() == pack_->bytes_written();
    if (kept_key_ && in_one_step) {
        view_.packs->put(std::move(*kept_key_), {std::move(piece), pack_->object_count()});
    }
    end(out, pack_->object_count(), pack_->bytes_written());
    return Progress::Done;
}

void PackAnswer::end(std::string& out, std::uint32_t objects, std::uint64_t bytes) {
    say(out, "Total " + std::to_string(objects) + ", sent " + std::to_string(bytes) + " bytes\n");
    phase_ = Phase::End;
    if (request_.side_band != SideBand::None) {
        append_flush(out);
    }
}

Result<Answer::Progress> PackAnswer::begin(std::string& out) {
    out += head_;
    if (send_kept(out)) {
        return Progress::Done;
    }
    ORIGIN_CHECK(begin_commits());
    phase_ = Phase::Commits;
    return Progress::More;
}

bool PackAnswer::send_kept(std::string& out) {
    if (view_.packs == nullptr) {
        return false;
    }
    kept_key_ = pack_key_of({.project = view_.project,
                             .gc_generation = view_.objects->gc_generation(),
                             .request = request_,
                             .common = common_,
                             .shallow = shallow_,
                             .refs = view_.refs});
    const auto kept = kept_key_ ? view_.packs->find(*kept_key_) : nullptr;
    if (!kept) {
        return false;
    }
    say(out, "Enumerating objects: " + std::to_string(kept->objects) + ", done.\n");
    append_band(out, Band::Data, bytes_of(kept->bytes), request_.side_band);
    end(out, kept->objects, kept->bytes.size());
    return true;
}

Result<Answer::Progress> PackAnswer::step(std::string& out) {
    switch (phase_) {
        case Phase::Begin:
            return begin(out);
        case Phase::Commits:
            ORIGIN_CHECK(step_commits());
            return Progress::More;
        case Phase::Objects:
            ORIGIN_CHECK(step_objects(out));
            return Progress::More;
        case Phase::Pack:
            return step_pack(out);
        case Phase::End:
            break;
    }
    return Progress::Done;
}

}  // namespace origin::git
