// SPDX-License-Identifier: Apache-2.0
#include "auth/key_family.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "store/rows/access.h"
#include "store/rows/audit.h"
#include "store/rows/keys.h"

namespace origin::auth {
namespace {

using store::AuditRow;
using store::Reader;
using store::Table;

constexpr UnixMillis kLogSlack = 60L * 60 * 1000;  // Between a key's id and its event.

/// The key that an event tells the making of.
std::optional<KeyId> made_by_event(const AuditRow& event) {
    if (event.type == "key.rotated") {
        const auto replaced = event.details.find("replacedBy");
        return replaced == event.details.end() ? std::nullopt : KeyId::parse(replaced->second);
    }
    const bool makes = event.type == "key.created" || event.type == "token.created";
    return makes ? KeyId::parse(event.subject) : std::nullopt;
}

bool ends_a_key(const AuditRow& event) {
    return event.type == "key.revoked" || event.type == "key.quarantined" ||
           event.type == "token.revoked" || event.type == "key.removed";
}

class FamilyReader {
public:
    FamilyReader(Reader& reader, const FamilyWish& wish) : reader_(reader), wish_(wish) {}

    Result<KeyFamily> run() {
        ORIGIN_CHECK(read_log());
        gather();
        ORIGIN_CHECK(add_reach(wish_.row.client, wish_.row));
        for (MadeKey& made : family_.made) {
            ORIGIN_TRY(row, store::get_row<store::KeyRow>(reader_, Table::Keys, made.id.view()));
            ORIGIN_CHECK(add_reach(made.client, row.value_or(store::KeyRow())));
            made.ended_at = row && row->revoked_at != 0 ? row->revoked_at : ended(made.id);
        }
        family_.ended_at = ended(wish_.key);
        if (!everywhere_) {
            family_.projects.emplace(projects_.begin(), projects_.end());
        }
        return std::move(family_);
    }

private:
    Status read_log() {
        Status decoded;
        std::size_t seen = 0;
        store::Range range;
        range.from = store::audit_key(wish_.since, 0);
        ORIGIN_CHECK(
            reader_.scan_back(Table::Audit, range, [&](std::string_view, std::string_view value) {
                family_.is_complete = ++seen <= wish_.events;
                if (!family_.is_complete) {
                    return false;
                }
                const auto event = store::decode<AuditRow>(value);
                decoded = event ? Status() : std::unexpected(event.error());
                if (event) {
                    note(*event);
                }
                return event.has_value();
            }));
        return decoded;
    }

    void note(const AuditRow& event) {
        const auto made = made_by_event(event);
        if (made && event.actor.key) {
            made_.emplace(event.number,
                          MadeKey{.id = *made,
                                  .by = *event.actor.key,
                                  .client = event.client.value_or(ClientId()),
                                  .made_at = event.time});
        }
        const auto subject = ends_a_key(event) ? KeyId::parse(event.subject) : std::nullopt;
        if (subject) {
            ended_[*subject] = event.time;  // The first time stays: we go back.
        }
        const auto from = event.details.find("from");  // Of a transfer: the owner before.
        const auto giver =
            from == event.details.end() ? std::nullopt : ClientId::parse(from->second);
        for (const auto& client : {event.client, event.actor.client, giver}) {
            if (client && event.project) {
                touched_.emplace(*client, *event.project);
            }
        }
        if (event.client && event.type == "client.changed" && event.details.contains("admin")) {
            were_admins_.insert(*event.client);
        }
    }

    /// In the order of the log's numbers, which a clock that is set back does not change.
    void gather() {
        std::set<KeyId> keys{wish_.key};
        for (const auto& [number, made] : made_) {
            if (keys.contains(made.by) && keys.insert(made.id).second) {
                family_.made.push_back(made);
            }
        }
        family_.keys.assign(keys.begin(), keys.end());
    }

    Status add_reach(const ClientId& client, const store::KeyRow& row) {
        projects_.insert(row.projects.begin(), row.projects.end());
        if (!row.projects.empty() || !clients_.insert(client).second) {
            return {};
        }
        ORIGIN_TRY(found, store::get_row<store::ClientRow>(reader_, Table::Clients, client.view()));
        everywhere_ = everywhere_ || (found && found->admin) || were_admins_.contains(client);
        for (const auto& [whose, project] : touched_) {
            if (whose == client) {
                projects_.insert(project);
            }
        }
        ORIGIN_CHECK(add_slugs(store::project_slug_key(client, {})));
        return add_slugs(store::key(store::SlugKind::ClientGrant, client));
    }

    Status add_slugs(const std::string& prefix) {
        return reader_.scan(Table::Slugs,
                            store::Range::prefix(prefix),
                            [&](std::string_view, std::string_view value) {
                                if (const auto id = ProjectId::from_raw(value)) {
                                    projects_.insert(*id);
                                }
                                return true;
                            });
    }

    UnixMillis ended(const KeyId& id) const {
        const auto found = ended_.find(id);
        return found == ended_.end() ? 0 : found->second;
    }

    Reader& reader_;
    const FamilyWish& wish_;
    KeyFamily family_;
    std::map<std::uint64_t, MadeKey> made_;
    std::map<KeyId, UnixMillis> ended_;
    std::set<std::pair<ClientId, ProjectId>> touched_;
    std::set<ClientId> were_admins_;
    std::set<ClientId> clients_;
    std::set<ProjectId> projects_;
    bool everywhere_ = false;
};

/// When a key's id was made: its first six bytes.
UnixMillis made_at(const KeyId& id) {
    UnixMillis millis = 0;
    for (std::size_t i = 0; i < 6; ++i) {
        millis = millis * 256 + id.raw[i];
    }
    return millis;
}

}  // namespace

Result<KeyFamily> read_key_family(Reader& reader, const FamilyWish& wish) {
    return FamilyReader(reader, wish).run();
}

Result<std::optional<store::KeyRow>> key_as_logged(Reader& reader, const KeyId& id) {
    std::optional<store::KeyRow> found;
    Status decoded;
    std::size_t seen = 0;
    store::Range range;
    range.from = store::audit_key(std::max<UnixMillis>(0, made_at(id) - kLogSlack), 0);
    ORIGIN_CHECK(reader.scan(Table::Audit, range, [&](std::string_view, std::string_view value) {
        const auto event = store::decode<AuditRow>(value);
        decoded = event ? Status() : std::unexpected(event.error());
        if (event && made_by_event(*event) == id && event->client) {
            found.emplace();
            found->client = *event->client;
            found->created_at = event->time;
            if (event->project) {
                found->projects = {*event->project};
            }
        }
        return event && !found && ++seen < kFamilyEventsMax;
    }));
    ORIGIN_CHECK(decoded);
    return found;
}

}  // namespace origin::auth
