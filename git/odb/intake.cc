// SPDX-License-Identifier: Apache-2.0
#include "git/odb/intake.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/assert.h"
#include "git/odb/arrivals.h"
#include "git/odb/delta.h"
#include "git/odb/delta_resolver.h"
#include "git/odb/gitmodules.h"
#include "git/odb/hash.h"
#include "git/odb/pack_file.h"
#include "git/odb/pack_scan.h"
#include "git/odb/pack_text.h"
#include "git/odb/staged_pack.h"
#include "git/odb/whole_zlib.h"

namespace origin::git {
namespace {

constexpr std::size_t kDeltaHeadBytes = 20;       // Enough for both sizes of a delta.
constexpr std::size_t kRehashBytes = 4 * kMiB;    // About 5 ms.
constexpr std::size_t kCompareBytes = 32 * kMiB;  // About as long.

std::unexpected<Error> refuse(std::string_view reason, std::string what) {
    return std::unexpected(Error(Code::InvalidInput, std::move(what)).because(std::string(reason)));
}

}  // namespace

class PackIntake::State final : public PackScanSink, private SpecialBlobSource {
public:
    State(Quarantine quarantine,
          ObjectStoreRef base,
          const IntakeLimits& limits,
          SideWork* side_work)
        : quarantine_(std::move(quarantine)),
          base_(std::move(base)),
          limits_(limits),
          side_work_(side_work),
          staged_(StagedPack::in(quarantine_.dir)),
          arrivals_(base_, limits),
          scan_(*this, limits.pack_bytes_max, limits.objects_max) {}

    Status feed(Bytes bytes);
    Result<bool> step();
    Status check_connectivity() const;
    Result<ObjectStoreRef> view() const;
    bool brought(const Oid& oid) const;
    Result<PackRef> small() const;
    Status make_durable(const std::filesystem::path& final_dir);

    bool at_end() const { return scan_.at_end(); }
    bool is_done() const { return stage_ == Stage::Done; }
    const IntakeResult& result() const { return result_; }

    Status begin_entry(const PackEntry& entry) override;
    Status entry_data(std::string_view bytes) override;
    Status end_entry(std::uint32_t crc) override;

    /// Remembers the first error: whatever was called, nothing goes on after it.
    template <class T>
    Result<T> keep_error(Result<T> result) {
        if (!result && !failed_) {
            failed_ = result.error();
        }
        return result;
    }
    const std::optional<Error>& failed() const { return failed_; }

private:
    enum class Stage : std::uint8_t {
        Receiving,
        Resolving,
        Comparing,
        Rehashing,
        Indexing,
        Special,
        Done,
    };

    Status start_resolving();
    Status resolve();
    Status compare();
    Status rehash();
    Status write_index();
    Status check_special() const;
    Result<ObjectHeader> header(const Oid& oid) const override;
    Result<Object> read(const Oid& oid) const override;
    bool is_known(const Oid& oid) const override;
    const IncomingEntry* find(const Oid& oid) const;

    Quarantine quarantine_;
    ObjectStoreRef base_;
    IntakeLimits limits_;
    SideWork* side_work_;
    StagedPack staged_;
    PackFile file_;
    Arrivals arrivals_;
    PackScan scan_;
    Stage stage_ = Stage::Receiving;
    std::optional<Error> failed_;
    IntakeResult result_;

    std::vector<IncomingEntry> entries_;  // In pack order until the index is made, then by id.
    PackEntry current_{};
    std::string buffer_;                  // Of the current object, or the head of a delta.
    std::optional<ObjectHasher> hasher_;  // Of the current blob, if it is large.

