// SPDX-License-Identifier: Apache-2.0
// hooks/github_things: repositories, users and commits as GitHub's payloads describe them.
// Fields without a meaning here have the empty value of their type; URLs lead to our API.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "auth/urls.h"
#include "git/odb/object_store.h"
#include "store/rows/identity.h"
#include "store/rows/project.h"

namespace origin::hooks {

inline constexpr std::size_t kGithubFilesMax = 300;  // Changed ones that are told of a commit.

struct GithubClient {
    ClientId id;
    store::ClientRow row;
};
struct GithubProject {
    ProjectId id;
    store::ProjectRow row;
    GithubClient owner;
};

/// A whole number that stands for an id where GitHub has one: below 2^53, as JSON readers need.
std::int64_t github_number(std::string_view raw_id);

boost::json::object github_user(const auth::Urls& urls, const GithubClient& client);
boost::json::object github_repository(const auth::Urls& urls, const GithubProject& project);
/// "https://.../api/projects/prj_..."
std::string github_repository_url(const auth::Urls& urls, const ProjectId& id);

/// With the files it changed against its first parent. nullopt: it cannot be read.
/// Blocks: reads the commit and two trees.
std::optional<boost::json::object> github_commit(const auth::Urls& urls,
                                                 const ProjectId& project,
                                                 const git::ObjectStoreRef& objects,
                                                 const Oid& commit);

}  // namespace origin::hooks
