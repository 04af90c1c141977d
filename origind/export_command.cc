// SPDX-License-Identifier: Apache-2.0
#include "origind/call_json.h"
#include "origind/commands.h"
#include "origind/projects_call.h"

namespace origin {

int run_export(const ExportOptions& options) {
    std::error_code error;
    const std::string out = std::filesystem::absolute(options.out, error).string();
    const ProjectsCall call{options.data, "/api/operator/export", {{"folder", out}}, options.json};
    const auto line = [](const boost::json::object& project) {
        return text_of(project, "folder") + "  " + text_of(project, "refs") + " refs  " +
               text_of(project, "packs") + " packs";
    };
    return call_for_projects(call, line, "exported to " + out);
}

}  // namespace origin
