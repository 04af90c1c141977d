// SPDX-License-Identifier: Apache-2.0
// git/odb/pack_scan: a pack's bytes, in pieces of any length, as entries. Pure: no I/O.
// In: bytes from a peer. Out: calls on a PackScanSink. Checks the framing: magic, version, count,
// types, sizes against what really inflates, base distances, zlib's checksums, the trailer, and
// that nothing follows it.
// Format: "PACK", version 2, count (both u32); entries; SHA-1 of all that. An entry: type (3 bits)
// and size (4 bits, then 7 a byte, low first); for an OfsDelta the distance back to its base (7
// bits a byte, high first, plus one for each further byte); for a RefDelta its base's id; then a
// zlib stream.  Source: gitformat-pack(5).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/oid.h"
#include "base/result.h"
#include "git/odb/hash.h"
#include "git/odb/pack.h"
#include "git/odb/zlib_stream.h"

namespace origin::git {

class PackScanSink {
public:
    virtual ~PackScanSink() = default;
    /// An entry's header was read. An Error stops the scan.
    virtual Status begin_entry(const PackEntry& entry) = 0;
    /// Some of its inflated bytes; never more in all than `entry.size`.
    virtual Status entry_data(std::string_view bytes) = 0;
    /// All of them came. `crc`: CRC-32 of the entry as packed, header included.
    virtual Status end_entry(std::uint32_t crc) = 0;
};

class PackScan {
public:
    PackScan(PackScanSink& sink, std::uint64_t bytes_max, std::uint32_t objects_max);

    /// Errors: InvalidInput (bad_pack_magic, bad_pack_version, bad_object_type, bad_object_size,
    /// bad_delta_base, bad_zlib, bad_pack_checksum, junk_after_pack); LimitExceeded (pack_bytes,
    /// pack_objects); the sink's. After an error the scan must not go on.
    Status feed(Bytes bytes);

    bool at_end() const { return stage_ == Stage::End; }
    /// From the header; 0 until that was read.
    std::uint32_t count() const { return count_; }
    std::uint32_t entries_done() const { return done_; }
    /// Pack bytes taken so far.
    std::uint64_t position() const { return position_; }
    /// At the end: the pack's checksum.
    const Oid& trailer() const { return trailer_; }

private:
    enum class Stage : std::uint8_t {
        Header,
        Kind,
        Size,
        BaseDistance,
        BaseId,
        Data,
        Trailer,
        End
    };

    Status take(Bytes& rest);
    Status take_header(Bytes& rest);
    Status take_kind(std::byte byte);
    Status take_size(std::byte byte);
    Status take_distance(std::byte byte);
    Status take_base_id(std::byte byte);
    Status take_data(Bytes& rest);
    Status take_trailer(Bytes& rest);
    Status after_size();
    Status begin_data();
    void account(Bytes rest);
    std::byte next(Bytes& rest);

    PackScanSink& sink_;
    std::uint64_t bytes_max_;
    std::uint32_t objects_max_;

    Stage stage_ = Stage::Header;
    std::array<std::byte, 20> small_{};  // Header or trailer, as far as it has come.
    std::size_t small_bytes_ = 0;
    std::uint32_t count_ = 0;
    std::uint32_t done_ = 0;
    std::uint64_t position_ = 0;

    PackEntry entry_{};
    unsigned shift_ = 0;
    std::uint64_t distance_ = 0;
    std::uint64_t produced_ = 0;
    std::uint32_t crc_ = 0;
    Bytes unaccounted_;  // What this feed() has taken but neither hashed nor added to the CRC.
    Inflater inflater_;
    std::vector<char> window_;
    PackHash hash_;
    Oid trailer_;
};

}  // namespace origin::git
