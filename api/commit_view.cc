// SPDX-License-Identifier: Apache-2.0
#include "api/commit_view.h"

#include <algorithm>

#include <boost/json.hpp>

#include "base/utf8.h"
#include "git/serve/catalogue.h"

namespace origin::api {
namespace {

namespace json = boost::json;

std::unexpected<Error> not_found(std::string_view name) {
    return std::unexpected(
        Error(Code::NotFound, "there is no branch, tag or commit '" + printable(name) + "'")
            .because("ref_not_found"));
}

/// The shown ref that a name means.
const git::AdvertisedRef* find_shown(const ProjectView& view, std::string_view name) {
    const std::string text(name.empty() || name == "HEAD" ? view.project.head : name);
    const auto candidates =
        text.starts_with("refs/")
            ? std::vector<std::string>{text}
            : std::vector<std::string>{"refs/heads/" + text, "refs/tags/" + text};
    for (const std::string& candidate : candidates) {
        const auto& refs = view.fetch.refs.refs;
        const auto found = std::ranges::find(refs, candidate, &git::AdvertisedRef::name);
        if (found != refs.end()) {
            return &*found;
        }
    }
    return nullptr;
}

json::object ident_json(const git::Ident& ident) {
    return {{"name", printable(ident.name)},
            {"email", printable(ident.email)},
            {"time", rfc3339(ident.seconds * 1000)}};
}

/// Messages keep their line ends; what is not UTF-8 is shown as escapes.
std::string shown_text(const std::string& text) {
    return is_utf8(text) ? text : printable(text);
}

}  // namespace

Result<ProjectView> open_view(const Call& call, const auth::Permit& permit) {
    return read_store(call.around.store, [&](store::Reader& reader) -> Result<ProjectView> {
        ORIGIN_TRY(project, git::need_project(reader, permit.project()));
        ORIGIN_TRY(refs, git::read_refs(reader, permit.project()));
        ORIGIN_TRY(objects, call.around.storage.open(reader, permit.project()));
        return ProjectView{std::move(project), {objects, std::move(refs)}};
    });
}

Result<Oid> visible_commit(const ProjectView& view, std::string_view name) {
    Oid oid;
    if (const auto id = Oid::from_hex(name)) {
        if (!git::check_wants(view.fetch, {*id})) {
            return not_found(name);
        }
        oid = *id;
    } else if (const git::AdvertisedRef* ref = find_shown(view, name)) {
        oid = ref->peeled.value_or(ref->oid);
    } else {
        return not_found(name.empty() ? view.project.head : name);
    }
    const auto commit = git::commit_at(*view.fetch.objects, oid);
    if (!commit) {
        return std::unexpected(
            Error(Code::InvalidInput, "'" + printable(name) + "' is not a commit")
                .because("not_a_commit"));
    }
    return *commit;
}

Result<git::Commit> read_commit(const git::ObjectStore& objects, const Oid& oid) {
    ORIGIN_TRY(data, objects.read_as(oid, git::ObjectType::Commit));
    return git::parse_commit(data);
}

json::object commit_json(const Oid& oid, const git::Commit& commit) {
    json::array parents;
    for (const Oid& parent : commit.parents) {
        parents.emplace_back(parent.hex());
    }
    return {{"commit", oid.hex()},
            {"tree", commit.tree.hex()},
            {"parents", std::move(parents)},
            {"author", ident_json(commit.author)},
            {"committer", ident_json(commit.committer)},
            {"signed", commit.has_signature},
            {"message", shown_text(commit.message)}};
}

}  // namespace origin::api
