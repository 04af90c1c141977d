// SPDX-License-Identifier: Apache-2.0
#include "api/answers.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <boost/json.hpp>

#include "base/limits.h"
#include "base/utf8.h"
#include "crypto/encode.h"
#include "net/door_codes.h"
#include "net/problem.h"

namespace origin::api {
namespace {

namespace json = boost::json;

struct ReasonStatus {
    std::string_view reason;
    int status;
};

/// Well-formed requests that cannot be carried out as they are: 422. The others: as HTTP names
/// them.
constexpr auto kReasons = std::to_array<ReasonStatus>({
    {"already_satisfied", 422},
    {"api_base_not_allowed", 422},
    {"bad_action", 422},
    {"bad_encoding", 422},
    {"bad_format", 422},
    {"bad_mode", 422},
    {"bad_jwt_key", 422},
    {"bad_health", 422},
    {"bad_kid", 422},
    {"bad_name", 422},
    {"bad_path", 422},
    {"bad_pattern", 422},
    {"bad_promote", 422},
    {"bad_ref_name", 422},
    {"bad_secret", 422},
    {"bad_setting", 422},
    {"bad_signature", 422},
    {"bad_slug", 422},
    {"bad_ssh_key", 422},
    {"bad_target_name", 422},
    {"bad_time", 422},
    {"bad_url", 422},
    {"cursor_expired", 410},
    {"empty_message", 422},
    {"engine_unavailable", 422},
    {"grant_to_owner", 422},
    {"history_expired", 410},
    {"missing_path", 422},
    {"missing_secret", 422},
    {"missing_setting", 422},
    {"needs_clarification", 422},
    {"not_a_commit", 422},
    {"not_applicable", 422},
    {"not_a_file", 422},
    {"not_generated", 422},
    {"nothing_to_commit", 422},
    {"not_our_ref", 404},
    {"path_conflict", 422},
    {"path_exists", 422},
    {"platform_unavailable", 422},
    {"port_refused", 422},
    {"requirement_not_text", 422},
    {auth::kRateLimited, 429},
    {"reserved_context", 422},
    {"scope_not_for_tokens", 422},
    {"secret_found", 422},
    {"too_many_failures", 429},
    {"too_many_idempotency_keys", 429},
    {"unknown_access", 422},
    {"unknown_client", 422},
    {"unknown_scope", 422},
    {"unknown_setting", 422},
    {"unknown_state", 422},
    {"unsupported_media_type", 415},
});

}  // namespace

net::Response json_answer(int status, const json::object& body) {
    net::Response response;
    response.status = status;
    response.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
    response.body = json::serialize(body) + "\n";
    return response;
}

net::Response no_content() {
    net::Response response;
    response.status = 204;
    return response;
}

int status_of(const Error& error) {
    const auto found = std::ranges::find(kReasons, error.reason(), &ReasonStatus::reason);
    return found != kReasons.end() ? found->status : net::http_status_of(error.code());
}

net::Response problem(const Error& error, const json::object& extra) {
    const int status = status_of(error);
    net::Response response = net::problem_response(status, error);
    if (status == 401) {
        response.headers.push_back({"WWW-Authenticate", "Bearer realm=\"origind\""});
        response.headers.push_back(
            {"WWW-Authenticate", "Basic realm=\"origind\", charset=\"UTF-8\""});
    }
    if (!extra.empty()) {
        json::object body = json::parse(response.body).as_object();
        for (const auto& member : extra) {
            body.insert_or_assign(member.key(), member.value());
        }
        response.body = json::serialize(body) + "\n";
    }
    return response;
}

net::Response too_many(const auth::Excess& excess) {
    net::Response response = problem(excess.error());
    const auto wait = std::ranges::find(response.headers, "Retry-After", &net::Header::name);
    wait->value = std::to_string(excess.wait.count());
    response.headers.push_back({"RateLimit-Policy", excess.policy()});
    response.headers.push_back({"RateLimit", excess.state()});
    return response;
}

net::Response refusal(const Around& around, const net::RequestHead& head, const Error& error) {
    net::Response response = problem(error);
    if (response.status >= 500) {
        around.log.error("an API call failed",
                         {{"method", head.method},
                          {"path", head.path},
                          {"code", error.reason()},
                          {"why", error.kept_in_log()}});
    }
    return response;
}

std::string opaque(std::string_view text) {
    return crypto::base64url(text);
}

Result<std::string> not_opaque(std::string_view cursor) {
    auto text = crypto::base64url_decode(cursor);
    if (!text || text->empty()) {
        return std::unexpected(
            Error(Code::InvalidInput, "this cursor was not given out here").because("bad_cursor"));
    }
    return std::move(*text);
}

Result<PageWish> page_wish(const Call& call) {
    PageWish wish{.limit = kPageRowsDefault, .after = {}};
    if (const auto limit = call.query.get("limit")) {
        const char* const end = limit->data() + limit->size();
        const auto parsed =
            std::from_chars(limit->data(), limit->data() + limit->size(), wish.limit);
        if (parsed.ec != std::errc() || parsed.ptr != end || wish.limit == 0 ||
            wish.limit > kPageRowsMax) {
            return std::unexpected(
                Error(Code::InvalidInput,
                      "'limit' is a number from 1 to " + std::to_string(kPageRowsMax))
                    .because("bad_limit"));
        }
    }
    if (const auto cursor = call.query.get("cursor")) {
        ORIGIN_TRY(after, not_opaque(*cursor));
        wish.after = after;
    }
    return wish;
}

Result<std::string> read_page(store::Reader& reader,
                              const PageOf& of,
                              const PageWish& wish,
                              const TakeRow& take) {
    store::Range range = store::Range::prefix(of.prefix);
    range.from = std::max(range.from, of.from);
    if (!wish.after.empty()) {
        if (!wish.after.starts_with(of.prefix)) {
            return std::unexpected(Error(Code::InvalidInput, "this cursor belongs to another list")
                                       .because("bad_cursor"));
        }
        (of.order == Order::Rising ? range.from : range.to) = wish.after;
    }
    std::string last;
    std::string next;
    std::size_t taken = 0;
    std::size_t seen = 0;
    Status status;
    const auto visit = [&](std::string_view key, std::string_view value) {
        if (key == wish.after) {
            return true;
        }
        if (taken == wish.limit || seen == kPageScanMax) {
            next = opaque(last);
            return false;
        }
        ++seen;
        last = key;
        const auto row = take(key, value);
        if (!row) {
            status = std::unexpected(row.error());
            return false;
        }
        taken += *row ? 1 : 0;
        return true;
    };
    ORIGIN_CHECK(of.order == Order::Rising ? reader.scan(of.table, range, visit)
                                           : reader.scan_back(of.table, range, visit));
    ORIGIN_CHECK(status);
    return next;
}

net::Response page_answer(std::string_view name, json::array rows, const std::string& next) {
    json::object body;
    body[name] = std::move(rows);
    body["nextCursor"] = next.empty() ? json::value(nullptr) : json::value(next);
    return json_answer(200, body);
}

}  // namespace origin::api
