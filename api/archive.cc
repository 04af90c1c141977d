// SPDX-License-Identifier: Apache-2.0
// /api/projects/{project}/archive: a commit's files as one tar file.
#include "git/serve/archive.h"

#include "api/answers.h"
#include "api/commit_view.h"
#include "api/endpoints.h"

namespace origin::api {
namespace {

class ArchiveSource final : public net::BodySource {
public:
    ArchiveSource(git::Archive archive, auth::RateLimits::Fetch fetch)
        : fetch_(std::move(fetch)), archive_(std::move(archive)) {}

    Result<State> step(std::string& out) override {
        ORIGIN_TRY(progress, archive_.step(out));
        if (progress == git::Archive::Progress::Done) {
            return State::Done;
        }
        return progress == git::Archive::Progress::Pause ? State::Wait : State::More;
    }

private:
    auth::RateLimits::Fetch fetch_;
    git::Archive archive_;
};

std::string without_slashes_at_its_end(std::string_view path) {
    while (path.ends_with('/')) {
        path.remove_suffix(1);
    }
    return std::string(path);
}

/// Errors: without a key Unauthenticated for every project that is not public, there or not.
Result<auth::Permit> permit_for_anybody(const Call& call) {
    auto permit = call.permit(auth::Action::Read);
    if (!permit && call.identity().is_anonymous()) {
        ORIGIN_CHECK(call.around.gatekeeper.identify({}, {.peer = call.head.peer, .via = "api"}));
    }
    return permit;
}

}  // namespace

Answer get_archive(const Call& call) {
    ORIGIN_TRY(permit, permit_for_anybody(call));
    const std::string_view name = call.query.get("format").value_or("tar.gz");
    const auto format = git::archive_format_of(name);
    if (!format) {
        return std::unexpected(
            Error(Code::InvalidInput, "'format' is tar, tar.gz or tgz").because("bad_query"));
    }
    ORIGIN_TRY(view, open_view(call, permit));
    ORIGIN_TRY(commit, shown_commit(view, call.asked("ref")));
    ORIGIN_TRY(links, view.fetch.objects->commit_links(commit));
    constexpr std::size_t kShortDigits = 12;
    const std::string title = view.project.slug + "-" + commit.hex().substr(0, kShortDigits);
    const auto prefix = call.query.get("prefix");
    git::ArchiveWish wish{.tree = links.tree,
                          .commit = commit,
                          .seconds = links.committed_seconds,
                          .prefix = std::string(prefix.value_or(title + "/")),
                          .format = *format};
    if (auto path = without_slashes_at_its_end(call.asked("path")); !path.empty()) {
        wish.paths.push_back(std::move(path));
    }
    ORIGIN_TRY(archive, git::Archive::of(view.fetch.objects, std::move(wish)));
    const auto who = auth::Party::of(call.identity(), call.head.peer);
    auto fetch =
        call.head.local_operator ? auth::RateLimits::Fetch() : call.around.limits.begin_fetch(who);
    if (!fetch) {
        return net::Reply(too_many(fetch.error()));
    }
    net::Response response;
    const bool is_plain = *format == git::ArchiveFormat::Tar;
    response.headers = {
        {"Content-Type", is_plain ? "application/x-tar" : "application/gzip"},
        {"Content-Disposition", "attachment; filename=\"" + title + "." + std::string(name) + "\""},
        {"X-Content-Type-Options", "nosniff"},
        {"Cache-Control", "private, no-cache"},
        {"X-Origin-Commit", commit.hex()}};
    response.stream = std::make_unique<ArchiveSource>(std::move(archive), std::move(*fetch));
    return net::Reply(std::move(response));
}

}  // namespace origin::api
