// SPDX-License-Identifier: Apache-2.0
// /api/projects/{project}/policies: what pushes have to keep to, branch by branch.
#include <boost/json.hpp>

#include "api/answers.h"
#include "api/checks.h"
#include "api/endpoints.h"
#include "api/views.h"
#include "auth/accounts.h"
#include "auth/audit.h"
#include "auth/key_limits.h"
#include "base/limits.h"
#include "base/ref_name.h"
#include "base/utf8.h"
#include "store/rows/access.h"
#include "store/rows/policy.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::Table;

constexpr std::size_t kPoliciesMax = 50;
constexpr std::size_t kPolicyListMax = 50;  // Of pushers, of statuses.

struct PolicyBody {
    store::BranchPolicy policy;
    std::vector<std::string> pushers;  // Slugs or "cli_..."; `policy` has their ids later.
};

struct PoliciesBody {
    std::vector<PolicyBody> policies;

    static PoliciesBody read(Fields& in) {
        PoliciesBody body;
        in.objects("policies", kPoliciesMax, [&](Fields& each) {
            PolicyBody one;
            store::BranchPolicy& policy = one.policy;
            const auto list = [](std::optional<std::vector<std::string>> texts) {
                return std::move(texts).value_or(std::vector<std::string>());
            };
            policy.pattern = each.text("pattern");
            one.pushers = list(each.maybe_texts("pushers"));
            policy.no_force = each.flag("noForce");
            policy.no_delete = each.flag("noDelete");
            policy.signed_commits = each.flag("signedCommits");
            policy.linear = each.flag("linear");
            each.object("paths", [&](Fields& paths) {
                policy.allow_paths = list(paths.maybe_texts("allow"));
                policy.deny_paths = list(paths.maybe_texts("deny"));
            });
            policy.file_bytes = each.maybe_number("fileBytes", kBlobBytesMax).value_or(0);
            policy.files = static_cast<std::uint32_t>(
                each.maybe_number("files", auth::kLimitFilesMax).value_or(0));
            policy.statuses = list(each.maybe_texts("statuses"));
            body.policies.push_back(std::move(one));
        });
        return body;
    }
};

Result<ClientId> pusher_named(store::Reader& reader, const std::string& name) {
    ORIGIN_TRY(id, auth::find_client(reader, name));
    std::optional<store::ClientRow> row;
    if (id) {
        ORIGIN_TRY(found, store::get_row<store::ClientRow>(reader, Table::Clients, id->view()));
        row = std::move(found);
    }
    if (!row) {
        return std::unexpected(
            Error(Code::InvalidInput, "there is no client '" + printable(name) + "'")
                .because("unknown_client"));
    }
    return *id;
}

Status check_list(std::string_view name, const std::vector<std::string>& list) {
    if (list.size() <= kPolicyListMax) {
        return {};
    }
    return std::unexpected(Error(Code::LimitExceeded,
                                 "'" + std::string(name) + "' has more than " +
                                     std::to_string(kPolicyListMax) + " items")
                               .because("too_many_items"));
}

Result<store::BranchPolicy> checked_policy(store::Reader& reader, const PolicyBody& body) {
    store::BranchPolicy policy = body.policy;
    ORIGIN_TRY(pattern, parse_ref_pattern(policy.pattern));
    policy.pattern = std::move(pattern);
    ORIGIN_CHECK(check_list("pushers", body.pushers));
    ORIGIN_CHECK(check_list("statuses", policy.statuses));
    ORIGIN_CHECK(auth::check_path_patterns(policy.allow_paths));
    ORIGIN_CHECK(auth::check_path_patterns(policy.deny_paths));
    for (const std::string& context : policy.statuses) {
        ORIGIN_CHECK(check_status_context(context));
    }
    for (const std::string& name : body.pushers) {
        ORIGIN_TRY(id, pusher_named(reader, name));
        policy.pushers.push_back(id);
    }
    return policy;
}

Result<store::PoliciesRow> checked_policies(store::Reader& reader, const PoliciesBody& body) {
    store::PoliciesRow row;
    for (const PolicyBody& each : body.policies) {
        ORIGIN_TRY(policy, checked_policy(reader, each));
        row.policies.push_back(std::move(policy));
    }
    return row;
}

json::object policy_json(const store::BranchPolicy& policy) {
    json::array pushers;
    for (const ClientId& client : policy.pushers) {
        pushers.emplace_back(client.str());
    }
    return {{"pattern", policy.pattern},
            {"pushers", std::move(pushers)},
            {"noForce", policy.no_force},
            {"noDelete", policy.no_delete},
            {"signedCommits", policy.signed_commits},
            {"linear", policy.linear},
            {"paths",
             {{"allow", texts_json(policy.allow_paths)}, {"deny", texts_json(policy.deny_paths)}}},
            {"fileBytes", policy.file_bytes == 0 ? json::value() : json::value(policy.file_bytes)},
            {"files", policy.files == 0 ? json::value() : json::value(policy.files)},
            {"statuses", texts_json(policy.statuses)}};
}

Answer show_policies(const Call& call, const ProjectId& project) {
    ORIGIN_TRY(row, read_store(call.around.store, [&](store::Reader& reader) {
                   return store::get_row<store::PoliciesRow>(
                       reader, Table::Policies, project.view());
               }));
    json::array policies;
    for (const store::BranchPolicy& policy : row.value_or(store::PoliciesRow()).policies) {
        policies.push_back(policy_json(policy));
    }
    return json_answer(200, {{"policies", std::move(policies)}});
}

}  // namespace

BodyShape policies_shape() {
    return shape_of<PoliciesBody>();
}

Answer get_policies(const Call& call) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Read));
    return show_policies(call, permit.project());
}

Answer put_policies(const Call& call) {
    ORIGIN_TRY(body, read_body<PoliciesBody>(call.body));
    ORIGIN_TRY(permit, call.permit(auth::Action::Admin));
    const auto show = [&](const Ids&) {
        return show_policies(call, permit.project());
    };
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            store::AuditRow event = call.audit("policies.set");
            event.project = permit.project();
            event.details = {{"policies", std::to_string(body.policies.size())}};
            ORIGIN_CHECK(call.write(permit, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(auth::record_audit(writer, event));
                ORIGIN_TRY(row, checked_policies(writer, body));
                row.changed_at = event.time;
                ORIGIN_CHECK(store::put_row(writer, Table::Policies, permit.project().view(), row));
                return once.record(writer, {permit.project().str()});
            }));
            return show({});
        },
        show);
}

}  // namespace origin::api
