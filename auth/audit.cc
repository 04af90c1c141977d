// SPDX-License-Identifier: Apache-2.0
#include "auth/audit.h"

#include <vector>

#include "auth/key_text.h"
#include "base/utf8.h"
#include "store/key.h"
#include "store/row.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::auth {
namespace {

using store::Table;

constexpr std::string_view kNumberKey = "audit_number";
constexpr std::string_view kKeyPrefix = "ogk_";

/// Somebody may have pasted a key where a title belongs.
std::string clean(std::string text) {
    for (std::size_t at = text.find(kKeyPrefix); at != std::string::npos;
         at = text.find(kKeyPrefix, at + 1)) {
        if (key_id_of(std::string_view(text).substr(at, kKeyTextBytes))) {
            text.replace(at, kKeyTextBytes, "***");
        }
    }
    if (text.size() > kAuditTextBytesMax) {
        std::size_t end = kAuditTextBytesMax;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
            --end;  // Not within a character.
        }
        text.resize(end);
    }
    return is_utf8(text) ? text : "(not UTF-8)";
}

Result<std::uint64_t> next_number(store::Writer& writer) {
    ORIGIN_TRY(stored, writer.get(Table::Meta, kNumberKey));
    const auto last = stored ? store::from_be64(*stored) : std::optional<std::uint64_t>(0);
    if (!last) {
        return std::unexpected(
            Error(Code::Corrupt, "A stored record is damaged.", "the audit log's counter"));
    }
    ORIGIN_CHECK(writer.put(Table::Meta, kNumberKey, store::be64(*last + 1)));
    return *last + 1;
}

}  // namespace

store::AuditActor actor_of(const Identity& identity, std::string_view via, std::string_view from) {
    store::AuditActor actor{.client = std::nullopt,
                            .key = identity.key,
                            .via = std::string(via),
                            .from = std::string(from)};
    if (!identity.is_anonymous()) {
        actor.client = identity.client;
    }
    return actor;
}

Status record_audit(store::Writer& writer, store::AuditRow row) {
    if (row.type.empty()) {
        return std::unexpected(Error(Code::InvalidInput, "An audit event needs a type."));
    }
    row.actor.from = clean(std::move(row.actor.from));
    row.subject = clean(std::move(row.subject));
    for (auto& [name, text] : row.details) {
        text = clean(std::move(text));
    }
    ORIGIN_TRY(number, next_number(writer));
    row.number = number;
    return store::put_row(writer, Table::Audit, store::audit_key(row.time, number), row);
}

Result<bool> has_audit_before(store::Reader& reader, UnixMillis before) {
    bool found = false;
    store::Range range;
    range.to = store::audit_key(before, 0);
    ORIGIN_CHECK(reader.scan(Table::Audit, range, [&](std::string_view, std::string_view) {
        found = true;
        return false;
    }));
    return found;
}

Result<std::size_t> trim_audit(store::Writer& writer, UnixMillis before, std::size_t limit) {
    std::vector<std::string> old;
    store::Range range;
    range.to = store::audit_key(before, 0);
    ORIGIN_CHECK(writer.scan(Table::Audit, range, [&](std::string_view key, std::string_view) {
        if (old.size() < limit) {
            old.emplace_back(key);
        }
        return old.size() < limit;
    }));
    for (const std::string& key : old) {
        ORIGIN_CHECK(writer.erase(Table::Audit, key));
    }
    return old.size();
}

}  // namespace origin::auth
