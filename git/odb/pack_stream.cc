// SPDX-License-Identifier: Apache-2.0
#include "git/odb/pack_stream.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "git/odb/hash.h"
#include "git/odb/pack_text.h"
#include "git/odb/whole_zlib.h"

namespace origin::git {
namespace {

constexpr std::uint64_t kNotWritten = std::numeric_limits<std::uint64_t>::max();

/// One object to send: where it is stored, and where in the outgoing pack it went.
struct Item {
    EntryRef place;
    std::uint64_t sent_at = kNotWritten;
};

/// The newest pack first: it holds copies of the bases that completed it, on which deltas of older
/// packs are built. In a pack by offset: a base at a distance comes before its deltas.
bool is_before(const EntryRef& a, const EntryRef& b) {
    return a.pack != b.pack ? a.pack > b.pack : a.offset < b.offset;
}

}  // namespace

class PackStream::State {
public:
    State(ObjectStoreRef store, PackStreamOptions options, std::vector<Item> items)
        : store_(std::move(store)), options_(std::move(options)), items_(std::move(items)) {}

    Result<bool> step(std::string& out, std::size_t bytes_max);
    std::uint32_t object_count() const { return static_cast<std::uint32_t>(items_.size()); }
    std::uint32_t objects_written() const { return static_cast<std::uint32_t>(next_); }
    std::uint64_t bytes_written() const { return given_; }

private:
    enum class Stage : std::uint8_t { Header, Entries, Trailer, End };

    Status start_next();
    bool start_whole_pack();
    Status start_entry(Item& item);
    Status start_stored(const Pack& pack, const PackEntry& entry);
    Result<bool> start_delta(const Item& item, const Pack& pack, const PackEntry& entry);
    Status start_whole(const Item& item);
    const Item* find(const EntryRef& place) const;
    const Item* find_elsewhere(const Oid& oid) const;
    void give(std::string& out, Bytes bytes);

