// SPDX-License-Identifier: Apache-2.0
// deploy/vercel_api: Vercel's API as its connector calls it: whose project, which deployment.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "base/result.h"
#include "deploy/provider_api.h"

namespace origin::deploy::vercel {

// What is remembered of a deployment: of its project.
inline constexpr std::string_view kProject = "project";  // Its id.
inline constexpr std::string_view kName = "name";        // Its name.
/// Names our deployment in the provider's `meta`.
inline constexpr const char* kMeta = "origindDeployment";

ProviderApi api_of(const net::HttpClient& client, Task& task);
/// The path, its query, and whose team the project is.
std::string at_team(Task& task, std::string path);
std::string project_path(Task& task, std::string_view version);
/// Remembers the project's id and name. Errors: NotFound `provider_has_none`.
Status look_at_project(ProviderApi& api, Task& task);
void take_addresses(Task& task, const boost::json::value& deployment);
/// What may have been made by a call whose answer was lost. Returns: it was.
Result<bool> find_again(ProviderApi& api, Task& task);

}  // namespace origin::deploy::vercel
