// SPDX-License-Identifier: Apache-2.0
// /api/projects/{project}/{targets,rules}: where a project deploys, and which branches go there.
#include <algorithm>

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/checks.h"
#include "api/endpoints.h"
#include "api/views.h"
#include "base/limits.h"
#include "deploy/connectors.h"
#include "deploy/local_site.h"
#include "deploy/releases.h"
#include "git/serve/catalogue.h"
#include "hooks/deployments.h"
#include "hooks/target_secret.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::Table;

constexpr std::uint64_t kHttpStatusMax = 599;
constexpr std::size_t kHealthPathBytesMax = 1024;
constexpr std::size_t kHealthTextBytesMax = 200;

store::HealthCheck read_health(Fields& in) {
    store::HealthCheck health;
    health.path = in.text("path");
    health.status = static_cast<std::uint32_t>(
        in.maybe_number("status", kHttpStatusMax).value_or(health.status));
    health.text = in.maybe_text("text").value_or("");
    health.roll_back = in.flag("rollBack");
    return health;
}

struct TargetBody {
    std::string connector;
    std::optional<std::string> publish_root;
    std::map<std::string, std::string> settings;
    std::optional<Secret> secret;              // Empty text: none from now on. Absent: as it was.
    std::optional<store::HealthCheck> health;  // Absent: nobody looks.

    static TargetBody read(Fields& in) {
        TargetBody body;
        body.connector = in.text("connector");
        body.publish_root = in.maybe_text("publishRoot");
        body.settings = in.text_map("settings");
        if (auto secret = in.maybe_text("secret")) {
            body.secret.emplace(std::move(*secret));
        }
        in.object("health", [&](Fields& health) { body.health = read_health(health); });
        return body;
    }
};

struct RuleBody {
    std::string pattern;
    std::string target;
    bool preview = false;

    static RuleBody read(Fields& in) {
        RuleBody body;
        body.pattern = in.text("pattern");
        body.target = in.text("target");
        body.preview = in.flag("preview");
        return body;
    }
};

json::value health_json(const store::HealthCheck& health) {
    if (health.path.empty()) {
        return nullptr;
    }
    return json::object{{"path", health.path},
                        {"status", health.status},
                        {"text", health.text},
                        {"rollBack", health.roll_back}};
}

