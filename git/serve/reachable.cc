// SPDX-License-Identifier: Apache-2.0
#include "git/serve/reachable.h"

#include "git/odb/objects.h"
#include "store/jobs.h"
#include "store/rows/access.h"
#include "store/rows/deploy.h"
#include "store/rows/keys.h"
#include "store/rows/project.h"
#include "store/rows/run.h"

namespace origin::git {
namespace {

using store::Reader;
using store::Table;

constexpr std::string_view kRunJob = "run";  // Of the generator: an unfinished run has one.

/// Calls `use` with each row of a project. Errors: Corrupt.
template <class Row, class Use>
Status each_row(Reader& reader, Table table, const ProjectId& project, const Use& use) {
    Status decoded;
    ORIGIN_CHECK(reader.scan(
        table, store::Range::prefix(project.view()), [&](std::string_view, std::string_view value) {
            auto row = store::decode<Row>(value);
            if (!row) {
                decoded = std::unexpected(std::move(row).error());
                return false;
            }
            use(*row);
            return true;
        }));
    return decoded;
}

Status add_unfinished_runs(Reader& reader, const ProjectId& project, Roots& roots) {
    std::vector<JobId> jobs;
    ORIGIN_CHECK(reader.scan(Table::JobsReady,
                             store::Range::prefix(store::key(store::Label{kRunJob})),
                             [&](std::string_view key, std::string_view) {
                                 store::KeyParts parts(key);
                                 parts.label();
                                 parts.time();
                                 if (const auto id = parts.id<JobId>()) {
                                     jobs.push_back(*id);
                                 }
                                 return true;
                             }));
    for (const JobId& id : jobs) {
        ORIGIN_TRY(job, store::find_job(reader, id));
        const auto run = job ? RunId::from_raw(job->subject) : std::nullopt;
        if (!run) {
            continue;
        }
        ORIGIN_TRY(row, store::get_row<store::RunRow>(reader, Table::Runs, run->view()));
        if (row && row->project == project) {
            roots.wanted.insert(roots.wanted.end(), {row->base_commit, row->commit});
        }
    }
    return {};
}

}  // namespace

Result<Roots> read_roots(Reader& reader, const ProjectId& project, UnixMillis now) {
    Roots roots;
    ORIGIN_CHECK(each_row<store::RefRow>(
        reader, Table::Refs, project, [&](const auto& row) { roots.needed.push_back(row.oid); }));
    const UnixMillis oldest = now - kHistoryKept.count();
    ORIGIN_CHECK(each_row<store::RefHistoryRow>(
        reader, Table::RefHistory, project, [&](const store::RefHistoryRow& row) {
            if (row.moved_at < oldest) {
                return;
            }
            roots.wanted.insert(roots.wanted.end(), {row.old_id, row.new_id});
            const bool lets_go = row.forced || row.new_id.is_zero();
            if (lets_go && roots.next_expiry == 0) {
                roots.next_expiry = row.moved_at + kHistoryKept.count() + 1;
            }
        }));
    ORIGIN_CHECK(
        each_row<store::DeploymentRow>(reader, Table::Deployments, project, [&](const auto& row) {
            roots.wanted.push_back(row.commit);
        }));
    ORIGIN_CHECK(
        each_row<store::ReleaseRow>(reader, Table::Releases, project, [&](const auto& row) {
            roots.wanted.push_back(row.commit);
        }));
    ORIGIN_CHECK(add_unfinished_runs(reader, project, roots));
    return roots;
}

void Reachable::note(const Oid& oid) {
    if (seen_.insert(oid).second) {
        waiting_.push_back(oid);
    }
}

Status Reachable::add(const ObjectStore& objects, const Oid& root) {
    note(root);
    while (!waiting_.empty()) {
        const Oid oid = waiting_.back();
        waiting_.pop_back();
        ORIGIN_CHECK(visit(objects, oid));
    }
    return {};
}

Status Reachable::add_all_of(const ObjectStore& objects, const Pack& pack) {
    for (std::uint32_t i = 0; i < pack.count(); ++i) {
        ORIGIN_CHECK(add(objects, pack.index().oid_at(i)));
    }
    return {};
}

Status Reachable::visit(const ObjectStore& objects, const Oid& oid) {
    ORIGIN_TRY(type, objects.type_of(oid));
    if (type == ObjectType::Blob) {
        return {};
    }
    ORIGIN_TRY(object, objects.read(oid));
    if (type == ObjectType::Commit) {
        ORIGIN_TRY(links, parse_commit_links(object.data));
        note(links.tree);
        for (const Oid& parent : links.parents) {
            note(parent);
        }
        return {};
    }
    if (type == ObjectType::Tag) {
        ORIGIN_TRY(tag, parse_tag(object.data));
        note(tag.target);
        return {};
    }
    TreeReader entries(object.data);
    while (true) {
        ORIGIN_TRY(entry, entries.next());
        if (!entry) {
            return {};
        }
        if (entry->is_tree()) {
            note(entry->oid);
        } else if (!entry->is_gitlink()) {
            seen_.insert(entry->oid);  // A blob leads nowhere: it is not read.
        }
    }
}

}  // namespace origin::git
