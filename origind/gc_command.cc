// SPDX-License-Identifier: Apache-2.0
#include "origind/call_json.h"
#include "origind/commands.h"
#include "origind/projects_call.h"

namespace origin {

int run_gc(const GcOptions& options) {
    ProjectsCall call{options.data, "/api/operator/gc", {}, options.json};
    if (!options.project.empty()) {
        call.body["project"] = options.project;
    }
    const auto line = [](const boost::json::object& project) {
        return text_of(project, "name") + "  " + text_of(project, "packs") + " packs, were " +
               text_of(project, "packsBefore") + "  " + text_of(project, "objectsDropped") +
               " objects dropped";
    };
    return call_for_projects(call, line, "looked after");
}

}  // namespace origin
