// SPDX-License-Identifier: Apache-2.0
// api/routes: the one table of what can be called. api/openapi.json says the same to the world, and
// routes_test.cc that they agree.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "json/fields.h"

namespace origin::api {

enum class Access : std::uint8_t {
    Open,      // Anybody.
    Key,       // A key, or the operator at the socket.
    Public,    // The same; of a public project anybody.
    Operator,  // The operator at the socket, or a server admin's key.
};

struct Route {
    std::string_view method;
    std::string_view path;   // "/api/projects/{project}/merge": {name} is one path segment.
    std::string_view scope;  // What the key needs, for people; the endpoint's permit decides.
    Access access;
    BodyShape (*shape)();  // Null: it takes no body.
    Answer (*handle)(const Call&);
    /// Takes the body as application/x-ndjson, too, a piece at a time. Null: it does not.
    Result<std::unique_ptr<net::BodySink>> (*stream)(std::shared_ptr<Call>) = nullptr;
    BodyShape (*line_shape)() = nullptr;  // Of its lines.
};

std::span<const Route> routes();

/// Which route a raw path means, and what its {names} stand for.
struct Match {
    const Route* route = nullptr;  // Null: no such path, or not with this method.
    std::vector<std::pair<std::string_view, std::string>> params;
    std::vector<std::string_view> methods;  // Of this path. Empty: there is no such path.
};
Match match_route(std::string_view method, std::string_view raw_path);

}  // namespace origin::api
