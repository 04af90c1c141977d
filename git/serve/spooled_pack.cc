// SPDX-License-Identifier: Apache-2.0
#include "git/serve/spooled_pack.h"

#include <algorithm>
#include <unordered_set>

#include "base/limits.h"
#include "git/odb/pack_text.h"

namespace origin::git {
namespace {

constexpr int kDeflateLevel = 1;  // As PackBuilder's: latency counts now.
constexpr std::size_t kHashBytes = kMiB;

}  // namespace

Result<bool> SpooledIds::step() {
    for (std::size_t left = kHashBytes; left > 0 && file_ < files_.size();) {
        SpooledFile& file = files_[file_];
        if (!hasher_) {
            ORIGIN_TRY(hasher, ObjectHasher::start(ObjectType::Blob, file.size));
            hasher_ = std::move(hasher);
            done_ = 0;
        }
        const std::string_view piece =
            spool_.at(file.offset + done_,
                      static_cast<std::size_t>(std::min<std::uint64_t>(left, file.size - done_)));
        ORIGIN_CHECK(hasher_->update(bytes_of(piece)));
        done_ += piece.size();
        left -= std::max<std::size_t>(1, piece.size());
        if (done_ == file.size) {
            ORIGIN_TRY(oid, hasher_->finish());
            file.oid = oid;
            hasher_.reset();
            ++file_;
        }
    }
    return file_ == files_.size();
}

SpooledPack::SpooledPack(Parts parts)
    : parts_(std::move(parts)),
      intake_(parts_.quarantine, parts_.made.existing()),
      deflater_(kDeflateLevel) {
    std::unordered_set<Oid, OidHash> seen;
    for (const SpooledFile& file : parts_.files) {
        // A file may have the bytes of one of the trees: not its id, for that hashes the type, too.
        if (!parts_.made.contains(file.oid) && seen.insert(file.oid).second) {
            new_files_.push_back(&file);
        }
    }
}

Status SpooledPack::give(const std::string& bytes) {
    hash_.update(bytes_of(bytes));
    return intake_.feed(bytes_of(bytes));
}

Result<bool> SpooledPack::step_file() {
    if (place_ == new_files_.size()) {
        place_ = 0;
        return true;
    }
    const SpooledFile& file = *new_files_[place_];
    std::string out;
    if (done_ == 0) {
        put_entry_header(out, static_cast<EntryKind>(ObjectType::Blob), file.size);
        deflater_.restart();
    }
    const std::string_view piece = parts_.spool.at(
        file.offset + done_,
        static_cast<std::size_t>(std::min<std::uint64_t>(kStepBytes, file.size - done_)));
    done_ += piece.size();
    const bool is_last = done_ == file.size;
    deflater_.step(piece, is_last, out);
    if (is_last) {
        ++place_;
        done_ = 0;
    }
    ORIGIN_CHECK(give(out));
    return false;
}

Status SpooledPack::put_header() {
    std::string out;
    put_pack_header(out,
                    static_cast<std::uint32_t>(new_files_.size() + parts_.made.added().size()));
    return give(out);
}

Status SpooledPack::put_made() {
    std::string out;
    for (; place_ < parts_.made.added().size() && out.size() < kStepBytes; ++place_) {
        const Object& object = *parts_.made.find(parts_.made.added()[place_]);
        put_entry_header(out, static_cast<EntryKind>(object.type), object.data.size());
        deflater_.restart();
        deflater_.step(object.data, true, out);
    }
    return give(out);
}

Result<bool> SpooledPack::step() {
    switch (phase_) {
        case Phase::Header:
            ORIGIN_CHECK(put_header());
            phase_ = Phase::Files;
            break;
        case Phase::Files: {
            ORIGIN_TRY(done, step_file());
            phase_ = done ? Phase::Made : Phase::Files;
            break;
        }
        case Phase::Made:
            ORIGIN_CHECK(put_made());
            phase_ = place_ == parts_.made.added().size() ? Phase::Trailer : Phase::Made;
            break;
        case Phase::Trailer: {
            const Oid checksum = hash_.finish();
            ORIGIN_CHECK(intake_.feed(bytes_of(checksum.view())));
            phase_ = Phase::Resolve;
            break;
        }
        case Phase::Resolve: {
            ORIGIN_TRY(done, intake_.resolve_some());
            phase_ = done ? Phase::Check : Phase::Resolve;
            break;
        }
        case Phase::Check:
            ORIGIN_CHECK(intake_.check_connectivity());
            phase_ = Phase::Done;
            break;
        case Phase::Done:
            break;
    }
    return phase_ == Phase::Done;
}

}  // namespace origin::git
