// SPDX-License-Identifier: Apache-2.0
#include "git/serve/admission.h"

#include <algorithm>

#include "auth/slug.h"
#include "base/limits.h"
#include "git/serve/catalogue.h"

namespace origin::git {
namespace {

/// Letters, digits, '-', '_': what a name that is merely unknown may look like. Others are no name.
bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= kSlugBytesMax && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    });
}

}  // namespace

std::optional<std::string> project_of_path(std::string_view path) {
    if (path.starts_with('/')) {
        path.remove_prefix(1);
    }
    if (path.ends_with(".git")) {
        path.remove_suffix(4);
    }
    const std::size_t slash = path.find('/');
    const bool is_id = slash == std::string_view::npos && ProjectId::parse(path);
    const bool is_full_name = slash != std::string_view::npos && is_name(path.substr(0, slash)) &&
                              is_name(path.substr(slash + 1));
    return is_id || is_full_name ? std::optional(std::string(path)) : std::nullopt;
}

Result<Admitted> Admission::admit(const auth::Identity& identity,
                                  const std::string& project,
                                  Service service) const {
    const bool reads = service != Service::ReceivePack;
    const auth::Action action = reads ? auth::Action::Read : auth::Action::Write;
    std::optional<Result<auth::Permit>> permit;
    ORIGIN_CHECK(around_.store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(found, find_project(reader, project));
        if (found) {
            permit = around_.gatekeeper.permit(reader, identity, found->id, action);
        }
        return {};
    }));
    if (permit) {
        ORIGIN_TRY(given, std::move(*permit));
        return Admitted{std::move(given), {}};
    }
    if (reads) {
        return std::unexpected(Error(Code::NotFound, "no such project"));
    }
    return admit_new(identity, project);
}

Result<Admitted> Admission::admit_new(const auth::Identity& identity,
                                      const std::string& project) const {
    const std::size_t slash = std::min(project.find('/'), project.size());
    const std::string slug = project.substr(std::min(slash + 1, project.size()));
    if (project.substr(0, slash) != identity.slug || !auth::check_slug(slug) ||
        !identity.scopes.has(auth::Scope::GitWrite)) {
        return std::unexpected(Error(Code::NotFound, "no such project"));
    }
    const auto future = ProjectId::make(around_.clock, around_.random);
    ORIGIN_TRY(permit, auth::Gatekeeper::permit_to_create(identity, future));
    return Admitted{std::move(permit), slug};
}

}  // namespace origin::git
