// SPDX-License-Identifier: Apache-2.0
// /api/projects/{project}/commits/{sha}/statuses: what checks say of a commit.
#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/checks.h"
#include "api/commit_view.h"
#include "api/endpoints.h"
#include "api/views.h"
#include "base/utf8.h"
#include "hooks/deployments.h"
#include "store/event_log.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"
#include "store/rows/policy.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::StatusState;
using store::Table;

constexpr std::size_t kStatusesPerCommitMax = 100;
constexpr std::size_t kStatusTextBytesMax = 1000;
constexpr std::array<std::string_view, 4> kStates = {"pending", "success", "failure", "error"};

struct StatusBody {
    std::string context;
    std::string state;
    std::optional<std::string> description;
    std::optional<std::string> target_url;

    static StatusBody read(Fields& in) {
        StatusBody body;
        body.context = in.maybe_text("context").value_or("default");
        body.state = in.text("state");
        body.description = in.maybe_text("description");
        body.target_url = in.maybe_text("targetUrl");
        return body;
    }
};

std::unexpected<Error> refuse(std::string reason, std::string why) {
    return std::unexpected(Error(Code::InvalidInput, std::move(why)).because(std::move(reason)));
}

Status check_text(std::string_view name, std::string_view text) {
    bool good = text.size() <= kStatusTextBytesMax;
    for (std::string_view rest = text; good && !rest.empty();) {
        const auto point = take_code_point(rest);
        good = point && !is_deceptive(*point);
    }
    return good ? Status()
                : refuse("bad_name",
                         "'" + std::string(name) + "' is one line of at most " +
                             std::to_string(kStatusTextBytesMax) + " bytes of UTF-8");
}

Result<store::StatusRow> plan_status(const Call& call, const StatusBody& body) {
    const auto* state = std::ranges::find(kStates, body.state);
    if (state == kStates.end()) {
        return refuse("unknown_state", "'state' is pending, success, failure or error");
    }
    ORIGIN_CHECK(check_status_context(body.context));
    if (body.context.starts_with(hooks::kDeployContexts) ||
        body.context.starts_with(hooks::kPreviewContexts)) {
        return refuse("reserved_context",
                      "contexts that begin with 'deploy/' and 'preview/' are the server's own: "
                      "they say what became of the commit's deployments");
    }
    const std::string url = body.target_url.value_or("");
    ORIGIN_CHECK(check_text("description", body.description.value_or("")));
    ORIGIN_CHECK(check_text("targetUrl", url));
    if (!url.empty() && !url.starts_with("https://") && !url.starts_with("http://")) {
        return refuse("bad_url", "'targetUrl' is an http or https URL");
    }
    return store::StatusRow{.state = static_cast<StatusState>(state - kStates.begin()),
                            .description = body.description.value_or(""),
                            .target_url = url,
                            .client = call.identity().client,
                            .updated_at = call.now()};
}

json::object status_json(std::string_view context, const store::StatusRow& row) {
    return {{"context", context},
            {"state", kStates.at(static_cast<std::size_t>(row.state))},
            {"description", row.description},
            {"targetUrl", row.target_url},
            {"clientId", row.client.str()},
            {"updatedAt", time_json(row.updated_at)}};
}

using Statuses = std::vector<std::pair<std::string, store::StatusRow>>;

/// The commit's statuses by context.
Result<Statuses> read_statuses(store::Reader& reader, const ProjectId& project, const Oid& commit) {
    const std::string prefix = store::key(project, commit);
    ORIGIN_TRY(
        rows,
        store::scan_rows<store::StatusRow>(reader, Table::Statuses, store::Range::prefix(prefix)));
    for (auto& [key, row] : rows) {
        key.erase(0, prefix.size());
    }
    return rows;
}

/// As of all of them: what is worst counts, and no status at all is pending.
StatusState combined(const Statuses& statuses) {
    const auto any = [&](StatusState state) {
        return std::ranges::any_of(statuses,
                                   [&](const auto& each) { return each.second.state == state; });
    };
    if (any(StatusState::Failure) || any(StatusState::Error)) {
        return StatusState::Failure;
    }
    return statuses.empty() || any(StatusState::Pending) ? StatusState::Pending
                                                         : StatusState::Success;
}

Result<Oid> named_commit(const Call& call, const auth::Permit& permit) {
    ORIGIN_TRY(view, open_view(call, permit));
    return shown_commit(view, call.param("sha"));
}

Status put_status(store::Writer& writer,
                  const ProjectId& project,
                  const Oid& commit,
                  const std::string& context,
                  const store::StatusRow& row) {
    ORIGIN_TRY(there, read_statuses(writer, project, commit));
    const bool is_new =
        std::ranges::none_of(there, [&](const auto& each) { return each.first == context; });
    if (is_new && there.size() >= kStatusesPerCommitMax) {
        return std::unexpected(
            Error(Code::LimitExceeded,
                  "a commit has at most " + std::to_string(kStatusesPerCommitMax) + " statuses")
                .because("too_many_items"));
    }
    ORIGIN_CHECK(
        store::put_row(writer, Table::Statuses, store::status_key(project, commit, context), row));
    json::object data = status_json(context, row);
    data["commit"] = commit.hex();
    ORIGIN_CHECK(store::append_event(writer,
                                     store::Event{.time = row.updated_at,
                                                  .type = "commit.status",
                                                  .project = project,
                                                  .client = row.client,
                                                  .data = json::serialize(data)}));
    return {};
}

}  // namespace

BodyShape status_shape() {
    return shape_of<StatusBody>();
}

Answer post_status(const Call& call) {
    ORIGIN_TRY(body, read_body<StatusBody>(call.body));
    ORIGIN_TRY(permit, call.permit(auth::Action::Write));
    if (!call.identity().limits.none()) {
        return std::unexpected(
            Error(Code::Forbidden, "a key with limits sets no statuses: they open branches")
                .because("limited_token"));
    }
    ORIGIN_TRY(row, plan_status(call, body));
    ORIGIN_TRY(commit, named_commit(call, permit));
    const auto show = [&](const Ids&) -> Answer {
        ORIGIN_TRY(now, read_store(call.around.store, [&](store::Reader& reader) {
                       return store::need_row<store::StatusRow>(
                           reader,
                           Table::Statuses,
                           store::status_key(permit.project(), commit, body.context),
                           "no such status");
                   }));
        return json_answer(201, status_json(body.context, now));
    };
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            ORIGIN_CHECK(call.write(permit, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(put_status(writer, permit.project(), commit, body.context, row));
                return once.record(writer, {commit.hex()});
            }));
            return show({});
        },
        show);
}

Answer get_statuses(const Call& call) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Read));
    ORIGIN_TRY(commit, named_commit(call, permit));
    ORIGIN_TRY(statuses, read_store(call.around.store, [&](store::Reader& reader) {
                   return read_statuses(reader, permit.project(), commit);
               }));
    json::array rows;
    for (const auto& [context, row] : statuses) {
        rows.push_back(status_json(context, row));
    }
    return json_answer(200,
                       {{"commit", commit.hex()},
                        {"state", kStates.at(static_cast<std::size_t>(combined(statuses)))},
                        {"statuses", std::move(rows)}});
}

}  // namespace origin::api
