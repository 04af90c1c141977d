// SPDX-License-Identifier: Apache-2.0
// /api/projects/{project}/gates: what a push is asked beside policies: the secret scan, and a gate
// of the project's own.
#include <boost/json.hpp>

#include "api/answers.h"
#include "api/endpoints.h"
#include "api/views.h"
#include "hooks/external_gate.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::Table;

struct GatesBody {
    std::optional<bool> secret_scan;
    std::optional<std::string> url;
    std::optional<Secret> secret;  // Absent: as it was.
    std::optional<std::string> on_failure;
    std::optional<std::uint64_t> timeout_ms;

    static GatesBody read(Fields& in) {
        GatesBody body;
        body.secret_scan = in.maybe_flag("secretScan");
        body.url = in.maybe_text("url");
        if (auto secret = in.maybe_text("secret")) {
            body.secret.emplace(std::move(*secret));
        }
        body.on_failure = in.maybe_text("onFailure");
        body.timeout_ms =
            in.maybe_number("timeoutMs", static_cast<std::uint64_t>(hooks::kGateWaitMax.count()));
        return body;
    }
};

std::unexpected<Error> refuse(std::string reason, std::string why) {
    return std::unexpected(Error(Code::InvalidInput, std::move(why)).because(std::move(reason)));
}

/// All but the secret.
Result<store::GatesRow> checked(const Call& call, const GatesBody& body) {
    store::GatesRow row;
    row.no_secret_scan = !body.secret_scan.value_or(true);
    row.url = body.url.value_or("");
    if (!row.url.empty()) {
        ORIGIN_CHECK(net::check_outbound_url(row.url, call.around.outbound));
    }
    const std::string on_failure = body.on_failure.value_or("closed");
    if (on_failure != "closed" && on_failure != "open") {
        return refuse("bad_action", "'onFailure' is \"closed\" or \"open\"");
    }
    row.fail_open = on_failure == "open";
    const std::uint64_t wait =
        body.timeout_ms.value_or(static_cast<std::uint64_t>(hooks::kGateWait.count()));
    if (wait < static_cast<std::uint64_t>(hooks::kGateWaitMin.count())) {
        return refuse("bad_time", "'timeoutMs' is 100 to 10000");
    }
    row.wait_ms = static_cast<std::uint32_t>(wait);
    row.changed_at = call.now();
    return row;
}

Answer show_gates(const Call& call, const ProjectId& project) {
    ORIGIN_TRY(stored, read_store(call.around.store, [&](store::Reader& reader) {
                   return store::get_row<store::GatesRow>(reader, Table::Gates, project.view());
               }));
    store::GatesRow row = stored.value_or(store::GatesRow());
    if (!stored) {
        row.wait_ms = static_cast<std::uint32_t>(hooks::kGateWait.count());
    }
    return json_answer(200,
                       {{"secretScan", !row.no_secret_scan},
                        {"url", row.url.empty() ? json::value() : json::value(row.url)},
                        {"hasSecret", !row.sealed_secret.empty()},
                        {"onFailure", row.fail_open ? "open" : "closed"},
                        {"timeoutMs", row.wait_ms}});
}

/// Sealed before: a write may run twice.
Result<std::string> sealed_secret(const Call& call,
                                  const ProjectId& project,
                                  const std::optional<Secret>& given) {
    if (!given || given->reveal().empty()) {
        return std::string();
    }
    ORIGIN_TRY(raw, hooks::read_gate_secret(given->reveal()));
    return hooks::seal_gate_secret(
        call.around.master_key, project, Secret(std::move(raw)), call.around.random);
}

}  // namespace

BodyShape gates_shape() {
    return shape_of<GatesBody>();
}

Answer get_gates(const Call& call) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Admin));
    return show_gates(call, permit.project());
}

Answer put_gates(const Call& call) {
    ORIGIN_TRY(body, read_body<GatesBody>(call.body));
    ORIGIN_TRY(permit, call.permit(auth::Action::Admin));
    const ProjectId project = permit.project();
    ORIGIN_TRY(wanted, checked(call, body));
    ORIGIN_TRY(sealed, sealed_secret(call, project, body.secret));
    const auto show = [&](const Ids&) {
        return show_gates(call, project);
    };
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            store::AuditRow event = call.audit("gates.set");
            event.project = project;
            event.details = {{"secretScan", wanted.no_secret_scan ? "false" : "true"},
                             {"external", wanted.url.empty() ? "none" : "set"},
                             {"onFailure", wanted.fail_open ? "open" : "closed"}};
            ORIGIN_CHECK(call.write(permit, [&](store::Writer& writer) -> Status {
                store::GatesRow row = wanted;
                ORIGIN_TRY(old,
                           store::get_row<store::GatesRow>(writer, Table::Gates, project.view()));
                const bool keeps = !row.url.empty() && sealed.empty() && old;
                row.sealed_secret = keeps ? old->sealed_secret : row.url.empty() ? "" : sealed;
                if (!row.url.empty() && row.sealed_secret.empty()) {
                    return refuse("bad_secret", "a gate's requests are signed: give a 'secret'");
                }
                ORIGIN_CHECK(store::put_row(writer, Table::Gates, project.view(), row));
                ORIGIN_CHECK(auth::record_audit(writer, event));
                return once.record(writer, {project.str()});
            }));
            return show({});
        },
        show);
}

}  // namespace origin::api