    ObjectStoreRef store_;
    PackStreamOptions options_;
    std::vector<Item> items_;  // Sorted by is_before.
    Stage stage_ = Stage::Header;
    std::size_t next_ = 0;
    std::string head_;  // Of the current piece: header bytes, or all of an object made anew.
    std::size_t head_at_ = 0;
    Bytes body_;               // Of the current piece: stored zlib bytes. Borrowed from the pack.
    std::uint64_t begun_ = 0;  // Where in the outgoing pack the next piece begins.
    std::uint64_t given_ = 0;
    PackHash hash_;
};

const Item* PackStream::State::find(const EntryRef& place) const {
    const auto found = std::ranges::lower_bound(items_, place, is_before, &Item::place);
    return found != items_.end() && found->place == place ? &*found : nullptr;
}

/// The object as it is sent from another pack, if that has happened already (only then: bases
/// that lead from pack to pack and back would make a circle).
const Item* PackStream::State::find_elsewhere(const Oid& oid) const {
    const auto place = store_->locate(oid);
    const Item* item = place ? find(*place) : nullptr;
    return item != nullptr && item->sent_at != kNotWritten ? item : nullptr;
}

Status PackStream::State::start_stored(const Pack& pack, const PackEntry& entry) {
    ORIGIN_TRY(stored, pack.stored_bytes(entry));
    body_ = stored;
    return {};
}

/// The stored delta as it is, under a header that fits the outgoing pack. False: not possible.
Result<bool> PackStream::State::start_delta(const Item& item,
                                            const Pack& pack,
                                            const PackEntry& entry) {
    ORIGIN_TRY(base_offset, pack.base_of(entry));
    const Item* base = find({.pack = item.place.pack, .offset = base_offset});
    std::optional<Oid> base_oid;
    if (base == nullptr || base->sent_at == kNotWritten || !options_.ofs_delta) {
        base_oid = entry.kind == EntryKind::RefDelta ? std::optional(entry.base_oid)
                                                     : pack.oid_at_offset(base_offset);
        if (!base_oid) {
            return false;
        }
    }
    if (base == nullptr) {
        base = find_elsewhere(*base_oid);
    }
    if (base == nullptr && !(options_.client_has && options_.client_has(*base_oid))) {
        return false;
    }
    if (base != nullptr && base->sent_at != kNotWritten && options_.ofs_delta) {
        put_entry_header(head_, EntryKind::OfsDelta, entry.size);
        put_base_distance(head_, begun_ - base->sent_at);
    } else {
        // A base of this pack that is sent later is as good: ids may point forward.
        put_entry_header(head_, EntryKind::RefDelta, entry.size);
        head_ += base_oid->view();
    }
    ORIGIN_CHECK(start_stored(pack, entry));
    return true;
}

Status PackStream::State::start_whole(const Item& item) {
    ORIGIN_TRY(object, store_->read(item.place));
    put_entry_header(head_, static_cast<EntryKind>(object.type), object.data.size());
    head_ += deflate_all(object.data, options_.deflate_level);
    return {};
}

Status PackStream::State::start_entry(Item& item) {
    const Pack& pack = *store_->packs()[item.place.pack];
    ORIGIN_TRY(entry, pack.entry_at(item.place.offset));
    if (!is_delta(entry.kind)) {
        put_entry_header(head_, entry.kind, entry.size);
        ORIGIN_CHECK(start_stored(pack, entry));
    } else {
        ORIGIN_TRY(is_reused, start_delta(item, pack, entry));
        if (!is_reused) {
            ORIGIN_CHECK(start_whole(item));
        }
    }
    item.sent_at = begun_;
    return {};
}

/// If everything in a pack is to be sent, its entries are copied in one piece: no distance between
/// them changes. False: not now.
bool PackStream::State::start_whole_pack() {
    const EntryRef place = items_[next_].place;
    const Pack& pack = *store_->packs()[place.pack];
    const bool is_first = next_ == 0 || items_[next_ - 1].place.pack != place.pack;
    const std::size_t end = next_ + pack.count();
    if (!options_.ofs_delta || !is_first || end > items_.size() ||
        items_[end - 1].place.pack != place.pack) {
        return false;
    }
    // The first entry of a pack stands right behind its header.
    for (std::size_t i = next_; i < end; ++i) {
        items_[i].sent_at = begun_ + items_[i].place.offset - place.offset;
    }
    body_ = pack.all_entries();
    next_ = end;
    return true;
}

/// Prepares the next piece: head_, then body_.
Status PackStream::State::start_next() {
    head_.clear();
    head_at_ = 0;
    body_ = {};
    switch (stage_) {
        case Stage::Header:
            put_pack_header(head_, object_count());
            stage_ = items_.empty() ? Stage::Trailer : Stage::Entries;
            break;
        case Stage::Entries:
            if (!start_whole_pack()) {
                ORIGIN_CHECK(start_entry(items_[next_]));
                ++next_;
            }
            if (next_ == items_.size()) {
                stage_ = Stage::Trailer;
            }
            break;
        case Stage::Trailer:
            head_ = hash_.finish().view();
            stage_ = Stage::End;
            break;
        case Stage::End:
            break;
    }
    begun_ += head_.size() + body_.size();
    return {};
}

void PackStream::State::give(std::string& out, Bytes bytes) {
    if (stage_ != Stage::End) {
        hash_.update(bytes);
    }
    out += text_of(bytes);
    given_ += bytes.size();
}

Result<bool> PackStream::State::step(std::string& out, std::size_t bytes_max) {
    std::size_t room = bytes_max;
    while (room > 0) {
        if (head_at_ < head_.size()) {
            const std::size_t taken = std::min(room, head_.size() - head_at_);
            give(out, bytes_of(std::string_view(head_).substr(head_at_, taken)));
            head_at_ += taken;
            room -= taken;
        } else if (!body_.empty()) {
            const std::size_t taken = std::min(room, body_.size());
            give(out, body_.first(taken));
            body_ = body_.subspan(taken);
            room -= taken;
        } else if (stage_ == Stage::End) {
            return true;
        } else {
            ORIGIN_CHECK(start_next());
        }
    }
    return stage_ == Stage::End && head_at_ == head_.size() && body_.empty();
}

Result<PackStream> PackStream::make(ObjectStoreRef store,
                                    const std::vector<Oid>& oids,
                                    PackStreamOptions options) {
    if (oids.size() > kPackObjectsMax) {
        return std::unexpected(Error(Code::LimitExceeded, "too many objects for one pack"));
    }
    std::vector<Item> items;
    items.reserve(oids.size());
    for (const Oid& oid : oids) {
        const auto place = store->locate(oid);
        if (!place) {
            return std::unexpected(Error(Code::NotFound, "no object " + oid.hex()));
        }
        items.push_back({.place = *place});
    }
    std::ranges::sort(items, is_before, &Item::place);
    const auto doubles = std::ranges::unique(items, {}, &Item::place);
    items.erase(doubles.begin(), doubles.end());
    return PackStream(
        std::make_unique<State>(std::move(store), std::move(options), std::move(items)));
}

PackStream::PackStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
PackStream::PackStream(PackStream&&) noexcept = default;
PackStream& PackStream::operator=(PackStream&&) noexcept = default;
PackStream::~PackStream() = default;

Result<bool> PackStream::step(std::string& out, std::size_t max_bytes) {
    return state_->step(out, max_bytes);
}

std::uint32_t PackStream::object_count() const {
    return state_->object_count();
}

std::uint32_t PackStream::objects_written() const {
    return state_->objects_written();
}

std::uint64_t PackStream::bytes_written() const {
    return state_->bytes_written();
}

}  // namespace origin::git