    MappedFile mapped_;  // Declared before what borrows it.
    std::optional<DeltaResolver> resolver_;
    std::size_t compared_ = 0;  // Entries.
    PackHash rehash_;
    std::uint64_t rehashed_ = 0;
    Oid checksum_;
    PackRef in_memory_;  // The finished pack, if it never needed a file.
    ObjectStoreRef view_;
};

Status PackIntake::State::feed(Bytes bytes) {
    if (stage_ != Stage::Receiving) {
        return refuse("junk_after_pack", "there are bytes after the end of the pack");
    }
    ORIGIN_CHECK(scan_.feed(bytes));
    if (!file_.is_open()) {
        file_ = PackFile::in_memory(quarantine_, staged_.pack_path(), kSmallPackBytesMax);
    }
    return file_.append(bytes);
}

Status PackIntake::State::begin_entry(const PackEntry& entry) {
    current_ = entry;
    buffer_.clear();
    hasher_.reset();
    if (is_delta(entry.kind)) {
        if (entry.size < kDeltaBytesMin) {
            return refuse("bad_delta", "a delta is shorter than any that git reads");
        }
        if (entry.size > kDeltaBytesMax) {
            return std::unexpected(
                Error(Code::LimitExceeded, "a delta is too large").because("object_bytes"));
        }
        return arrivals_.add_work(entry.size, scan_.position());
    }
    const auto type = static_cast<ObjectType>(entry.kind);
    ORIGIN_CHECK(arrivals_.check_size(type, entry.size));
    ORIGIN_CHECK(arrivals_.add_work(entry.size, scan_.position()));
    if (type == ObjectType::Blob && entry.size > kObjectHeapBytesMax) {
        ORIGIN_TRY(hasher, ObjectHasher::start(type, entry.size));
        hasher_ = std::move(hasher);
    }
    return {};
}

Status PackIntake::State::entry_data(std::string_view bytes) {
    if (hasher_) {
        return hasher_->update(bytes_of(bytes));
    }
    if (is_delta(current_.kind)) {
        bytes = bytes.substr(0, kDeltaHeadBytes - std::min(kDeltaHeadBytes, buffer_.size()));
    }
    buffer_ += bytes;
    return {};
}

Status PackIntake::State::end_entry(std::uint32_t crc) {
    IncomingEntry entry{.offset = current_.offset, .crc = crc, .oid = {}, .kind = current_.kind};
    if (is_delta(current_.kind)) {
        // Its id comes later; that its result is far too large can be said now.
        ORIGIN_TRY(sizes, parse_delta_sizes(buffer_));
        ORIGIN_CHECK(arrivals_.check_size(ObjectType::Blob, sizes.result));
    } else if (hasher_) {
        ORIGIN_TRY(oid, hasher_->finish());
        ORIGIN_CHECK(arrivals_.admit_streamed_blob(oid, current_.size));
        entry.oid = oid;
        hasher_.reset();
    } else {
        ORIGIN_TRY(oid, arrivals_.admit(entry.type(), buffer_));
        entry.oid = oid;
    }
    entries_.push_back(entry);
    return {};
}

Result<bool> PackIntake::State::step() {
    switch (stage_) {
        case Stage::Receiving:
            ORIGIN_CHECK(start_resolving());
            break;
        case Stage::Resolving:
            ORIGIN_CHECK(resolve());
            break;
        case Stage::Comparing:
            ORIGIN_CHECK(compare());
            break;
        case Stage::Rehashing:
            ORIGIN_CHECK(rehash());
            break;
        case Stage::Indexing:
            ORIGIN_CHECK(write_index());
            break;
        case Stage::Special:
            ORIGIN_CHECK(check_special());
            stage_ = Stage::Done;
            break;
        case Stage::Done:
            break;
    }
    return stage_ == Stage::Done;
}

Status PackIntake::State::start_resolving() {
    if (!scan_.at_end()) {
        return refuse("pack_cut_off", "the pack ends before its end");
    }
    if (entries_.empty()) {
        file_ = PackFile();
        staged_.discard();
        stage_ = Stage::Done;
        return {};
    }
    ORIGIN_TRY(mapped, file_.map());
    mapped_ = std::move(mapped);
    resolver_.emplace(DeltaResolverParts{.pack = mapped_.bytes(),
                                         .file = file_,
                                         .entries = entries_,
                                         .arrivals = arrivals_,
                                         .base = base_.get(),
                                         .scratch_dir = quarantine_.dir,
                                         .limits = limits_,
                                         .side_work = side_work_});
    stage_ = Stage::Resolving;
    return {};
}

Status PackIntake::State::resolve() {
    ORIGIN_TRY(is_resolved, resolver_->step());
    if (!is_resolved) {
        return {};
    }
    result_.bases_added = resolver_->bases_added();
    resolver_.reset();
    checksum_ = scan_.trailer();
    if (result_.bases_added > 0) {
        // The count in the header has changed, so the checksum starts from the front.
        std::string header;
        put_pack_header(header, static_cast<std::uint32_t>(entries_.size()));
        ORIGIN_CHECK(file_.overwrite(0, bytes_of(header)));
        ORIGIN_TRY(mapped, file_.map());
        mapped_ = std::move(mapped);
    }
    stage_ = Stage::Comparing;
    return {};
}

/// The file is read back: it must hold what was judged, whatever lies between append() and here.
Status PackIntake::State::compare() {
    const std::uint64_t end = file_.size() - (result_.bases_added > 0 ? 0 : kOidBytes);
    std::uint64_t taken = 0;
    for (; compared_ < entries_.size() && taken < kCompareBytes; ++compared_) {
        const bool is_last = compared_ + 1 == entries_.size();
        const std::uint64_t begin = entries_[compared_].offset;
        const std::uint64_t next = is_last ? end : entries_[compared_ + 1].offset;
        if (crc32_of(text_of(mapped_.bytes().subspan(begin, next - begin))) !=
            entries_[compared_].crc) {
            return std::unexpected(Error(Code::Corrupt,
                                         "the server stored other bytes than it received",
                                         "the new pack differs at byte " + std::to_string(begin))
                                       .because("pack_changed"));
        }
        taken += next - begin;
    }
    if (compared_ == entries_.size()) {
        stage_ = result_.bases_added > 0 ? Stage::Rehashing : Stage::Indexing;
    }
    return {};
}

Status PackIntake::State::rehash() {
    // The file may still be longer than what was written over its old trailer.
    const Bytes pack = mapped_.bytes().first(file_.size());
    const std::size_t taken = std::min<std::size_t>(kRehashBytes, pack.size() - rehashed_);
    rehash_.update(pack.subspan(rehashed_, taken));
    rehashed_ += taken;
    if (rehashed_ < pack.size()) {
        return {};
    }
    checksum_ = rehash_.finish();
    ORIGIN_CHECK(file_.append(bytes_of(checksum_.view())));
    stage_ = Stage::Indexing;
    return {};
}

Status PackIntake::State::write_index() {
    std::ranges::sort(entries_, {}, &IncomingEntry::oid);
    const auto twice = std::ranges::adjacent_find(entries_, {}, &IncomingEntry::oid);
    if (twice != entries_.end()) {
        return refuse("duplicate_object", "object " + twice->oid.hex() + " is in the pack twice");
    }
    std::vector<IndexEntry> index;
    index.reserve(entries_.size());
    for (const IncomingEntry& entry : entries_) {
        index.push_back({.offset = entry.offset, .crc = entry.crc, .oid = entry.oid});
    }
    result_.pack_name = "pack-" + checksum_.hex();
    result_.object_count = static_cast<std::uint32_t>(entries_.size());
    result_.pack_bytes = file_.size();
    mapped_ = MappedFile();
    stage_ = Stage::Special;
    const ObjectStoreRef base = base_ != nullptr ? base_ : ObjectStore::empty(quarantine_.dir);
    std::string index_bytes = build_index(index, checksum_);
    if (file_.is_in_memory()) {
        ORIGIN_TRY(pack,
                   Pack::from(result_.pack_name,
                              MappedFile::of(file_.take_memory()),
                              MappedFile::of(std::move(index_bytes))));
        in_memory_ = pack;
        view_ = base->with(pack);
        return {};
    }
    ORIGIN_CHECK(file_.flush());
    file_ = PackFile();
    ORIGIN_CHECK(write_file(staged_.index_path(), index_bytes));
    ORIGIN_TRY(both, base->with_pack_from(quarantine_.dir, staged_.stem()));
    view_ = both;
    return {};
}

Status PackIntake::State::check_special() const {
    return check_special_blobs(arrivals_.special_blobs(), *this, limits_.fsck);
}

Result<ObjectHeader> PackIntake::State::header(const Oid& oid) const {
    return view_->header(oid);
}

Result<Object> PackIntake::State::read(const Oid& oid) const {
    return view_->read(oid);
}

bool PackIntake::State::is_known(const Oid& oid) const {
    return base_ != nullptr && base_->contains(oid);
}

const IncomingEntry* PackIntake::State::find(const Oid& oid) const {
    const auto found = std::ranges::lower_bound(entries_, oid, {}, &IncomingEntry::oid);
    return found != entries_.end() && found->oid == oid ? &*found : nullptr;
}

Status PackIntake::State::check_connectivity() const {
    using Type = std::optional<ObjectType>;
    return arrivals_.references().check([this](const Oid& oid) -> Result<Type> {
        if (const IncomingEntry* entry = find(oid)) {
            return entry->type();
        }
        if (base_ == nullptr || !base_->contains(oid)) {
            return std::nullopt;
        }
        ORIGIN_TRY(type, base_->type_of(oid));
        return type;
    });
}

Result<ObjectStoreRef> PackIntake::State::view() const {
    if (view_ != nullptr) {
        return view_;
    }
    return base_ != nullptr ? base_ : ObjectStore::empty(quarantine_.dir);
}

bool PackIntake::State::brought(const Oid& oid) const {
    const IncomingEntry* entry = find(oid);
    return entry != nullptr && !entry->is_added;
}

Status PackIntake::State::make_durable(const std::filesystem::path& final_dir) {
    if (result_.object_count == 0) {
        return {};
    }
    if (in_memory_ != nullptr) {
        ORIGIN_CHECK(staged_.write(*in_memory_));
    }
    return staged_.make_durable(final_dir, result_.pack_name);
}

Result<PackRef> PackIntake::State::small() const {
    if (in_memory_ == nullptr) {
        return PackRef();
    }
    return make_small_pack(*in_memory_, [this](const Oid& oid) { return brought(oid); });
}

PackIntake::PackIntake(Quarantine quarantine,
                       ObjectStoreRef base,
                       const IntakeLimits& limits,
                       SideWork* side_work)
    : state_(std::make_unique<State>(std::move(quarantine), std::move(base), limits, side_work)) {}

PackIntake::PackIntake(PackIntake&&) noexcept = default;
PackIntake& PackIntake::operator=(PackIntake&&) noexcept = default;
PackIntake::~PackIntake() = default;

Status PackIntake::feed(Bytes bytes) {
    if (state_->failed()) {
        return std::unexpected(*state_->failed());
    }
    return state_->keep_error(state_->feed(bytes));
}

bool PackIntake::at_end() const {
    return state_->at_end();
}

Result<bool> PackIntake::resolve_some() {
    if (state_->failed()) {
        return std::unexpected(*state_->failed());
    }
    return state_->keep_error(state_->step());
}

Result<IntakeResult> PackIntake::finish() {
    while (true) {
        ORIGIN_TRY(is_done, resolve_some());
        if (is_done) {
            return state_->result();
        }
    }
}

Status PackIntake::check_connectivity() const {
    ORIGIN_ASSERT(state_->is_done());
    return state_->check_connectivity();
}

Result<ObjectStoreRef> PackIntake::view() const {
    ORIGIN_ASSERT(state_->is_done());
    return state_->view();
}

bool PackIntake::brought(const Oid& oid) const {
    ORIGIN_ASSERT(state_->is_done());
    return state_->brought(oid);
}

Result<PackRef> PackIntake::small() const {
    ORIGIN_ASSERT(state_->is_done());
    return state_->small();
}

Status PackIntake::make_durable(const std::filesystem::path& final_dir) {
    ORIGIN_ASSERT(state_->is_done());
    return state_->make_durable(final_dir);
}

const IntakeResult& PackIntake::result() const {
    return state_->result();
}

}  // namespace origin::git
