// SPDX-License-Identifier: Apache-2.0
#include "origind/command_line.h"

#include <fstream>
#include <iterator>

namespace origin {

void add_data(CLI::App& command, std::filesystem::path& data) {
    command.add_option("--data", data, "the data folder")->required();
}

void add_json(CLI::App& command, bool& json) {
    command.add_flag("--json", json, "answer with JSON, for programs");
}

boost::json::object given_of(boost::json::object object) {
    for (auto member = object.begin(); member != object.end();) {
        const bool is_empty =
            (member->value().is_string() && member->value().get_string().empty()) ||
            (member->value().is_array() && member->value().get_array().empty());
        member = is_empty ? object.erase(member) : std::next(member);
    }
    return object;
}

std::string json_of(boost::json::object object) {
    return boost::json::serialize(given_of(std::move(object)));
}

void add_end(CLI::App& command, Options& o) {
    CLI::Option* expires = command.add_option(
        "--expires", o.expires, "when it ends: 2026-11-22T12:34:56Z; default: in a year");
    command.add_flag("--no-expiry", o.no_expiry, "it never ends")->excludes(expires);
}

boost::json::object with_end(boost::json::object body, const Options& o) {
    if (o.no_expiry) {
        body["expiresAt"] = nullptr;
    } else if (!o.expires.empty()) {
        body["expiresAt"] = o.expires;
    }
    return body;
}

boost::json::array array_of(const std::vector<std::string>& texts) {
    boost::json::array array;
    for (const std::string& text : texts) {
        array.emplace_back(text);
    }
    return array;
}

std::string text_of_file(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

void add_call(CLI::App& group,
              Options& o,
              const Named& named,
              const std::function<void(CLI::App&)>& options,
              std::function<void(ApiCall&)> fill) {
    CLI::App* command = group.add_subcommand(named.name, named.help);
    add_data(*command, o.call.data);
    add_json(*command, o.call.json);
    options(*command);
    command->callback([&o, fill = std::move(fill)] {
        fill(o.call);
        o.status = run_api_call(o.call);
    });
}

}  // namespace origin
