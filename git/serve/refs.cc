// SPDX-License-Identifier: Apache-2.0
#include "git/serve/refs.h"

#include <algorithm>
#include <array>

#include "base/ref_name.h"
#include "git/serve/catalogue.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::git {
namespace {

using store::Reader;
using store::Table;

constexpr std::array<std::string_view, 4> kShown = {
    "refs/heads/", "refs/notes/", "refs/requirements/", "refs/tags/"};

}  // namespace

bool is_shown(std::string_view name) {
    return std::ranges::any_of(kShown, [&](std::string_view p) { return name.starts_with(p); });
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
