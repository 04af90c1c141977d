// SPDX-License-Identifier: Apache-2.0
#include "githttp/publications.h"

#include <algorithm>
#include <queue>
#include <unordered_set>

#include "base/limits.h"
#include "git/serve/catalogue.h"
#include "git/serve/refs.h"
#include "store/rows/access.h"
#include "store/rows/deploy.h"
#include "store/rows/keys.h"
#include "store/rows/project.h"

namespace origin::githttp {
namespace {

using store::Reader;
using store::Table;

constexpr std::string_view kLocalConnector = "local";
constexpr std::string_view kCommitPrefix = "c-";
constexpr std::string_view kBranchPrefix = "b-";
constexpr std::string_view kHeads = "refs/heads/";
constexpr std::string_view kLabelSeparator = "--";

/// The digits of `c-<12 hex>`; empty for another label.
std::string_view commit_digits(std::string_view label) {
    if (!label.starts_with(kCommitPrefix)) {
        return {};
    }
    label.remove_prefix(kCommitPrefix.size());
    const bool good = label.size() == auth::kCommitLabelDigits &&
                      label.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    return good ? label : std::string_view();
}

bool begins_with(const Oid& oid, std::string_view digits) {
    return oid.hex().starts_with(digits);
}

/// Of a target of another connector, and of one whose settings are no longer understood: none.
website::SiteSettings settings_of(const store::TargetRow& target) {
    auto settings = target.connector == kLocalConnector
                        ? website::read_site_settings(target.settings)
                        : Result<website::SiteSettings>();
    return settings ? std::move(*settings) : website::SiteSettings{.access = website::Access::Link};
}

bool names(const store::TargetRow& target, const std::string& host) {
    const auto settings = settings_of(target);
    return std::ranges::find(settings.hosts, host) != settings.hosts.end();
}

std::string key_of(const auth::SiteHost& host) {
    return host.label + "--" + host.site;
}

std::optional<Oid> commit_of(const store::DeploymentRow& row, std::string_view digits) {
    return begins_with(row.commit, digits) ? std::optional(row.commit) : std::nullopt;
}

std::optional<Oid> commit_of(const store::ReleaseRow& row, std::string_view digits) {
    return begins_with(row.commit, digits) ? std::optional(row.commit) : std::nullopt;
}

/// Only of a run's push: what a client pushed and took back again is not shown.
std::optional<Oid> commit_of(const store::PushRow& row, std::string_view digits) {
    const auto made = std::ranges::find_if(row.refs, [&](const store::RefOutcome& ref) {
        return ref.ok && begins_with(ref.new_id, digits);
    });
    return row.run && made != row.refs.end() ? std::optional(made->new_id) : std::nullopt;
}

/// The commit that begins with `digits` among a project's newest rows of one table.
template <class Row>
Result<std::optional<Oid>> commit_in_rows(Reader& reader,
                                          Table table,
                                          const ProjectId& project,
                                          std::string_view digits) {
    std::optional<Oid> commit;
    Status decoded;
    std::size_t seen = 0;
    const store::Range range = store::Range::prefix(project.view());
    ORIGIN_CHECK(reader.scan_back(table, range, [&](std::string_view, std::string_view value) {
        const auto row = store::decode<Row>(value);
        if (!row) {
            decoded = std::unexpected(row.error());
            return false;
        }
        commit = commit_of(*row, digits);
        return !commit && ++seen < kPreviewRowsMax;
    }));
    ORIGIN_CHECK(decoded);
    return commit;
}

/// The commit of a run, a deployment or a release: it may be seen even if no ref leads to it.
Result<std::optional<Oid>> recorded_commit(Reader& reader,
                                           const ProjectId& project,
                                           std::string_view digits) {
    ORIGIN_TRY(deployed,
               commit_in_rows<store::DeploymentRow>(reader, Table::Deployments, project, digits));
    if (deployed) {
        return deployed;
    }
    ORIGIN_TRY(released,
               commit_in_rows<store::ReleaseRow>(reader, Table::Releases, project, digits));
    if (released) {
        return released;
    }
    return commit_in_rows<store::PushRow>(reader, Table::Pushes, project, digits);
}

Result<std::optional<Oid>> live_commit(Reader& reader,
                                       const ProjectId& project,
                                       const store::TargetRow& target) {
    if (!target.live) {
        return std::optional<Oid>();
    }
    ORIGIN_TRY(deployment,
               store::get_row<store::DeploymentRow>(
                   reader, Table::Deployments, store::deployment_key(project, *target.live)));
    return deployment ? std::optional(deployment->commit) : std::nullopt;
}

Result<std::optional<Oid>> branch_tip(Reader& reader,
                                      const ProjectId& project,
                                      const auth::SiteHost& host) {
    const std::size_t bytes_max = preview_label_bytes_max(host.site);
    std::optional<Oid> tip;
    Status decoded;
    const store::Range range = store::Range::prefix(store::ref_key(project, kHeads));
    ORIGIN_CHECK(reader.scan(Table::Refs, range, [&](std::string_view key, std::string_view value) {
        const std::string_view branch = key.substr(kIdBytes + kHeads.size());
        if (auth::branch_label(branch, bytes_max) != host.label) {
            return true;
        }
        const auto row = store::decode<store::RefRow>(value);
        if (row) {
            tip = row->oid;
        } else {
            decoded = std::unexpected(row.error());
        }
        return false;
    }));
    ORIGIN_CHECK(decoded);
    return tip;
}

/// The commit that begins with `digits`, from `tips` back, the nearest first.
Result<std::optional<Oid>> walk(const git::ObjectStore& objects,
                                const std::vector<Oid>& tips,
                                std::string_view digits) {
    std::queue<Oid> queue;
    std::unordered_set<Oid, OidHash> seen;
    const auto add = [&](const Oid& oid) {
        if (seen.insert(oid).second) {
            queue.push(oid);
        }
    };
    std::ranges::for_each(tips, add);
    while (!queue.empty() && seen.size() <= kPreviewWalkCommitsMax) {
        const Oid oid = queue.front();
        queue.pop();
        if (begins_with(oid, digits)) {
            return oid;
        }
        const auto links = objects.commit_links(oid);
        if (!links && links.error().code() == Code::InvalidInput) {
            continue;  // A tag of a tree or a blob.
        }
        if (!links) {
            return std::unexpected(links.error());
        }
        std::ranges::for_each(links->parents, add);
    }
    return std::nullopt;
}

/// The folder of `tree` that is published; nullopt if this commit has none.
Result<std::optional<Oid>> root_in(const git::ObjectStore& objects,
                                   const Oid& tree,
                                   std::string_view folder) {
    while (folder.ends_with('/')) {
        folder.remove_suffix(1);
    }
    while (folder.starts_with('/')) {
        folder.remove_prefix(1);
    }
    ORIGIN_TRY(entry, objects.find_path(tree, folder));
    return entry && entry->is_tree() ? std::optional(entry->oid) : std::nullopt;
}

}  // namespace

bool is_of_a_ref(const auth::SiteHost& host) {
    return host.label.starts_with(kCommitPrefix) || host.label.starts_with(kBranchPrefix);
}

std::size_t preview_label_bytes_max(std::string_view site) {
    const std::size_t taken = kLabelSeparator.size() + site.size();
    return kDnsLabelBytesMax - std::min(kDnsLabelBytesMax, taken);
}

// A live deployment's row never names another commit, so Deployments does not count.
Publications::Versions Publications::versions() const {
    return {store_.version_of(Table::Sites),
            store_.version_of(Table::Projects),
            store_.version_of(Table::Targets)};
}

PublicationRef Publications::at_hand(const auth::SiteHost& host) {
    if (is_of_a_ref(host)) {
        return nullptr;
    }
    const auto kept = kept_.find(key_of(host));
    return kept && kept->versions == versions() ? kept->site : nullptr;
}

std::optional<auth::SiteHost> Publications::host_at_hand(std::string_view host) {
    const auto kept = hosts_.find(host);
    return kept && kept->versions == versions() ? std::optional(kept->host) : std::nullopt;
}

Result<std::optional<auth::SiteHost>> Publications::find_host(const std::string& host) {
    if (!website::is_host_name(host)) {
        return std::nullopt;
    }
    const Versions before = versions();
    std::optional<auth::SiteHost> found;
    ORIGIN_CHECK(store_.read([&](Reader& reader) -> Status {
        found.reset();
        ORIGIN_TRY(row, store::get_row<store::SiteRow>(reader, Table::Sites, host));
        if (!row) {
            return {};
        }
        ORIGIN_TRY(project, git::find_project(reader, row->project));
        ORIGIN_TRY(target,
                   store::get_row<store::TargetRow>(
                       reader, Table::Targets, store::target_key(row->project, row->target)));
        if (!project || !target || !names(*target, host)) {
            return {};
        }
        found = auth::SiteHost{.site = project->row.site,
                               .label = row->target == store::kProductionTarget ? "" : row->target};
        return {};
    }));
    if (found) {
        hosts_.replace(host, KeptHost{before, *found}, found->site.size() + found->label.size());
    }
    return std::move(found);
}

Result<std::optional<Opened>> Publications::find(const auth::SiteHost& host) {
    const Versions before = versions();  // What changes while it is read makes it outdated.
    ORIGIN_TRY(found, read(host));
    if (found && !is_of_a_ref(host)) {
        kept_.replace(key_of(host),
                      Kept{before, found->site},
                      sizeof(Publication) + found->site->sealed_secret.size());
    }
    return std::move(found);
}

Result<std::optional<Opened>> Publications::read(const auth::SiteHost& host) {
    Look found;
    ORIGIN_CHECK(store_.read([&](Reader& reader) -> Status {
        found = {};
        return look(reader, host, found);
    }));
    if (!found.objects) {
        return std::nullopt;
    }
    if (!found.commit) {
        ORIGIN_TRY(reached, walk(*found.objects, found.tips, found.prefix));
        found.commit = reached;
        ORIGIN_CHECK(store_.read([&](Reader& reader) -> Status {
            ORIGIN_CHECK(look_for_build(reader, found));
            ORIGIN_TRY(objects, storage_.open(reader, found.project));
            found.objects = objects;
            return {};
        }));
    }
    if (!found.commit) {
        return std::nullopt;
    }
    remember(found);
    const auto links = found.objects->commit_links(found.built.value_or(*found.commit));
    if (!links && links.error().code() == Code::InvalidInput) {
        return std::nullopt;  // A tag of a tree or a blob.
    }
    ORIGIN_CHECK(links);
    ORIGIN_TRY(root, root_in(*found.objects, links->tree, found.publish_root));
    if (!root) {
        return std::nullopt;
    }
    found.site.project = found.project;
    found.site.root = *root;
    return Opened{std::make_shared<const Publication>(std::move(found.site)), found.objects};
}

Status Publications::look(Reader& reader, const auth::SiteHost& host, Look& look) {
    ORIGIN_TRY(site, store::get_row<store::SiteRow>(reader, Table::Sites, host.site));
    if (!site) {
        return {};
    }
    ORIGIN_TRY(project, git::find_project(reader, site->project));
    if (!project) {
        return {};
    }
    look.project = project->id;
    const std::string key = store::target_key(project->id, store::kProductionTarget);
    ORIGIN_TRY(production, store::get_row<store::TargetRow>(reader, Table::Targets, key));
    if (production && host.label.empty()) {
        if (production->connector == kLocalConnector) {
            look.site.target = store::kProductionTarget;
            ORIGIN_CHECK(look_at_target(reader, *production, look));
        }
    } else if (!host.label.empty()) {
        // Commits and branches are shown as production would show them, by a link alone.
        look.site.access = website::Access::Link;
        if (production) {
            look.publish_root = production->publish_root;
            look.site.spa = settings_of(*production).spa;
        }
        ORIGIN_CHECK(look_at_label(reader, host, look));
    }
    ORIGIN_CHECK(look_for_build(reader, look));
    if (look.commit || !look.prefix.empty()) {
        ORIGIN_TRY(objects, storage_.open(reader, project->id));
        look.objects = objects;
    }
    return {};
}

/// What a commit's build left is shown instead of its own tree.
Status Publications::look_for_build(Reader& reader, Look& look) {
    if (!look.commit) {
        return {};
    }
    ORIGIN_TRY(ref, git::find_ref(reader, look.project, git::build_ref(*look.commit)));
    if (ref) {
        look.built = ref->oid;
        look.publish_root.clear();
    }
    return {};
}

Status Publications::look_at_label(Reader& reader, const auth::SiteHost& host, Look& look) {
    look.prefix = commit_digits(host.label);
    if (!look.prefix.empty()) {
        return look_at_commit(reader, look);
    }
    if (host.label.starts_with(kBranchPrefix)) {
        ORIGIN_TRY(tip, branch_tip(reader, look.project, host));
        look.commit = tip;
        return {};
    }
    const std::string key = store::target_key(look.project, host.label);
    ORIGIN_TRY(target, store::get_row<store::TargetRow>(reader, Table::Targets, key));
    if (target) {
        look.site.target = host.label;
        ORIGIN_CHECK(look_at_target(reader, *target, look));
    }
    return {};
}

Status Publications::look_at_target(Reader& reader, const store::TargetRow& target, Look& look) {
    const website::SiteSettings settings = settings_of(target);
    look.publish_root = target.publish_root;
    look.site.spa = settings.spa;
    look.site.access = settings.access_on(look.site.target == store::kProductionTarget);
    look.site.sealed_secret = target.sealed_secret;
    ORIGIN_TRY(commit, live_commit(reader, look.project, target));
    look.commit = commit;
    return {};
}

Status Publications::look_at_commit(Reader& reader, Look& look) {
    ORIGIN_TRY(snapshot, git::read_fetch_refs(reader, look.project));
    for (const git::AdvertisedRef& ref : snapshot.refs) {
        look.tips.push_back(ref.peeled.value_or(ref.oid));
        if (begins_with(look.tips.back(), look.prefix)) {
            look.commit = look.tips.back();
            return {};
        }
    }
    ORIGIN_TRY(push, git::latest_push(reader, look.project));
    look.last_push = push;
    look.commit = remembered(look);
    if (!look.commit) {
        ORIGIN_TRY(recorded, recorded_commit(reader, look.project, look.prefix));
        look.commit = recorded;
    }
    return {};
}

std::optional<Oid> Publications::remembered(const Look& look) {
    const std::lock_guard lock(mutex_);
    const auto known = reached_.find(std::pair(look.project, look.prefix));
    return known != reached_.end() && known->second.last_push == look.last_push
               ? std::optional(known->second.commit)
               : std::nullopt;
}

void Publications::remember(const Look& look) {
    if (look.last_push == 0) {
        return;  // Not a commit label, or a tip, which is found at once.
    }
    const std::lock_guard lock(mutex_);
    if (reached_.size() >= kPreviewCacheRowsMax) {
        reached_.clear();
    }
    reached_.insert_or_assign(std::pair(look.project, look.prefix),
                              Reached{look.last_push, *look.commit});
}

}  // namespace origin::githttp
