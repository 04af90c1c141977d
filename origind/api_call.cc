// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <boost/json.hpp>

#include "api/in_process.h"
#include "net/http_client.h"
#include "origind/caller.h"
#include "origind/commands.h"

namespace origin {
namespace {

std::string text_of_value(const boost::json::value& value) {
    return value.is_string() ? std::string(value.get_string()) : boost::json::serialize(value);
}

void print_row(const boost::json::object& row, const std::vector<std::string>& columns) {
    std::string line;
    for (const std::string& column : columns) {
        const auto* value = row.if_contains(column);
        line += (line.empty() ? "" : "  ") +
                (value != nullptr ? text_of_value(*value) : std::string("-"));
    }
    std::printf("%s\n", line.c_str());
}

/// Lists come as an object with one array in it; everything else is one row.
void print_for_people(const boost::json::value& answer, const ApiCall& call) {
    const std::vector<std::string>& columns = call.columns;
    if (!answer.is_object()) {
        std::printf("%s\n", boost::json::serialize(answer).c_str());
        return;
    }
    const boost::json::object& object = answer.get_object();
    const auto list = std::ranges::find_if(object, [&](const auto& member) {
        return member.value().is_array() && (call.list.empty() || member.key() == call.list);
    });
    const bool is_list = list != object.end() &&
                         object.if_contains(columns.empty() ? "" : columns.front()) == nullptr;
    if (!is_list) {
        for (const auto& member : object) {
            std::printf("%s: %s\n",
                        std::string(member.key()).c_str(),
                        text_of_value(member.value()).c_str());
        }
        return;
    }
    for (const boost::json::value& row : list->value().get_array()) {
        if (row.is_object()) {
            print_row(row.get_object(), columns);
        }
    }
}

}  // namespace

int report(const Error& error) {
    const std::string& detail = error.kept_in_log();
    std::fprintf(stderr,
                 "origind: %s%s\n",
                 error.told_to_peer().c_str(),
                 detail.empty() ? "" : (" (" + detail + ")").c_str());
    static constexpr std::string_view kConfigReasons[] = {"bad_setting",
                                                          "bad_config",
                                                          "data_folder_in_use",
                                                          "newer_format",
                                                          "bad_address",
                                                          "cannot_listen",
                                                          "bad_certificate",
                                                          "master_key_exposed",
                                                          "not_initialised",
                                                          "network_folder",
                                                          "damaged_store",
                                                          "master_key_damaged",
                                                          "master_key_missing",
                                                          "master_key_twice",
                                                          "master_key_wrong",
                                                          "bad_host_key",
                                                          "no_data_folder"};
    const bool config =
        std::ranges::find(kConfigReasons, error.reason()) != std::end(kConfigReasons);
    return config ? kExitConfig : kExitFailed;
}

int run_api_call(const ApiCall& call) {
    const auto answer = call_api(call.data, call.method, call.target, call.body);
    if (!answer) {
        return report(answer.error());
    }
    boost::system::error_code error;
    const boost::json::value body = boost::json::parse(answer->body, error);
    if (answer->status >= 400) {
        const auto* detail =
            !error && body.is_object() ? body.get_object().if_contains("detail") : nullptr;
        std::fprintf(stderr,
                     "origind: %s\n",
                     detail != nullptr ? text_of_value(*detail).c_str() : answer->body.c_str());
        return kExitFailed;
    }
    if (call.json || error) {
        std::printf("%s\n", answer->body.c_str());
    } else {
        print_for_people(body, call);
    }
    return 0;
}

}  // namespace origin
