// SPDX-License-Identifier: Apache-2.0
// api/views: stored rows as the JSON that the API shows.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "api/call.h"
#include "git/odb/repository.h"
#include "store/event_log.h"
#include "store/rows/deploy.h"
#include "store/rows/identity.h"
#include "store/rows/project.h"
#include "store/rows/run.h"

namespace origin::api {

/// A project's `promote`.
inline constexpr std::string_view kPromoteAll = "all";
inline constexpr std::string_view kPromoteEach = "each";

/// RFC 3339, or null for 0.
boost::json::value time_json(UnixMillis time);
/// The id's 40 digits, or null if there is none.
boost::json::value oid_json(const std::optional<Oid>& oid);
boost::json::array ids_json(const std::vector<DeploymentId>& ids);
boost::json::array texts_json(const std::vector<std::string>& texts);

/// "refs/heads/main" -> "main"; another name stays as it is.
std::string short_branch(std::string_view full);

Result<boost::json::object> project_json(store::Reader& reader,
                                         const Around& around,
                                         const ProjectId& id,
                                         const store::ProjectRow& row);

/// `url` with a ticket that opens it for kPreviewLinkKept.
std::string signed_url(const Around& around, std::string_view url);
/// A deployment's URL as one that opens: the public live site's as it is, every other one signed (a
/// label in the host name means a private preview), a provider's as it answered it.
std::string opening_url(const Around& around, const store::DeploymentRow& row);

enum class WithLog : std::uint8_t { No, Yes };
boost::json::object deployment_json(const Around& around,
                                    const ProjectId& project,
                                    const DeploymentId& id,
                                    const store::DeploymentRow& row,
                                    WithLog log);

boost::json::object client_json(const ClientId& id, const store::ClientRow& row);
boost::json::object key_json(const KeyId& id, const store::KeyRow& row);
boost::json::array conflicts_json(const std::vector<git::MergeConflict>& conflicts);

/// The opaque cursor that stands for an event's place in the log, and back.
std::string event_cursor(std::uint64_t sequence);
/// Errors: InvalidInput `bad_cursor`.
Result<std::uint64_t> read_event_cursor(std::string_view cursor);
boost::json::object event_json(const store::Event& event);

}  // namespace origin::api
