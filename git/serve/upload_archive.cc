// SPDX-License-Identifier: Apache-2.0
#include "git/serve/upload_archive.h"

#include <algorithm>
#include <utility>

#include "git/serve/revision.h"
#include "git/wire/sideband.h"

namespace origin::git {
namespace {

constexpr std::string_view kFormats = "tar\ntgz\ntar.gz\n";

class Words final : public Answer {
public:
    explicit Words(std::string words) : words_(std::move(words)) {}
    Result<Progress> step(std::string& out) override {
        out += std::exchange(words_, {});
        return Progress::Done;
    }

private:
    std::string words_;
};

class ArchiveAnswer final : public Answer {
public:
    explicit ArchiveAnswer(Archive archive) : archive_(std::move(archive)) {}

    Result<Progress> step(std::string& out) override {
        if (!std::exchange(is_acknowledged_, true)) {
            append_archive_ack(out);
        }
        std::string bytes;
        ORIGIN_TRY(progress, archive_.step(bytes));
        append_band(out, Band::Data, bytes_of(bytes), SideBand::Large);
        if (progress == Archive::Progress::Done) {
            append_flush(out);
            return Progress::Done;
        }
        return progress == Archive::Progress::Pause ? Progress::Wait : Progress::More;
    }

private:
    Archive archive_;
    bool is_acknowledged_ = false;
};

std::unique_ptr<Answer> nack(const Error& error) {
    std::string words;
    append_archive_nack(words, error.told_to_peer());
    return std::make_unique<Words>(std::move(words));
}

/// "REF" or "REF:FOLDER". Such a folder's archive names no commit, as git's.
Status find_revision(const ProjectView& view, std::string_view asked, ArchiveWish& wish) {
    const std::size_t colon = std::min(asked.find(':'), asked.size());
    ORIGIN_TRY(commit, shown_commit(view, asked.substr(0, colon)));
    ORIGIN_TRY(links, view.fetch.objects->commit_links(commit));
    wish.tree = links.tree;
    wish.commit = commit;
    wish.seconds = links.committed_seconds;
    if (colon < asked.size()) {
        std::string_view path = asked.substr(colon + 1);
        path.remove_suffix(path.ends_with('/') ? 1 : 0);
        ORIGIN_TRY(folder, view.fetch.objects->find_path(links.tree, path));
        if (!folder || !folder->is_tree()) {
            return std::unexpected(
                Error(Code::NotFound, "there is no such folder").because("path_not_found"));
        }
        wish.tree = folder->oid;
        wish.commit.reset();
    }
    return {};
}

}  // namespace

std::unique_ptr<UploadArchive::Session> UploadArchive::open(const auth::Permit& permit) const {
    return std::make_unique<Session>(*this, permit);
}

void UploadArchive::Session::feed(Bytes piece) {
    if (has_all_) {
        return;
    }
    const auto complete = parser_.feed(piece);
    if (!complete) {
        refused_ = complete.error();
    }
    has_all_ = !complete || *complete;
}

Result<Archive> UploadArchive::Session::begin(const ArchiveRequest& request) const {
    const auto format = archive_format_of(request.format);
    if (!format) {
        return std::unexpected(
            Error(Code::InvalidInput, "archives are tar, tgz or tar.gz").because("bad_format"));
    }
    ProjectView view;
    ORIGIN_CHECK(archives_.store_.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(opened, open_view(reader, archives_.storage_, permit_));
        view = std::move(opened);
        return {};
    }));
    ArchiveWish wish{
        .tree = {}, .prefix = request.prefix, .paths = request.paths, .format = *format};
    ORIGIN_CHECK(find_revision(view, request.revision, wish));
    return Archive::of(view.fetch.objects, std::move(wish));
}

std::unique_ptr<Answer> UploadArchive::Session::answer() const {
    const auto request = refused_ ? std::unexpected(*refused_) : parser_.take();
    if (!request) {
        return nack(request.error());
    }
    if (request->lists_formats) {
        std::string words;
        append_archive_ack(words);
        append_band(words, Band::Data, bytes_of(kFormats), SideBand::Large);
        append_flush(words);
        return std::make_unique<Words>(std::move(words));
    }
    auto archive = begin(*request);
    if (!archive) {
        return nack(archive.error());
    }
    return std::make_unique<ArchiveAnswer>(std::move(*archive));
}

}  // namespace origin::git