Status check_health(const std::optional<store::HealthCheck>& health) {
    if (!health) {
        return {};
    }
    const bool good_path =
        health->path.starts_with('/') && !health->path.starts_with("//") &&
        health->path.size() <= kHealthPathBytesMax &&
        std::ranges::all_of(health->path, [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
    if (!good_path) {
        return std::unexpected(
            Error(Code::InvalidInput, "'health.path' is a path of the site, like '/healthz'")
                .because("bad_path"));
    }
    if (health->status < 100 || health->text.size() > kHealthTextBytesMax) {
        return std::unexpected(
            Error(Code::InvalidInput,
                  "'health.status' is 100 to 599, 'health.text' at most 200 bytes")
                .because("bad_health"));
    }
    return {};
}

Result<json::object> target_json(store::Reader& reader,
                                 const Around& around,
                                 const ProjectId& project,
                                 std::string_view name,
                                 const store::TargetRow& row) {
    ORIGIN_TRY(owner, git::need_project(reader, project));
    std::string url;
    if (row.connector == deploy::kLocal) {
        url = deploy::live_url(around.urls, owner.site, name);
        url = deploy::access_of(row, name) == website::Access::Link ? signed_url(around, url) : url;
    } else if (row.live) {
        ORIGIN_TRY(live, hooks::need_deployment(reader, project, *row.live));
        url = live.url;
    }
    return json::object{{"target", name},
                        {"projectId", project.str()},
                        {"connector", row.connector},
                        {"settings", json::value_from(row.settings)},
                        {"publishRoot", row.publish_root},
                        {"hasSecret", !row.sealed_secret.empty()},
                        {"live", row.live ? json::value(row.live->str()) : json::value(nullptr)},
                        {"releases", row.releases},
                        {"health", health_json(row.health)},
                        {"url", url.empty() ? json::value(nullptr) : json::value(url)},
                        {"createdAt", time_json(row.created_at)}};
}

Answer show_target(const Call& call, const ProjectId& project, const std::string& name) {
    ORIGIN_CHECK(check_target_name(name));
    ORIGIN_TRY(
        body, read_store(call.around.store, [&](store::Reader& reader) -> Result<json::object> {
            ORIGIN_TRY(
                row,
                store::need_row<store::TargetRow>(
                    reader, Table::Targets, store::target_key(project, name), "no such target"));
            return target_json(reader, call.around, project, name, row);
        }));
    return json_answer(200, body);
}

/// A folder of the tree: a relative path without anything odd in it; empty is the tree itself.
Status check_publish_root(std::string_view folder) {
    bool good = folder.size() <= kPathBytesMax && !folder.starts_with('/');
    while (good && !folder.empty()) {
        const std::string_view part = folder.substr(0, folder.find('/'));
        good = !part.empty() && !part.starts_with('.') && !part.contains('\\');
        folder.remove_prefix(std::min(folder.size(), part.size() + 1));
    }
    if (good) {
        return {};
    }
    return std::unexpected(
        Error(Code::InvalidInput, "'publishRoot' is a folder of the repository, like 'site/public'")
            .because("bad_path"));
}

json::object rule_json(const store::RuleRow& row) {
    return {{"pattern", row.pattern},
            {"target", row.target},
            {"preview", row.preview},
            {"createdAt", time_json(row.created_at)}};
}

/// What a target is to become. The secret is sealed before: a write may run twice.
struct NewTarget {
    ProjectId project;
    std::string name;
    const TargetBody& body;
    std::optional<std::string> sealed_secret;
    UnixMillis now = 0;
    bool by_operator = false;
};

std::unexpected<Error> target_busy() {
    return std::unexpected(
        Error(Code::Conflict, "a deployment to this target is under way: wait or cancel it")
            .because("target_busy"));
}

Status put_target_row(store::Writer& writer, const Around& around, const NewTarget& wanted) {
    const std::string key = store::target_key(wanted.project, wanted.name);
    ORIGIN_TRY(old, store::get_row<store::TargetRow>(writer, Table::Targets, key));
    store::TargetRow row = old.value_or(store::TargetRow{});
    row.created_at = old ? old->created_at : wanted.now;
    if (old && old->connector != wanted.body.connector && old->job) {
        return target_busy();
    }
    row.connector = wanted.body.connector;
    row.settings = wanted.body.settings;
    row.publish_root = wanted.body.publish_root.value_or("");
    row.health = wanted.body.health.value_or(store::HealthCheck{});
    if (wanted.sealed_secret) {
        row.sealed_secret = *wanted.sealed_secret;
    }
    ORIGIN_CHECK(around.connectors.check(row.connector, row.settings, !row.sealed_secret.empty()));
    if (row.connector == deploy::kLocal && !row.health.path.empty() &&
        deploy::access_of(row, wanted.name) != website::Access::Public) {
        return std::unexpected(
            Error(Code::InvalidInput,
                  "a health check has neither a password nor a link: it needs 'access' public")
                .because("bad_health"));
    }
    const store::TargetRow before = old.value_or(store::TargetRow{});
    ORIGIN_CHECK(deploy::claim_hosts(
        writer, around.urls, {wanted.project, wanted.name, before, row, wanted.by_operator}));
    return store::put_row(writer, Table::Targets, key, row);
}

Result<std::optional<std::string>> sealed_secret(const Call& call,
                                                 const ProjectId& project,
                                                 const std::string& target,
                                                 const std::optional<Secret>& secret) {
    if (!secret) {
        return std::optional<std::string>();
    }
    ORIGIN_CHECK(check_target_secret(*secret));
    return std::optional(
        secret->empty()
            ? std::string()
            : hooks::seal_target_secret(
                  call.around.master_key, project, target, *secret, call.around.random));
}

}  // namespace

BodyShape target_shape() {
    return shape_of<TargetBody>();
}

BodyShape rule_shape() {
    return shape_of<RuleBody>();
}

Answer list_targets(const Call& call) {
    ORIGIN_TRY(permit, call.permit_to_look());
    ORIGIN_TRY(wish, page_wish(call));
    const ProjectId project = permit.project();
    json::array rows;
    ORIGIN_TRY(
        next, read_store(call.around.store, [&](store::Reader& reader) {
            rows.clear();
            return read_page(
                reader,
                {.table = Table::Targets, .prefix = std::string(project.view())},
                wish,
                [&](std::string_view key, std::string_view value) -> Result<bool> {
                    ORIGIN_TRY(row, store::decode<store::TargetRow>(value));
                    ORIGIN_TRY(
                        body, target_json(reader, call.around, project, key.substr(kIdBytes), row));
                    rows.push_back(std::move(body));
                    return true;
                });
        }));
    return page_answer("targets", std::move(rows), next);
}

Answer get_target(const Call& call) {
    ORIGIN_TRY(permit, call.permit_to_look());
    return show_target(call, permit.project(), call.param("target"));
}

Answer put_target(const Call& call) {
    ORIGIN_TRY(body, read_body<TargetBody>(call.body));
    ORIGIN_TRY(permit, call.permit(auth::Action::Deploy));
    const std::string& name = call.param("target");
    ORIGIN_CHECK(check_target_name(name));
    ORIGIN_CHECK(check_publish_root(body.publish_root.value_or("")));
    const ProjectId project = permit.project();
    ORIGIN_TRY(sealed, sealed_secret(call, project, name, body.secret));
    ORIGIN_CHECK(check_health(body.health));
    const NewTarget wanted{project, name, body, sealed, call.now(), call.head.local_operator};
    const auto show = [&](const Ids&) {
        return show_target(call, project, name);
    };
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            store::AuditRow event = call.audit("target.set", project, name);
            event.details = {{"connector", body.connector}};
            ORIGIN_CHECK(call.write(permit, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(put_target_row(writer, call.around, wanted));
                ORIGIN_CHECK(auth::record_audit(writer, event));
                return once.record(writer, {name});
            }));
            return show({});
        },
        show);
}

