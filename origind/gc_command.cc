// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include <boost/json.hpp>

#include "origind/call_json.h"
#include "origind/commands.h"

namespace origin {

int run_gc(const GcOptions& options) {
    boost::json::object body;
    if (!options.project.empty()) {
        body["project"] = options.project;
    }
    const auto answer = call_json(options.data, "POST", "/api/operator/gc", body);
    if (!answer) {
        return report(answer.error());
    }
    if (options.json) {
        std::printf("%s\n", boost::json::serialize(*answer).c_str());
        return 0;
    }
    const boost::json::array& projects = answer->at("projects").as_array();
    for (const boost::json::value& each : projects) {
        const boost::json::object& project = each.as_object();
        std::printf("%s  %s packs, were %s  %s objects dropped\n",
                    text_of(project, "name").c_str(),
                    text_of(project, "packs").c_str(),
                    text_of(project, "packsBefore").c_str(),
                    text_of(project, "objectsDropped").c_str());
    }
    std::printf("%zu projects looked after\n", projects.size());
    return 0;
}

}  // namespace origin
