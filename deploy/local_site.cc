// SPDX-License-Identifier: Apache-2.0
#include "deploy/local_site.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "deploy/releases.h"
#include "git/serve/refs.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"
#include "store/rows/project.h"
#include "website/header_rules.h"
#include "website/lines.h"
#include "website/redirects.h"
#include "website/site_settings.h"

namespace origin::deploy {
namespace {

using store::Table;
using store::TargetRow;

std::unexpected<Error> refuse(std::string reason, std::string why) {
    return std::unexpected(Error(Code::InvalidInput, std::move(why)).because(std::move(reason)));
}

std::vector<std::string> hosts_of(const TargetRow& row) {
    auto settings = row.connector == kLocal ? website::read_site_settings(row.settings)
                                            : Result<website::SiteSettings>();
    return settings ? std::move(settings->hosts) : std::vector<std::string>();
}

bool names(const std::vector<std::string>& hosts, const std::string& host) {
    return std::ranges::find(hosts, host) != hosts.end();
}

/// The host of "http://name.DOMAIN:port/" behind its first dot, without the port.
std::string sites_domain(const auth::Urls& urls) {
    const std::string url = urls.site("x");
    const std::size_t dot = url.find('.') + 1;
    return url.substr(dot, url.find_first_of(":/", dot) - dot);
}

bool is_ours(const auth::Urls& urls, const std::string& host) {
    const std::string domain = sites_domain(urls);
    const std::string& own = urls.public_host();
    return host == domain || host.ends_with("." + domain) || host == own.substr(0, own.find(':'));
}

/// Does the target that a row names still want the host name?
Result<bool> is_held(store::Reader& reader, const store::SiteRow& row, const std::string& host) {
    ORIGIN_TRY(project,
               store::get_row<store::ProjectRow>(
                   reader, Table::Projects, std::string(row.project.view())));
    ORIGIN_TRY(target,
               store::get_row<TargetRow>(
                   reader, Table::Targets, store::target_key(row.project, row.target)));
    return project && target && names(hosts_of(*target), host);
}

struct Newest {
    store::DeploymentRow row;
    std::string publish_root;
    git::ObjectStoreRef objects = {};
    Oid shown = {};  // The commit, or what its build left.
};

Result<std::optional<Newest>> newest_open(store::Reader& reader,
                                          git::Storage& storage,
                                          const hooks::DeploySubject& subject) {
    ORIGIN_TRY(target,
               store::get_row<TargetRow>(
                   reader, Table::Targets, store::target_key(subject.project, subject.target)));
    if (!target || target->connector != kLocal) {
        return std::nullopt;
    }
    ORIGIN_TRY(ids, hooks::open_deployments(reader, subject.project, subject.target));
    std::optional<Newest> newest;
    for (const DeploymentId& id : ids) {
        ORIGIN_TRY(row, hooks::need_deployment(reader, subject.project, id));
        if (!newest || std::tie(row.push, row.created_at) >=
                           std::tie(newest->row.push, newest->row.created_at)) {
            newest = Newest{std::move(row), target->publish_root, {}};
        }
    }
    if (newest) {
        ORIGIN_TRY(objects, storage.open(reader, subject.project));
        newest->objects = std::move(objects);
        newest->shown = newest->row.commit;
        ORIGIN_TRY(build,
                   git::find_ref(reader, subject.project, git::build_ref(newest->row.commit)));
        if (build) {
            newest->shown = build->oid;
            newest->publish_root.clear();
        }
    }
    return newest;
}

/// The text of a file that says how the site is served; empty: there is none.
Result<std::string> control_file(const Newest& newest, const Oid& tree, std::string_view name) {
    ORIGIN_TRY(entry, newest.objects->find_path(tree, name));
    if (!entry || entry->is_tree() || entry->is_gitlink() || entry->is_symlink()) {
        return std::string();
    }
    ORIGIN_TRY(header, newest.objects->header(entry->oid));
    // A larger one is refused as a whole, whatever it holds.
    return header.size <= website::kControlFileBytesMax
               ? newest.objects->read_as(entry->oid, git::ObjectType::Blob)
               : Result<std::string>(std::string(website::kControlFileBytesMax + 1, '#'));
}

Result<std::vector<std::string>> notes_of(const Newest& newest) {
    std::string folder = newest.publish_root;
    folder.erase(folder.find_last_not_of('/') + 1);
    ORIGIN_TRY(links, newest.objects->commit_links(newest.shown));
    ORIGIN_TRY(root, newest.objects->find_path(links.tree, folder));
    if (!root || !root->is_tree()) {
        return std::vector<std::string>{"there is no folder '" + folder +
                                        "' in this commit: the site is empty"};
    }
    ORIGIN_TRY(redirects, control_file(newest, root->oid, "_redirects"));
    ORIGIN_TRY(headers, control_file(newest, root->oid, "_headers"));
    auto notes = website::Redirects::parse(redirects).notes;
    auto more = website::HeaderRules::parse(headers).notes;
    std::ranges::move(more, std::back_inserter(notes));
    return notes;
}

}  // namespace

Status check_local(const std::map<std::string, std::string>& settings, bool has_secret) {
    ORIGIN_TRY(read, website::read_site_settings(settings));
    if (read.needs_secret() && !has_secret) {
        return refuse("missing_secret",
                      "'access' is password: the target's secret is the password");
    }
    return has_secret && !read.needs_secret()
               ? refuse("unknown_setting",
                        "the connector 'local' needs a secret only with access=password")
               : Status();
}

website::Access access_of(const TargetRow& row, std::string_view target) {
    const auto settings = website::read_site_settings(row.settings);
    return settings ? settings->access_on(target == store::kProductionTarget)
                    : website::Access::Link;
}

Status claim_hosts(store::Writer& writer, const auth::Urls& urls, const HostClaim& claim) {
    const auto after = hosts_of(claim.after);
    for (const std::string& host : hosts_of(claim.before)) {
        if (!names(after, host)) {
            ORIGIN_CHECK(writer.erase(Table::Sites, host));
        }
    }
    const store::SiteRow ours{.project = claim.project, .target = std::string(claim.target)};
    for (const std::string& host : after) {
        if (is_ours(urls, host)) {
            return refuse("bad_setting",
                          "'" + host + "' is this server's own name, or below its sites' domain");
        }
        ORIGIN_TRY(row, store::get_row<store::SiteRow>(writer, Table::Sites, host));
        if (row && row->project == ours.project && row->target == ours.target) {
            continue;
        }
        if (!claim.by_operator) {
            return std::unexpected(Error(Code::Forbidden,
                                         "only the server's operator gives a site a host name: "
                                         "`origind target set` on the server")
                                       .because("operator_only"));
        }
        ORIGIN_TRY(held, row ? is_held(writer, *row, host) : Result<bool>(false));
        if (held) {
            return std::unexpected(
                Error(Code::Conflict, "the host name '" + host + "' is another target's")
                    .because("host_taken"));
        }
        ORIGIN_CHECK(store::put_row(writer, Table::Sites, host, ours));
    }
    return {};
}

LocalNotes local_notes(store::Store& store,
                       git::Storage& storage,
                       const hooks::DeploySubject& subject) {
    std::optional<Newest> newest;
    const Status read = store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(found, newest_open(reader, storage, subject));
        newest = std::move(found);
        return {};
    });
    if (!read || !newest) {
        return {};  // Whatever is wrong, the deployment itself will say.
    }
    auto lines = notes_of(*newest);
    return lines ? LocalNotes{newest->row.commit, std::move(*lines)} : LocalNotes{};
}

}  // namespace origin::deploy
