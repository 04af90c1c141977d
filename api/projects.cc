// SPDX-License-Identifier: Apache-2.0
// /api/projects: create, list, show, change, delete.
#include <boost/json.hpp>

#include "api/answers.h"
#include "api/checks.h"
#include "api/endpoints.h"
#include "api/key_access.h"
#include "api/views.h"
#include "auth/accounts.h"
#include "auth/key_rotation.h"
#include "auth/key_text.h"
#include "auth/slug.h"
#include "base/limits.h"
#include "git/serve/catalogue.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::Table;

struct ProjectBody {
    std::string name;
    std::optional<std::string> slug;
    std::optional<std::string> client;
    std::optional<std::string> default_branch;
    bool key = false;

    static ProjectBody read(Fields& in) {
        ProjectBody body;
        body.name = in.text("name");
        body.slug = in.maybe_text("slug");
        body.client = in.maybe_text("clientId");
        body.default_branch = in.maybe_text("defaultBranch");
        body.key = in.flag("key");
        return body;
    }
};

struct ProjectChangeBody {
    std::optional<std::string> name;
    std::optional<std::string> default_branch;
    std::optional<std::vector<std::string>> protected_branches;
    std::optional<bool> is_public;
    std::optional<std::string> promote;

    static ProjectChangeBody read(Fields& in) {
        ProjectChangeBody body;
        body.name = in.maybe_text("name");
        body.default_branch = in.maybe_text("defaultBranch");
        body.protected_branches = in.maybe_texts("protectedBranches");
        body.is_public = in.maybe_flag("public");
        body.promote = in.maybe_text("promote");
        return body;
    }
};

/// Who will own the new project. Errors: Forbidden `client_mismatch`, or the scope is missing.
Result<ClientId> owner_of(const Call& call, const std::optional<std::string>& client_text) {
    ORIGIN_CHECK(auth::Gatekeeper::need(call.identity(), auth::Scope::ProjectsCreate));
    if (!call.identity().projects.empty()) {
        return std::unexpected(
            Error(Code::Forbidden, "a key bound to certain projects creates none"));
    }
    const auto client = client_text ? ClientId::parse(*client_text) : call.identity().client;
    if (client && (*client == call.identity().client || call.identity().server_admin)) {
        return *client;
    }
    return std::unexpected(Error(Code::Forbidden, "'clientId' is not the client of this key")
                               .because("client_mismatch"));
}

/// What the key that comes with a new project may do, if its maker may.
auth::Scopes project_key_scopes(const auth::Identity& maker) {
    std::uint32_t bits = 0;
    for (const auth::Scope scope : {auth::Scope::GitRead,
                                    auth::Scope::GitWrite,
                                    auth::Scope::Requirements,
                                    auth::Scope::Deploy}) {
        bits |= maker.scopes.has(scope) ? static_cast<std::uint32_t>(scope) : 0;
    }
    return auth::Scopes(bits);
}

Answer show_project(const Call& call, int status, const ProjectId& id, const json::object& extra) {
    ORIGIN_TRY(body,
               read_store(call.around.store, [&](store::Reader& reader) -> Result<json::object> {
                   ORIGIN_TRY(row, git::need_project(reader, id));
                   return project_json(reader, call.around, id, row);
               }));
    for (const auto& member : extra) {
        body.insert_or_assign(member.key(), member.value());
    }
    net::Response response = json_answer(status, body);
    if (status == 201) {
        response.headers.push_back({"Location", "/api/projects/" + id.str()});
    }
    return response;
}

/// Creates the project and, if asked for, its key. Everything was drawn before.
struct Creation {
    git::NewProject project;
    bool slug_is_given = false;
    std::optional<auth::NewKey> key;
};

Status store_creation(store::Writer& writer, Creation creation, const store::AuditRow& event) {
    if (!creation.slug_is_given) {
        ORIGIN_TRY(slug, git::free_slug(writer, creation.project.owner, creation.project.name));
        creation.project.slug = slug;
    }
    ORIGIN_CHECK(store::need_row<store::ClientRow>(
        writer, Table::Clients, creation.project.owner.view(), "no such client"));
    ORIGIN_CHECK(git::create_project(writer, creation.project));
    if (creation.key) {
        ORIGIN_TRY(row, auth::create_key(writer, *creation.key));
        ORIGIN_CHECK(auth::record_audit(writer, about_key(event, creation.key->id, row)));
    }
    return {};
}

Result<Creation> plan_creation(const Call& call, const ProjectBody& body) {
    ORIGIN_TRY(owner, owner_of(call, body.client));
    ORIGIN_TRY(head, branch_named(body.default_branch.value_or("main")));
    Creation creation{
        .project = {.id = ProjectId::make(call.around.clock, call.around.random),
                    .owner = owner,
                    .slug = body.slug.value_or(""),
                    .name = body.name,
                    .head = head.str(),
                    .actor = {call.identity().client, call.identity().key, "api"},
                    .now = call.now(),
                    .quotas = call.head.local_operator ? nullptr : call.around.pushes.quotas()},
        .slug_is_given = body.slug.has_value(),
        .key = {}};
    if (body.key) {
        const KeyId id = KeyId::make(call.around.clock, call.around.random);
        creation.key = auth::NewKey{.id = id,
                                    .text = auth::make_key_text(id, call.around.random),
                                    .client = owner,
                                    .title = "project",
                                    .scopes = project_key_scopes(call.identity()),
                                    .projects = {creation.project.id},
                                    .expires_at = auth::default_expiry(creation.project.now),
                                    .now = call.now()};
    }
    return creation;
}

