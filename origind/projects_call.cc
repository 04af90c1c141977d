// SPDX-License-Identifier: Apache-2.0
#include "origind/projects_call.h"

#include <cstdio>

#include <boost/json.hpp>

#include "origind/call_json.h"
#include "origind/commands.h"

namespace origin {

int call_for_projects(const ProjectsCall& call,
                      const std::function<std::string(const boost::json::object&)>& line,
                      const std::string& done) {
    const auto answer = call_json(call.data, "POST", call.target, call.body);
    if (!answer) {
        return report(answer.error());
    }
    if (call.json) {
        std::printf("%s\n", boost::json::serialize(*answer).c_str());
        return 0;
    }
    const boost::json::array& projects = answer->at("projects").as_array();
    for (const boost::json::value& each : projects) {
        std::printf("%s\n", line(each.as_object()).c_str());
    }
    std::printf("%zu projects %s\n", projects.size(), done.c_str());
    return 0;
}

}  // namespace origin
