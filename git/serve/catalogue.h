// SPDX-License-Identifier: Apache-2.0
// git/serve/catalogue: which projects there are. Plain functions for a store transaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/identity.h"
#include "base/id.h"
#include "store/rows/project.h"
#include "store/store.h"

namespace origin::git {

class Quotas;

struct NewProject {
    ProjectId id;
    ClientId owner;
    std::string slug;
    std::string name;  // Empty: the slug.
    std::string head = "refs/heads/main";
    store::Actor actor;
    UnixMillis now = 0;
    const Quotas* quotas = nullptr;  // Null: none holds for who asks.
};

/// Writes the project, its slug, its site name and the event `project.created`.
/// Errors: InvalidInput (`bad_slug`, `bad_name`), Conflict (`slug_taken`), LimitExceeded
/// (`quota_exceeded`).
Result<store::ProjectRow> create_project(store::Writer& writer, const NewProject& wanted);

struct FoundProject {
    ProjectId id;
    store::ProjectRow row;
};

/// By id ("prj_...") or by "<client>/<project>"; a deleted project is not there.
Result<std::optional<FoundProject>> find_project(store::Reader& reader, std::string_view name);
Result<std::optional<FoundProject>> find_project(store::Reader& reader, const ProjectId& id);
/// Errors: NotFound.
Result<store::ProjectRow> need_project(store::Reader& reader, const ProjectId& id);

/// A free slug for `owner` that begins with `wanted`: itself, or with -2, -3 ...
Result<std::string> free_slug(store::Reader& reader,
                              const ClientId& owner,
                              std::string_view wanted);

/// "<client>/<project>": what URLs carry.
Result<std::string> full_name(store::Reader& reader, const store::ProjectRow& project);

/// What may be changed of a project; what is not named stays.
struct ProjectChange {
    std::optional<std::string> name = {};  // For people; the slug and the URLs stay.
    std::optional<std::string> head = {};  // Full ref name of a branch; it may be unborn.
    std::optional<std::vector<std::string>> protected_branches = {};
    std::optional<bool> is_public = {};
    std::optional<bool> promotes_together = {};
    UnixMillis now = 0;
};

/// Writes the event `project.updated` too. Errors: NotFound, InvalidInput (`bad_name`).
Result<store::ProjectRow> change_project(store::Writer& writer,
                                         const ProjectId& id,
                                         const ProjectChange& change);

/// Marks it deleted, frees its slug, writes the event. Its site name stays taken.
Status delete_project(store::Writer& writer, const auth::Permit& permit, UnixMillis now);

}  // namespace origin::git
