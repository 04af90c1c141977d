// SPDX-License-Identifier: Apache-2.0
#include "githttp/large_blob.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"

namespace origin::githttp {

Result<std::shared_ptr<LargeBlob>> LargeBlob::make(git::BlobReader reader,
                                                   const std::filesystem::path& folder) {
    const auto keeps = reader.size_bytes() >= kSentFromFileBytesMin
                           ? git::Scratch::Keeps::DescriptorToo
                           : git::Scratch::Keeps::Mapping;
    ORIGIN_TRY(file, git::Scratch::make(folder, reader.size_bytes(), keeps));
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

std::string_view LargeBlob::resident(std::uint64_t first, std::uint64_t bytes) {
    {
        const std::lock_guard lock(mutex_);
        if (first + bytes > ready_) {
            return {};
        }
    }
    const std::string_view part = file_.text().substr(first, bytes);
    static const auto kPage = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<std::uintptr_t>(part.data()) / kPage * kPage;
    const auto end = reinterpret_cast<std::uintptr_t>(part.data()) + part.size();
    std::vector<unsigned char> pages((end - begin + kPage - 1) / kPage);
    // NOLINTNEXTLINE(performance-no-int-to-ptr): mincore() wants the page's own address.
    auto* const at = reinterpret_cast<void*>(begin);
    const bool known = ::mincore(at, end - begin, pages.data()) == 0;
    const bool all =
        known && std::ranges::all_of(pages, [](unsigned char page) { return (page & 1U) != 0; });
    return all ? part : std::string_view();
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
