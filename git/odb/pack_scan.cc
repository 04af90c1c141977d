// SPDX-License-Identifier: Apache-2.0
#include "git/odb/pack_scan.h"

#include <algorithm>
#include <cstring>
#include <string>

#include <zlib.h>

#include "base/limits.h"
#include "git/odb/wire_numbers.h"

namespace origin::git {
namespace {

constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kWindowBytes = 64 * kKiB;
constexpr unsigned kSizeShiftMax = 53;  // Sizes have at most 60 bits; ours end far below.

std::unexpected<Error> refuse(std::string_view reason, std::string what) {
    return std::unexpected(Error(Code::InvalidInput, std::move(what)).because(std::string(reason)));
}

std::unexpected<Error> too_much(std::string_view reason, std::string what) {
    return std::unexpected(
        Error(Code::LimitExceeded, std::move(what)).because(std::string(reason)));
}

unsigned number(std::byte byte) {
    return std::to_integer<unsigned>(byte);
}

}  // namespace

PackScan::PackScan(PackScanSink& sink, std::uint64_t bytes_max, std::uint32_t objects_max)
    : sink_(sink), bytes_max_(bytes_max), objects_max_(objects_max), window_(kWindowBytes) {}

Status PackScan::feed(Bytes bytes) {
    if (bytes.size() > bytes_max_ - std::min(position_, bytes_max_)) {
        return too_much("pack_bytes",
                        "the pack is larger than " + std::to_string(bytes_max_) + " bytes");
    }
    Bytes rest = bytes;
    unaccounted_ = rest.first(0);
    while (!rest.empty()) {
        ORIGIN_CHECK(take(rest));
    }
    account(rest);
    return {};
}

/// Hashes everything taken since the last call; `rest` is what is still to come.
void PackScan::account(Bytes rest) {
    const Bytes taken(unaccounted_.data(), rest.data());
    unaccounted_ = rest.first(0);
    if (taken.empty()) {
        return;
    }
    hash_.update(taken);
    crc_ = static_cast<std::uint32_t>(
        crc32_z(crc_, reinterpret_cast<const unsigned char*>(taken.data()), taken.size()));
}

std::byte PackScan::next(Bytes& rest) {
    const std::byte byte = rest.front();
    rest = rest.subspan(1);
    ++position_;
    return byte;
}

Status PackScan::take(Bytes& rest) {
    switch (stage_) {
        case Stage::Header:
            return take_header(rest);
        case Stage::Kind:
            account(rest);
            crc_ = 0;
            return take_kind(next(rest));
        case Stage::Size:
            return take_size(next(rest));
        case Stage::BaseDistance:
            return take_distance(next(rest));
        case Stage::BaseId:
            return take_base_id(next(rest));
        case Stage::Data:
            return take_data(rest);
        case Stage::Trailer:
            return take_trailer(rest);
        case Stage::End:
            return refuse("junk_after_pack", "there are bytes after the end of the pack");
    }
    return {};
}

Status PackScan::take_header(Bytes& rest) {
    small_[small_bytes_++] = next(rest);
    const std::size_t magic_bytes = std::min<std::size_t>(small_bytes_, 4);
    if (std::memcmp(small_.data(), "PACK", magic_bytes) != 0) {
        return refuse("bad_pack_magic", "this is not a pack");
    }
    if (small_bytes_ < kHeaderBytes) {
        return {};
    }
    if (be32(small_, 4) != 2) {
        return refuse("bad_pack_version", "only packs of version 2 are understood");
    }
    count_ = be32(small_, 8);
    if (count_ > objects_max_) {
        return too_much("pack_objects",
                        "the pack has more than " + std::to_string(objects_max_) + " objects");
    }
    small_bytes_ = 0;
    stage_ = count_ == 0 ? Stage::Trailer : Stage::Kind;
    return {};
}

Status PackScan::take_kind(std::byte byte) {
    const unsigned kind = (number(byte) >> 4) & 7U;
    if (kind == 0 || kind == 5) {
        return refuse(
            "bad_object_type",
            "entry " + std::to_string(done_ + 1) + " has the unknown type " + std::to_string(kind));
    }
    entry_ = PackEntry{};
    entry_.kind = static_cast<EntryKind>(kind);
    entry_.offset = position_ - 1;
    entry_.size = number(byte) & 15U;
    shift_ = 4;
    if ((number(byte) & 0x80U) == 0) {
        return after_size();
    }
    stage_ = Stage::Size;
    return {};
}

Status PackScan::take_size(std::byte byte) {
    if (shift_ > kSizeShiftMax) {
        return refuse("bad_object_size", "an object's size has too many digits");
    }
    entry_.size |= std::uint64_t{number(byte) & 0x7fU} << shift_;
    shift_ += 7;
    return (number(byte) & 0x80U) == 0 ? after_size() : Status{};
}

Status PackScan::after_size() {
    distance_ = 0;
    shift_ = 0;
    small_bytes_ = 0;
    if (entry_.kind == EntryKind::OfsDelta) {
        stage_ = Stage::BaseDistance;
        return {};
    }
    if (entry_.kind == EntryKind::RefDelta) {
        stage_ = Stage::BaseId;
        return {};
    }
    return begin_data();
}

Status PackScan::take_distance(std::byte byte) {
    if (distance_ >> 48 != 0) {
        return refuse("bad_delta_base", "a delta's distance has too many digits");
    }
    // The first byte stands for itself; each further one means at least 128 more.
    distance_ =
        shift_ == 0 ? number(byte) & 0x7fU : ((distance_ + 1) << 7) | (number(byte) & 0x7fU);
    shift_ = 1;
    if ((number(byte) & 0x80U) != 0) {
        return {};
    }
    if (distance_ == 0 || distance_ > entry_.offset || entry_.offset - distance_ < kHeaderBytes) {
        return refuse("bad_delta_base", "a delta's base lies outside the pack");
    }
    entry_.base_offset = entry_.offset - distance_;
    return begin_data();
}

Status PackScan::take_base_id(std::byte byte) {
    entry_.base_oid.raw[small_bytes_++] = static_cast<unsigned char>(byte);
    return small_bytes_ == kOidBytes ? begin_data() : Status{};
}

Status PackScan::begin_data() {
    entry_.data_offset = position_;
    produced_ = 0;
    small_bytes_ = 0;
    inflater_.restart();
    stage_ = Stage::Data;
    return sink_.begin_entry(entry_);
}

Status PackScan::take_data(Bytes& rest) {
    ORIGIN_TRY(progress, inflater_.step(rest, window_));
    rest = rest.subspan(progress.consumed);
    position_ += progress.consumed;
    produced_ += progress.produced;
    if (produced_ > entry_.size || (progress.is_end && produced_ != entry_.size)) {
        return refuse("bad_object_size",
                      "entry " + std::to_string(done_ + 1) + " is not as long as it says");
    }
    if (progress.produced > 0) {
        ORIGIN_CHECK(sink_.entry_data({window_.data(), progress.produced}));
    }
    if (progress.is_end) {
        account(rest);
        ++done_;
        stage_ = done_ == count_ ? Stage::Trailer : Stage::Kind;
        return sink_.end_entry(crc_);
    }
    if (progress.consumed == 0 && progress.produced == 0) {
        return refuse("bad_zlib", "an object's zlib stream is damaged");
    }
    return {};
}

Status PackScan::take_trailer(Bytes& rest) {
    if (small_bytes_ == 0) {
        account(rest);
        trailer_ = hash_.finish();
    }
    const std::byte byte = next(rest);
    unaccounted_ = rest.first(0);  // The trailer is not part of itself.
    if (static_cast<unsigned char>(byte) != trailer_.raw[small_bytes_++]) {
        return refuse("bad_pack_checksum", "the pack's checksum does not match its bytes");
    }
    if (small_bytes_ == kOidBytes) {
        stage_ = Stage::End;
    }
    return {};
}

}  // namespace origin::git
