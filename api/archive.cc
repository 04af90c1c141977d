// SPDX-License-Identifier: Apache-2.0
// /api/projects/{project}/archive: a commit's files as one tar file.
#include "git/serve/archive.h"

#include "api/answers.h"
#include "api/commit_view.h"
#include "api/endpoints.h"
#include "auth/archive_link.h"
#include "git/serve/catalogue.h"

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

struct Shown {
    store::ProjectRow project;
    git::ObjectStoreRef objects;
    Oid commit;
};

/// Whoever holds a link that this server made for one commit (auth/archive_link) needs no key.
Result<std::optional<Shown>> shown_by_ticket(const Call& call) {
    const auto ticket = call.query.get(auth::kTicketParameter);
    const auto project = ProjectId::parse(call.param("project"));
    const auto commit = Oid::from_hex(call.asked("ref"));
    if (!ticket || !project || !commit ||
        !auth::is_archive_ticket(
            call.around.preview_links, *ticket, *project, *commit, call.now())) {
        return std::optional<Shown>();
    }
    Shown shown{.project = {}, .objects = {}, .commit = *commit};
    ORIGIN_CHECK(call.around.store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(row, git::need_project(reader, *project));
        shown.project = row;
        ORIGIN_TRY(opened, call.around.storage.open(reader, *project));
        shown.objects = opened;
        return {};
    }));
    return std::optional(std::move(shown));
}

Result<Shown> what_is_shown(const Call& call) {
    ORIGIN_TRY(by_ticket, shown_by_ticket(call));
    if (by_ticket) {
        return std::move(*by_ticket);
    }
    ORIGIN_TRY(permit, permit_for_anybody(call));
    ORIGIN_TRY(view, open_view(call, permit));
    ORIGIN_TRY(commit, shown_commit(view, call.asked("ref")));
    return Shown{view.project, view.fetch.objects, commit};
}

}  // namespace

Answer get_archive(const Call& call) {
    ORIGIN_TRY(shown, what_is_shown(call));
    const std::string_view name = call.query.get("format").value_or("tar.gz");
    const auto format = git::archive_format_of(name);
    if (!format) {
        return std::unexpected(
            Error(Code::InvalidInput, "'format' is tar, tar.gz or tgz").because("bad_query"));
    }
    const Oid& commit = shown.commit;
    ORIGIN_TRY(links, shown.objects->commit_links(commit));
    constexpr std::size_t kShortDigits = 12;
    const std::string title = shown.project.slug + "-" + commit.hex().substr(0, kShortDigits);
    const auto prefix = call.query.get("prefix");
    git::ArchiveWish wish{.tree = links.tree,
                          .commit = commit,
                          .seconds = links.committed_seconds,
                          .prefix = std::string(prefix.value_or(title + "/")),
                          .format = *format};
    if (auto path = without_slashes_at_its_end(call.asked("path")); !path.empty()) {
        wish.paths.push_back(std::move(path));
    }
    ORIGIN_TRY(archive, git::Archive::of(shown.objects, std::move(wish)));
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
