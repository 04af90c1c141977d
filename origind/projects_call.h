// SPDX-License-Identifier: Apache-2.0
// origind/projects_call: a command that is one operator's call for many projects. In: the call.
// Out: its JSON answer on stdout, or a line a project for people.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include <boost/json/object.hpp>

namespace origin {

struct ProjectsCall {
    std::filesystem::path data;
    std::string target;  // POST; its answer has an array "projects" of objects.
    boost::json::object body;
    bool json = false;
};

/// Prints `line` of each project, then how many there are and `done` ("looked after").
/// Returns: an exit status, as of commands.h.
int call_for_projects(const ProjectsCall& call,
                      const std::function<std::string(const boost::json::object&)>& line,
                      const std::string& done);

}  // namespace origin
