// SPDX-License-Identifier: Apache-2.0
#include "git/serve/refs.h"

#include <algorithm>
#include <array>

#include "base/ref_name.h"
#include "git/serve/catalogue.h"
#include "store/rows/access.h"
#include "store/rows/deploy.h"
#include "store/rows/keys.h"

namespace origin::git {
namespace {

using store::Reader;
using store::Table;

constexpr std::array<std::string_view, 4> kShown = {
    "refs/heads/", "refs/notes/", "refs/requirements/", "refs/tags/"};

Status add_releases(Reader& reader,
                    const ProjectId& project,
                    const std::string& name,
                    const store::TargetRow& target,
                    std::vector<AdvertisedRef>& refs) {
    if (target.releases == 0) {
        return {};
    }
    const std::string folder = std::string(kDeploymentsPrefix) + name + "/";
    std::size_t shown = 0;
    Status decoded;
    const store::Range range{store::release_key(project, name, 0),
                             store::release_key(project, name, target.releases + 1)};
    ORIGIN_CHECK(
        reader.scan_back(Table::Releases, range, [&](std::string_view key, std::string_view value) {
            const auto row = store::decode<store::ReleaseRow>(value);
            const auto number = store::from_be64(key.substr(key.size() - sizeof(std::uint64_t)));
            if (!row || !number) {
                decoded = row ? Status() : std::unexpected(row.error());
                return false;
            }
            if (target.live == row->deployment) {
                refs.push_back({folder + "live", row->commit, {}});
            }
            refs.push_back({folder + std::to_string(*number), row->commit, {}});
            return ++shown < kReleasesShown;
        }));
    return decoded;
}

}  // namespace

bool is_shown(std::string_view name) {
    return std::ranges::any_of(kShown, [&](std::string_view p) { return name.starts_with(p); });
}

std::string build_ref(const Oid& commit) {
    return std::string(kHiddenPrefix) + "builds/" + commit.hex();
}

std::optional<std::string> target_of_live_ref(std::string_view name) {
    constexpr std::string_view kLive = "/live";
    if (!name.starts_with(kDeploymentsPrefix) || !name.ends_with(kLive)) {
        return std::nullopt;
    }
    name.remove_prefix(kDeploymentsPrefix.size());
    if (name.size() <= kLive.size()) {
        return std::nullopt;
    }
    name.remove_suffix(kLive.size());
    return name.contains('/') ? std::nullopt : std::optional(std::string(name));
}

Result<RefsSnapshot> read_refs(Reader& reader, const ProjectId& project) {
    ORIGIN_TRY(row, need_project(reader, project));
    RefsSnapshot snapshot;
    snapshot.head.target = row.head;
    for (const std::string_view prefix : kShown) {  // Sorted, so the refs are.
        ORIGIN_TRY(rows,
                   store::scan_rows<store::RefRow>(
                       reader, Table::Refs, store::Range::prefix(store::ref_key(project, prefix))));
        for (auto& [key, ref] : rows) {
            std::string name = key.substr(kIdBytes);
            if (name == row.head) {
                snapshot.head.oid = ref.oid;
            }
            snapshot.refs.push_back({std::move(name), ref.oid, ref.peeled});
        }
    }
    return snapshot;
}

Result<RefsSnapshot> read_fetch_refs(Reader& reader, const ProjectId& project) {
    ORIGIN_TRY(snapshot, read_refs(reader, project));
    ORIGIN_TRY(targets,
               store::scan_rows<store::TargetRow>(
                   reader, Table::Targets, store::Range::prefix(project.view())));
    std::vector<AdvertisedRef> deployed;
    for (const auto& [key, target] : targets) {
        ORIGIN_CHECK(add_releases(reader, project, key.substr(kIdBytes), target, deployed));
    }
    std::ranges::sort(deployed, {}, &AdvertisedRef::name);
    snapshot.refs.insert(snapshot.refs.begin(), deployed.begin(), deployed.end());
    return snapshot;
}

Result<std::optional<store::RefRow>> find_ref(Reader& reader,
                                              const ProjectId& project,
                                              std::string_view name) {
    return store::get_row<store::RefRow>(reader, Table::Refs, store::ref_key(project, name));
}

Result<std::uint64_t> latest_push(Reader& reader, const ProjectId& project) {
    std::uint64_t last = 0;
    ORIGIN_CHECK(reader.scan_back(Table::Pushes,
                                  store::Range::prefix(project.view()),
                                  [&](std::string_view key, std::string_view) {
                                      last = store::from_be64(key.substr(kIdBytes)).value_or(0);
                                      return false;
                                  }));
    return last;
}

Result<std::optional<Oid>> resolve_name(Reader& reader,
                                        const ProjectId& project,
                                        std::string_view name) {
    if (const auto oid = Oid::from_hex(name)) {
        return oid;
    }
    std::vector<std::string> candidates;
    if (name == "HEAD") {
        ORIGIN_TRY(row, need_project(reader, project));
        candidates = {row.head};
    } else if (name.starts_with("refs/")) {
        candidates = {std::string(name)};
    } else {
        candidates = {"refs/heads/" + std::string(name), "refs/tags/" + std::string(name)};
    }
    for (const std::string& candidate : candidates) {
        if (candidate.starts_with(kHiddenPrefix) || !RefName::parse(candidate)) {
            continue;
        }
        ORIGIN_TRY(ref, find_ref(reader, project, candidate));
        if (ref) {
            return std::optional(ref->peeled.value_or(ref->oid));
        }
    }
    return std::optional<Oid>();
}

}  // namespace origin::git
