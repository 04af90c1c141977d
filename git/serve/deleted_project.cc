// SPDX-License-Identifier: Apache-2.0
#include "git/serve/deleted_project.h"

#include <string>
#include <vector>

#include "store/rows/access.h"
#include "store/rows/keys.h"
#include "store/rows/project.h"

namespace origin::git {
namespace {

using store::Range;
using store::Table;
using store::Writer;

constexpr std::size_t kRowsMax = 8000;  // Of each table in one transaction: D3.

Status kill_packs(Writer& writer, const ProjectId& project, UnixMillis died_at, bool& is_all) {
    std::vector<std::pair<std::string, std::uint64_t>> packs;
    Status read;
    ORIGIN_CHECK(writer.scan(Table::Packs,
                             Range::prefix(project.view()),
                             [&](std::string_view key, std::string_view value) {
                                 const auto row = store::decode<store::PackRow>(value);
                                 read = row ? Status() : std::unexpected(row.error());
                                 packs.emplace_back(key, row ? row->bytes : 0);
                                 return row.has_value() && packs.size() < kRowsMax;
                             }));
    ORIGIN_CHECK(read);
    for (const auto& [key, bytes] : packs) {
        ORIGIN_CHECK(writer.erase(Table::Packs, key));
        ORIGIN_CHECK(
            store::put_row(writer, Table::DeadPacks, key, store::DeadPackRow{bytes, died_at}));
    }
    is_all = is_all && packs.size() < kRowsMax;
    return {};
}

Status erase_journal_rows(Writer& writer, const ProjectId& project, bool& is_all) {
    std::vector<std::string> keys;
    ORIGIN_CHECK(writer.scan(
        Table::Journal, Range::prefix(project.view()), [&](std::string_view key, std::string_view) {
            keys.emplace_back(key);
            return keys.size() < kRowsMax;
        }));
    for (const std::string& key : keys) {
        ORIGIN_CHECK(writer.erase(Table::Journal, key));
    }
    is_all = is_all && keys.size() < kRowsMax;
    return {};
}

}  // namespace

Result<UnixMillis> deleted_at(store::Reader& reader, const ProjectId& project) {
    ORIGIN_TRY(row, store::get_row<store::ProjectRow>(reader, Table::Projects, project.view()));
    return row ? row->deleted_at : 0;
}

Status erase_objects(store::Store& store, const ProjectId& project) {
    bool is_all = false;
    while (!is_all) {
        ORIGIN_CHECK(store.write([&](Writer& writer) -> Status {
            is_all = true;
            ORIGIN_TRY(at, deleted_at(writer, project));
            if (at == 0) {
                return std::unexpected(Error(Code::Conflict, "the project is not deleted"));
            }
            ORIGIN_CHECK(kill_packs(writer, project, at, is_all));
            return erase_journal_rows(writer, project, is_all);
        }));
    }
    return {};
}

}  // namespace origin::git
