// SPDX-License-Identifier: Apache-2.0
#include "git/serve/journal.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "store/row.h"
#include "store/rows/keys.h"
#include "store/rows/project.h"

namespace origin::git {
namespace {

store::Range rows_after(const ProjectId& project, std::uint64_t after) {
    store::Range range = store::Range::prefix(project.view());
    range.from = store::journal_key(project, after + 1);
    return range;
}

}  // namespace

std::string journal_value(const Pack& pack, UnixMillis now) {
    store::JournalRow row{
        .entries = std::string(text_of(pack.all_entries())), .objects = {}, .added_at = now};
    for (std::uint32_t i = 0; i < pack.count(); ++i) {
        row.objects.push_back(
            {.oid = pack.index().oid_at(i),
             .offset = static_cast<std::uint32_t>(pack.index().offset_at(i).value_or(0)),
             .crc = pack.index().crc_at(i)});
    }
    return store::encode(row);
}

Result<JournalPart> read_journal(store::Reader& reader,
                                 const ProjectId& project,
                                 const JournalRange& range) {
    JournalPart part;
    std::string entries;
    std::vector<IndexEntry> index;
    Status decoded;
    ORIGIN_CHECK(reader.scan(
        store::Table::Journal,
        rows_after(project, range.after),
        [&](std::string_view key, std::string_view value) {
            auto row = store::decode<store::JournalRow>(value);
            const auto push = store::from_be64(key.substr(std::min(key.size(), kIdBytes)));
            if (!row || !push) {
                decoded = row ? std::unexpected(Error(Code::Corrupt, "a stored key is damaged"))
                              : Status(std::unexpected(std::move(row).error()));
                return false;
            }
            if (part.rows == range.rows_max ||
                (part.rows > 0 && entries.size() + row->entries.size() > range.bytes_max)) {
                part.is_all = false;
                return false;
            }
            for (const store::JournalObject& object : row->objects) {
                index.push_back({.offset = entries.size() + object.offset,
                                 .crc = object.crc,
                                 .oid = object.oid});
            }
            entries += row->entries;
            part.last = *push;
            part.rows += 1;
            part.newest_at = std::max(part.newest_at, row->added_at);
            return true;
        }));
    ORIGIN_CHECK(decoded);
    if (part.rows > 0) {
        ORIGIN_TRY(pack, small_pack_from(entries, std::move(index)));
        part.pack = std::move(pack);
    }
    return part;
}

Status erase_journal(store::Writer& writer, const ProjectId& project, std::uint64_t last) {
    store::Range range = store::Range::prefix(project.view());
    range.to = store::journal_key(project, last + 1);
    std::vector<std::string> keys;
    ORIGIN_CHECK(
        writer.scan(store::Table::Journal, range, [&](std::string_view key, std::string_view) {
            keys.emplace_back(key);
            return true;
        }));
    for (const std::string& key : keys) {
        ORIGIN_CHECK(writer.erase(store::Table::Journal, key));
    }
    return {};
}

}  // namespace origin::git
