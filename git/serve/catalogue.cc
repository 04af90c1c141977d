// SPDX-License-Identifier: Apache-2.0
#include "git/serve/catalogue.h"

#include <boost/json.hpp>

#include "auth/accounts.h"
#include "auth/grants.h"
#include "auth/slug.h"
#include "base/limits.h"
#include "git/serve/quotas.h"
#include "git/serve/upkeep_schedule.h"
#include "store/event_log.h"
#include "store/jobs.h"
#include "store/rows/access.h"
#include "store/rows/identity.h"
#include "store/rows/keys.h"

namespace origin::git {
namespace {

using store::Reader;
using store::Table;
using store::Writer;

constexpr std::string_view kMissing = "no such project";

/// Site names are global: when the slug is taken, part of the project's id makes it unique.
Result<std::string> free_site(Reader& reader, const NewProject& wanted) {
    std::string base = auth::slug_from(wanted.slug, kSiteNameBytesMax);
    ORIGIN_TRY(taken, reader.get(Table::Sites, base));
    if (!taken) {
        return base;
    }
    const std::string digits = id_digits(wanted.id.raw);
    constexpr std::size_t kTail = 8;  // 40 random bits.
    return auth::slug_from(wanted.slug, kSiteNameBytesMax - kTail - 1) + "-" +
           digits.substr(digits.size() - kTail);
}

Status add_event(Writer& writer,
                 std::string type,
                 const ProjectId& id,
                 const store::ProjectRow& row,
                 UnixMillis now) {
    const boost::json::object data = {
        {"projectId", id.str()}, {"slug", row.slug}, {"name", row.name}, {"site", row.site}};
    ORIGIN_CHECK(store::append_event(writer,
                                     store::Event{.time = now,
                                                  .type = std::move(type),
                                                  .project = id,
                                                  .client = row.owner,
                                                  .data = boost::json::serialize(data)}));
    return {};
}

}  // namespace

Result<store::ProjectRow> create_project(Writer& writer, const NewProject& wanted) {
    ORIGIN_CHECK(auth::check_slug(wanted.slug));
    ORIGIN_CHECK(auth::check_display_name(wanted.name));
    const std::string slug_key = store::project_slug_key(wanted.owner, wanted.slug);
    ORIGIN_TRY(taken, writer.get(Table::Slugs, slug_key));
    if (taken) {
        return std::unexpected(
            Error(Code::Conflict, "there is a project '" + wanted.slug + "' already")
                .because("slug_taken"));
    }
    if (wanted.quotas != nullptr) {
        ORIGIN_CHECK(wanted.quotas->check_room_for_project(writer, wanted.owner));
    }
    ORIGIN_TRY(site, free_site(writer, wanted));
    store::ProjectRow row{.owner = wanted.owner,
                          .slug = wanted.slug,
                          .name = wanted.name.empty() ? wanted.slug : wanted.name,
                          .site = site,
                          .head = wanted.head,
                          .protected_branches = {},
                          .features = 0,
                          .gc_generation = 0,
                          .created_at = wanted.now,
                          .deleted_at = 0};
    ORIGIN_CHECK(writer.put(Table::Slugs, slug_key, wanted.id.view()));
    ORIGIN_CHECK(store::put_row(writer, Table::Sites, site, store::SiteRow{.project = wanted.id}));
    ORIGIN_CHECK(store::put_row(writer, Table::Projects, wanted.id.view(), row));
    ORIGIN_CHECK(add_event(writer, "project.created", wanted.id, row, wanted.now));
    return row;
}

Result<std::optional<FoundProject>> find_project(Reader& reader, const ProjectId& id) {
    ORIGIN_TRY(row, store::get_row<store::ProjectRow>(reader, Table::Projects, id.view()));
    if (!row || row->deleted_at != 0) {
        return std::optional<FoundProject>();
    }
    return std::optional(FoundProject{id, std::move(*row)});
}

Result<std::optional<FoundProject>> find_project(Reader& reader, std::string_view name) {
    if (const auto id = ProjectId::parse(name)) {
        return find_project(reader, *id);
    }
    const std::size_t slash = name.find('/');
    if (slash == std::string_view::npos || !auth::check_slug(name.substr(0, slash)) ||
        !auth::check_slug(name.substr(slash + 1))) {
        return std::optional<FoundProject>();
    }
    ORIGIN_TRY(owner, auth::find_client(reader, name.substr(0, slash)));
    if (!owner) {
        return std::optional<FoundProject>();
    }
    ORIGIN_TRY(project,
               reader.get(Table::Slugs, store::project_slug_key(*owner, name.substr(slash + 1))));
    const auto id = project ? ProjectId::from_raw(*project) : std::nullopt;
    return id ? find_project(reader, *id) : std::optional<FoundProject>();
}

Result<store::ProjectRow> need_project(Reader& reader, const ProjectId& id) {
    ORIGIN_TRY(found, find_project(reader, id));
    if (!found) {
        return std::unexpected(Error(Code::NotFound, std::string(kMissing)));
    }
    return std::move(found->row);
}

Result<std::string> free_slug(Reader& reader, const ClientId& owner, std::string_view wanted) {
    constexpr std::size_t kRoomForNumber = 8;
    const std::string base = auth::slug_from(wanted, kSlugBytesMax - kRoomForNumber);
    std::string slug = base;
    for (int n = 2;; ++n) {
        ORIGIN_TRY(taken, reader.get(Table::Slugs, store::project_slug_key(owner, slug)));
        if (!taken && auth::check_slug(slug)) {
            return slug;
        }
        slug = base + "-" + std::to_string(n);
    }
}

Result<std::string> full_name(Reader& reader, const store::ProjectRow& project) {
    ORIGIN_TRY(client,
               store::need_row<store::ClientRow>(
                   reader, Table::Clients, project.owner.view(), "no such client"));
    return client.slug + "/" + project.slug;
}

Result<store::ProjectRow> change_project(Writer& writer,
                                         const ProjectId& id,
                                         const ProjectChange& change) {
    ORIGIN_TRY(row, need_project(writer, id));
    if (change.name) {
        ORIGIN_CHECK(auth::check_display_name(*change.name));
        row.name = change.name->empty() ? row.slug : *change.name;
    }
    row.head = change.head.value_or(row.head);
    row.protected_branches = change.protected_branches.value_or(row.protected_branches);
    row.is_public = change.is_public.value_or(row.is_public);
    row.promotes_together = change.promotes_together.value_or(row.promotes_together);
    ORIGIN_CHECK(store::put_row(writer, Table::Projects, id.view(), row));
    ORIGIN_CHECK(add_event(writer, "project.updated", id, row, change.now));
    return row;
}

Status delete_project(Writer& writer, const auth::Permit& permit, UnixMillis now) {
    ORIGIN_TRY(row, need_project(writer, permit.project()));
    row.deleted_at = now;
    ORIGIN_CHECK(writer.erase(Table::Slugs, store::project_slug_key(row.owner, row.slug)));
    ORIGIN_CHECK(store::put_row(writer, Table::Projects, permit.project().view(), row));
    ORIGIN_CHECK(auth::forget_grants(writer, permit.project()));
    // It says itself when there is something to remove: by steady time, not by the clock.
    ORIGIN_CHECK(schedule_upkeep(writer, permit.project(), store::kAtOnce));
    return add_event(writer, "project.deleted", permit.project(), row, now);
}

}  // namespace origin::git