Answer delete_target(const Call& call) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Deploy));
    const std::string& name = call.param("target");
    ORIGIN_CHECK(check_target_name(name));
    const ProjectId project = permit.project();
    const store::AuditRow event = call.audit("target.removed", project, name);
    ORIGIN_CHECK(call.write(permit, [&](store::Writer& writer) -> Status {
        const std::string key = store::target_key(project, name);
        ORIGIN_TRY(row, store::get_row<store::TargetRow>(writer, Table::Targets, key));
        if (!row) {
            return {};  // Twice is once: no key is needed for that.
        }
        if (row->job) {
            return target_busy();
        }
        const store::Range its = store::Range::prefix(store::key(project, store::Label{name}));
        ORIGIN_TRY(rules, store::scan_rows<store::RuleRow>(writer, Table::Rules, its));
        for (const auto& [rule, ignored] : rules) {
            ORIGIN_CHECK(writer.erase(Table::Rules, rule));
        }
        ORIGIN_TRY(previews, store::scan_rows<store::PreviewRow>(writer, Table::Previews, its));
        for (const auto& [preview, ignored] : previews) {
            ORIGIN_CHECK(writer.erase(Table::Previews, preview));
        }
        ORIGIN_CHECK(deploy::claim_hosts(writer, call.around.urls, {project, name, *row, {}}));
        ORIGIN_CHECK(auth::record_audit(writer, event));
        return writer.erase(Table::Targets, key);
    }));
    return no_content();
}

Answer list_rules(const Call& call) {
    ORIGIN_TRY(permit, call.permit_to_look());
    ORIGIN_TRY(wish, page_wish(call));
    const std::string prefix(permit.project().view());
    json::array rows;
    ORIGIN_TRY(next, read_store(call.around.store, [&](store::Reader& reader) {
                   rows.clear();
                   return read_page(reader,
                                    {.table = Table::Rules, .prefix = prefix},
                                    wish,
                                    [&](std::string_view, std::string_view value) -> Result<bool> {
                                        ORIGIN_TRY(row, store::decode<store::RuleRow>(value));
                                        rows.push_back(rule_json(row));
                                        return true;
                                    });
               }));
    return page_answer("rules", std::move(rows), next);
}

Answer put_rule(const Call& call) {
    ORIGIN_TRY(body, read_body<RuleBody>(call.body));
    ORIGIN_TRY(permit, call.permit(auth::Action::Deploy));
    ORIGIN_CHECK(check_target_name(body.target));
    ORIGIN_TRY(pattern, parse_ref_pattern(body.pattern));
    const ProjectId project = permit.project();
    const std::string key = store::rule_key(project, body.target, pattern);
    const auto show = [&](const Ids&) -> Answer {
        ORIGIN_TRY(row, read_store(call.around.store, [&](store::Reader& reader) {
                       return store::need_row<store::RuleRow>(
                           reader, Table::Rules, key, "no such rule");
                   }));
        return json_answer(200, rule_json(row));
    };
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const store::RuleRow row{pattern, body.target, call.now(), body.preview};
            store::AuditRow event = call.audit("rule.set", project, pattern);
            event.details = {{"target", body.target}};
            ORIGIN_CHECK(call.write(permit, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(
                    store::need_row<store::TargetRow>(writer,
                                                      Table::Targets,
                                                      store::target_key(project, body.target),
                                                      "no such target"));
                ORIGIN_CHECK(hooks::put_rule(writer, project, row));
                ORIGIN_CHECK(auth::record_audit(writer, event));
                return once.record(writer, {pattern});
            }));
            return show({});
        },
        show);
}

Answer delete_rule(const Call& call) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Deploy));
    const std::string target(call.asked("target"));
    ORIGIN_CHECK(check_target_name(target));
    ORIGIN_TRY(pattern, parse_ref_pattern(call.asked("pattern")));
    const std::string key = store::rule_key(permit.project(), target, pattern);
    store::AuditRow event = call.audit("rule.removed", permit.project(), pattern);
    event.details = {{"target", target}};
    ORIGIN_CHECK(call.write(permit, [&](store::Writer& writer) -> Status {
        ORIGIN_TRY(row, writer.get(Table::Rules, key));
        if (!row) {
            return {};  // Twice is once: no key is needed for that.
        }
        ORIGIN_CHECK(auth::record_audit(writer, event));
        return writer.erase(Table::Rules, key);
    }));
    return no_content();
}

}  // namespace origin::api
