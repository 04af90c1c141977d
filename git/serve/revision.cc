// SPDX-License-Identifier: Apache-2.0
#include "git/serve/revision.h"

#include <algorithm>
#include <vector>

#include "base/utf8.h"
#include "git/serve/catalogue.h"
#include "git/serve/history_walk.h"

namespace origin::git {
namespace {

std::unexpected<Error> not_found(std::string_view name) {
    return std::unexpected(
        Error(Code::NotFound, "there is no branch, tag or commit '" + printable(name) + "'")
            .because("ref_not_found"));
}

/// The shown ref that a name means.
const AdvertisedRef* find_shown(const ProjectView& view, std::string_view name) {
    const std::string text(name.empty() || name == "HEAD" ? view.project.head : name);
    const auto candidates =
        text.starts_with("refs/")
            ? std::vector<std::string>{text}
            : std::vector<std::string>{"refs/heads/" + text, "refs/tags/" + text};
    for (const std::string& candidate : candidates) {
        const auto& refs = view.fetch.refs.refs;
        const auto found = std::ranges::find(refs, candidate, &AdvertisedRef::name);
        if (found != refs.end()) {
            return &*found;
        }
    }
    return nullptr;
}

}  // namespace

Result<ProjectView> open_view(store::Reader& reader, Storage& storage, const auth::Permit& permit) {
    ORIGIN_TRY(project, need_project(reader, permit.project()));
    ORIGIN_TRY(refs, read_fetch_refs(reader, permit.project()));
    ORIGIN_TRY(objects, storage.open(reader, permit.project()));
    return ProjectView{std::move(project), {objects, std::move(refs)}};
}

Result<Oid> shown_commit(const ProjectView& view, std::string_view name) {
    Oid oid;
    if (const auto id = Oid::from_hex(name)) {
        if (!check_wants(view.fetch, {*id})) {
            return not_found(name);
        }
        oid = *id;
    } else if (const AdvertisedRef* ref = find_shown(view, name)) {
        oid = ref->peeled.value_or(ref->oid);
    } else {
        return not_found(name.empty() ? view.project.head : name);
    }
    const auto commit = commit_at(*view.fetch.objects, oid);
    if (!commit) {
        return std::unexpected(
            Error(Code::InvalidInput, "'" + printable(name) + "' is not a commit")
                .because("not_a_commit"));
    }
    return *commit;
}

std::string shown_ref(const ProjectView& view, std::string_view name) {
    const AdvertisedRef* ref = Oid::from_hex(name) ? nullptr : find_shown(view, name);
    return ref == nullptr ? std::string() : ref->name;
}

}  // namespace origin::git
