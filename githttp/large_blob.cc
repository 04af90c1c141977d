// SPDX-License-Identifier: Apache-2.0
#include "githttp/large_blob.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace origin::githttp {

Result<std::shared_ptr<LargeBlob>> LargeBlob::make(git::BlobReader reader,
                                                   const std::filesystem::path& folder) {
    ORIGIN_TRY(file, git::Scratch::make(folder, reader.size_bytes()));
    struct Maker : LargeBlob {
        Maker(git::BlobReader r, git::Scratch f) : LargeBlob(std::move(r), std::move(f)) {}
    };
    return std::make_shared<Maker>(std::move(reader), std::move(file));
}

Status LargeBlob::read(std::string& out, std::uint64_t at, std::size_t most) {
    std::uint64_t ready = 0;
    {
        const std::lock_guard lock(mutex_);
        if (at >= ready_) {
            ORIGIN_CHECK(inflate());
        }
        ready = ready_;
    }
    // What is ready never changes again: it is copied without the mutex.
    if (at < ready) {
        out += file_.text().substr(at, std::min<std::uint64_t>(most, ready - at));
    }
    return {};
}

Status LargeBlob::inflate() {
    if (!reader_) {
        return {};
    }
    std::string piece;
    ORIGIN_CHECK(reader_->read(piece, kStepBytes));
    std::ranges::copy(piece, file_.bytes().subspan(ready_).begin());
    ready_ += piece.size();
    if (ready_ == size_) {
        reader_.reset();
    }
    return {};
}

Result<net::BodySource::State> LargeBlobSource::step(std::string& out) {
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(kStepBytes, end_ - at_));
    const std::size_t before = out.size();
    ORIGIN_CHECK(blob_->read(out, at_, most));
    at_ += out.size() - before;
    return at_ == end_ ? State::Done : State::More;
}

}  // namespace origin::githttp
