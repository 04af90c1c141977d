// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include <boost/json.hpp>

#include "origind/call_json.h"
#include "origind/commands.h"

namespace origin {

int run_export(const ExportOptions& options) {
    std::error_code error;
    const std::filesystem::path out = std::filesystem::absolute(options.out, error);
    const auto answer =
        call_json(options.data, "POST", "/api/operator/export", {{"folder", out.string()}});
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
        std::printf("%s  %s refs  %s packs\n",
                    text_of(project, "folder").c_str(),
                    text_of(project, "refs").c_str(),
                    text_of(project, "packs").c_str());
    }
    std::printf("%zu projects exported to %s\n", projects.size(), out.c_str());
    return 0;
}

}  // namespace origin
