// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>

#include <boost/json.hpp>

#include "net/http_text.h"
#include "origind/call_json.h"
#include "origind/commands.h"

namespace origin {
namespace {

namespace json = boost::json;

std::string query_of(const AuditOptions& options, const std::string& cursor) {
    std::string query = "?limit=200";
    const std::pair<std::string_view, const std::string&> asked[] = {{"since", options.since},
                                                                     {"type", options.type},
                                                                     {"clientId", options.client},
                                                                     {"cursor", cursor}};
    for (const auto& [name, value] : asked) {
        if (!value.empty()) {
            query += "&" + std::string(name) + "=" + net::percent_encode(value);
        }
    }
    return query;
}

/// Every page, the oldest event first.
Result<json::array> read_all(const AuditOptions& options) {
    json::array events;
    std::string cursor;
    do {
        ORIGIN_TRY(page,
                   call_json(options.data, "GET", "/api/audit" + query_of(options, cursor), {}));
        const json::value* rows = page.if_contains("audit");
        if (rows == nullptr || !rows->is_array()) {
            return std::unexpected(Error(Code::Internal, "the server gave a strange answer"));
        }
        for (const json::value& row : rows->get_array()) {
            events.push_back(row);
        }
        const json::value* next = page.if_contains("nextCursor");
        cursor = next != nullptr && next->is_string() ? std::string(next->get_string()) : "";
    } while (!cursor.empty());
    std::ranges::reverse(events);
    return events;
}

std::string who_of(const json::object& event) {
    const json::value* actor = event.if_contains("actor");
    std::string who;
    if (actor != nullptr && actor->is_object()) {
        const json::object& by = actor->get_object();
        for (const char* name : {"clientId", "keyId"}) {
            const std::string id = text_of(by, name);
            who += id.empty() || id == "null" ? "" : id + " ";
        }
        const std::string from = text_of(by, "from");
        who +=
            "via " + text_of(by, "via") + (from.empty() || from == "null" ? "" : " from " + from);
    }
    return who;
}

/// "2026-11-22T12:34:56.789Z  key.created  cli_... via api from 192.0.2.1  key_...  title=ci"
std::string line_of(const json::object& event) {
    std::string line =
        text_of(event, "time") + "  " + text_of(event, "type") + "  " + who_of(event);
    for (const char* name : {"clientId", "projectId", "subject"}) {
        const std::string text = text_of(event, name);
        line += text.empty() || text == "null" ? "" : "  " + text;
    }
    if (const json::value* details = event.if_contains("details");
        details != nullptr && details->is_object()) {
        for (const auto& member : details->get_object()) {
            line += "  " + std::string(member.key()) + "=" +
                    text_of(details->get_object(), member.key());
        }
    }
    const std::string count = text_of(event, "count");
    return count.empty() || count == "1" ? line : line + "  (" + count + " times)";
}

}  // namespace

int run_audit(const AuditOptions& options) {
    const auto events = read_all(options);
    if (!events) {
        return report(events.error());
    }
    if (options.json) {
        std::printf("%s\n", json::serialize(json::object{{"audit", *events}}).c_str());
        return 0;
    }
    for (const json::value& event : *events) {
        if (event.is_object()) {
            std::printf("%s\n", line_of(event.get_object()).c_str());
        }
    }
    return 0;
}

}  // namespace origin