/// Who may see it and how its branches are guarded is told, a new name not.
store::AuditRow change_event(const Call& call,
                             const ProjectId& project,
                             const ProjectChangeBody& body) {
    store::AuditRow event = call.audit("project.changed", project, project.str());
    if (body.is_public) {
        event.details["public"] = *body.is_public ? "true" : "false";
    }
    if (body.default_branch) {
        event.details["defaultBranch"] = *body.default_branch;
    }
    if (body.promote) {
        event.details["promote"] = *body.promote;
    }
    if (body.protected_branches) {
        std::string& all = event.details["protectedBranches"];
        for (const std::string& pattern : *body.protected_branches) {
            all += (all.empty() ? "" : " ") + pattern;
        }
    }
    return event;
}

}  // namespace

BodyShape project_shape() {
    return shape_of<ProjectBody>();
}

BodyShape project_change_shape() {
    return shape_of<ProjectChangeBody>();
}

Answer create_project(const Call& call) {
    ORIGIN_TRY(body, read_body<ProjectBody>(call.body));
    ORIGIN_TRY(creation, plan_creation(call, body));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            Ids ids = {creation.project.id.str()};
            json::object extra;
            if (creation.key) {
                ids.push_back(creation.key->id.str());
                extra = {{"keyId", ids.back()}, {"key", creation.key->text.reveal()}};
            }
            const store::AuditRow event = call.audit("key.created");
            ORIGIN_CHECK(call.write([&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(store_creation(writer, creation, event));
                return once.record(writer, ids);
            }));
            return show_project(call, 201, creation.project.id, extra);
        },
        [&](const Ids& ids) -> Answer {
            ORIGIN_TRY(id, need_id<ProjectId>(ids.front(), "project"));
            json::object extra;
            if (ids.size() > 1) {
                extra = {{"keyId", ids[1]}, {"key", nullptr}, {"secretShown", true}};
            }
            return show_project(call, 201, id, extra);
        });
}

Answer list_projects(const Call& call) {
    ORIGIN_CHECK(auth::Gatekeeper::need(call.identity(), auth::Scope::GitRead));
    ORIGIN_TRY(wish, page_wish(call));
    ORIGIN_TRY(all, call.asked_flag("all"));
    const auth::Identity& who = call.identity();
    if (all && !who.server_admin) {
        return std::unexpected(
            Error(Code::Forbidden, "only a server admin may list every client's projects"));
    }
    ORIGIN_TRY(granted, call.asked_flag("granted"));
    const PageOf of =
        all ? PageOf{.table = Table::Projects, .prefix = {}}
            : PageOf{.table = Table::Slugs,
                     .prefix = granted ? store::key(store::SlugKind::ClientGrant, who.client)
                                       : store::project_slug_key(who.client, {})};
    json::array rows;
    std::string next;
    const auto take =
        [&](store::Reader& reader, std::string_view key, std::string_view value) -> Result<bool> {
        const auto id = ProjectId::from_raw(all ? key : value);
        const bool listed = id && (who.projects.empty() ||
                                   std::ranges::find(who.projects, *id) != who.projects.end());
        if (!listed) {
            return false;
        }
        ORIGIN_TRY(found, git::find_project(reader, *id));
        if (!found) {
            return false;
        }
        ORIGIN_TRY(body, project_json(reader, call.around, *id, found->row));
        rows.push_back(std::move(body));
        return true;
    };
    ORIGIN_CHECK(call.around.store.read([&](store::Reader& reader) -> Status {
        rows.clear();
        ORIGIN_TRY(cursor,
                   read_page(reader, of, wish, [&](std::string_view key, std::string_view value) {
                       return take(reader, key, value);
                   }));
        next = cursor;
        return {};
    }));
    return page_answer("projects", std::move(rows), next);
}

Answer get_project(const Call& call) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Read));
    return show_project(call, 200, permit.project(), {});
}

Answer change_project(const Call& call) {
    ORIGIN_TRY(body, read_body<ProjectChangeBody>(call.body));
    ORIGIN_TRY(permit, call.permit(auth::Action::Admin));
    git::ProjectChange change{.name = body.name, .is_public = body.is_public, .now = call.now()};
    if (body.default_branch) {
        ORIGIN_TRY(head, branch_named(*body.default_branch));
        change.head = head.str();
    }
    if (body.protected_branches) {
        for (const std::string& pattern : *body.protected_branches) {
            ORIGIN_CHECK(parse_ref_pattern(pattern));
        }
        change.protected_branches = body.protected_branches;
    }
    if (body.promote) {
        if (*body.promote != kPromoteAll && *body.promote != kPromoteEach) {
            return std::unexpected(Error(Code::InvalidInput, "'promote' is \"all\" or \"each\"")
                                       .because("bad_promote"));
        }
        change.promotes_together = *body.promote == kPromoteAll;
    }
    const auto show = [&](const Ids&) {
        return show_project(call, 200, permit.project(), {});
    };
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const store::AuditRow event = change_event(call, permit.project(), body);
            ORIGIN_CHECK(call.write(permit, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(git::change_project(writer, permit.project(), change));
                ORIGIN_CHECK(auth::record_audit(writer, event));
                return once.record(writer, {permit.project().str()});
            }));
            return show({});
        },
        show);
}

Answer delete_project(const Call& call) {
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            ORIGIN_TRY(permit, call.permit(auth::Action::Admin));
            const store::AuditRow event =
                call.audit("project.deleted", permit.project(), permit.project().str());
            ORIGIN_CHECK(call.write(permit, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(git::delete_project(writer, permit, event.time));
                ORIGIN_CHECK(auth::record_audit(writer, event));
                return once.record(writer, {permit.project().str()});
            }));
            return no_content();
        },
        [](const Ids&) -> Answer { return no_content(); });
}

}  // namespace origin::api
