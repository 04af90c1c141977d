// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "base/limits.h"
#include "base/utf8.h"
#include "crypto/seal.h"
#include "origind/doctor.h"
#include "store/event_log.h"
#include "store/jobs.h"
#include "store/row.h"
#include "store/rows/audit.h"
#include "store/rows/deploy.h"
#include "store/rows/gates.h"
#include "store/rows/grant.h"
#include "store/rows/identity.h"
#include "store/rows/policy.h"
#include "store/rows/project.h"
#include "store/rows/run.h"
#include "store/rows/webhook.h"

namespace origin {
namespace {

using store::Table;

constexpr std::size_t kRowsPerRead = 10'000;  // A snapshot is not held for long.
constexpr std::size_t kNamedMax = 20;         // Damaged rows named, of each table.

using Decodes = bool (*)(std::string_view key, std::string_view value);

template <class Row>
bool row(std::string_view /*key*/, std::string_view value) {
    return store::decode<Row>(value).has_value();
}
template <std::size_t kBytes>
bool sized(std::string_view /*key*/, std::string_view value) {
    return value.size() == kBytes;
}
bool empty(std::string_view /*key*/, std::string_view value) {
    return value.empty();
}
bool text(std::string_view /*key*/, std::string_view value) {
    return !value.empty();
}
bool meta(std::string_view key, std::string_view value) {
    if (key == "master_key") {
        return value.size() == crypto::kSealOverheadBytes;
    }
    return key == "format" ? value.size() == sizeof(std::uint32_t)
                           : value.size() == sizeof(std::uint64_t);
}
bool open_deployment(std::string_view /*key*/, std::string_view value) {
    return value.empty() || value == store::kCancelAsked;
}
bool idempotency(std::string_view key, std::string_view value) {
    // Beside the rows each client has a count of them, under its id alone.
    return key.size() == kIdBytes ? value.size() == sizeof(std::uint64_t)
                                  : row<store::IdempotencyRow>(key, value);
}
/// Cursors: the row type is the event log's own: a version byte, then a number.
bool cursor(std::string_view /*key*/, std::string_view value) {
    return value.size() == 1 + sizeof(std::uint64_t) && value.front() == 1;
}

Decodes decoder_of(Table table) {
    switch (table) {
            // clang-format off
        case Table::Meta:            return meta;
        case Table::Clients:         return row<store::ClientRow>;
        case Table::Keys:            return row<store::KeyRow>;
        case Table::Projects:        return row<store::ProjectRow>;
        case Table::Slugs:           return sized<kIdBytes>;
        case Table::Refs:            return row<store::RefRow>;
        case Table::RefHistory:      return row<store::RefHistoryRow>;
        case Table::Packs:           return row<store::PackRow>;
        case Table::Pushes:          return row<store::PushRow>;
        case Table::Events:          return row<store::Event>;
        case Table::EventsByProject: return empty;
        case Table::Jobs:            return row<store::Job>;
        case Table::JobsReady:       return empty;
        case Table::Runs:            return row<store::RunRow>;
        case Table::Targets:         return row<store::TargetRow>;
        case Table::Rules:           return row<store::RuleRow>;
        case Table::Deployments:     return row<store::DeploymentRow>;
        case Table::Releases:        return row<store::ReleaseRow>;
        case Table::Webhooks:        return row<store::WebhookRow>;
        case Table::Deliveries:      return row<store::DeliveryRow>;
        case Table::Cursors:         return cursor;
        case Table::Idempotency:     return idempotency;
        case Table::Sites:           return row<store::SiteRow>;
        case Table::RefFolds:        return text;
        case Table::Journal:         return row<store::JournalRow>;
        case Table::DeadPacks:       return row<store::DeadPackRow>;
        case Table::JobsLeased:      return empty;
        case Table::Grants:          return row<store::GrantRow>;
        case Table::KeyUses:         return row<store::KeyUseRow>;
        case Table::KeyPushes:       return row<store::KeyPushesRow>;
        case Table::Policies:        return row<store::PoliciesRow>;
        case Table::Statuses:        return row<store::StatusRow>;
        case Table::Audit:           return row<store::AuditRow>;
        case Table::OpenDeployments: return open_deployment;
        case Table::BlobDigests:     return row<store::BlobDigestsRow>;
        case Table::Gates:           return row<store::GatesRow>;
        case Table::TreeRules:       return row<store::TreeRulesRow>;
        case Table::Previews:        return row<store::PreviewRow>;
            // clang-format on
    }
    return text;
}

/// One table, page after page.
class TableCheck {
public:
    TableCheck(Table table, Findings& findings)
        : table_(table), decodes_(decoder_of(table)), findings_(findings) {}

    /// Returns: how many rows there are.
    std::size_t run(store::Store& store) {
        while (read_page(store)) {
        }
        if (damaged_ > kNamedMax) {
            add("and " + std::to_string(damaged_ - kNamedMax) + " more damaged rows");
        }
        return rows_;
    }

private:
    /// Returns: true if there may be more.
    bool read_page(store::Store& store) {
        std::size_t on_page = 0;
        const Status read = store.read([&](store::Reader& reader) {
            return reader.scan(
                table_, {from_, {}}, [&](std::string_view key, std::string_view value) {
                    look_at(key, value);
                    return ++on_page < kRowsPerRead;
                });
        });
        if (!read) {
            add(read.error().told_to_peer() + " (" + read.error().kept_in_log() + "); after row " +
                std::to_string(rows_));
        }
        return read && on_page == kRowsPerRead;
    }

    void look_at(std::string_view key, std::string_view value) {
        ++rows_;
        from_ = std::string(key) + '\0';
        if (!decodes_(key, value) && ++damaged_ <= kNamedMax) {
            add("the row under key '" + printable(key) + "' does not decode");
        }
    }

    void add(const std::string& what) {
        findings_.push_back(
            {Verdict::Problem, "store", std::string(store::name_of(table_)) + ": " + what});
    }

    Table table_;
    Decodes decodes_;
    Findings& findings_;
    std::string from_;
    std::size_t rows_ = 0;
    std::size_t damaged_ = 0;
};

}  // namespace

Findings check_rows(store::Store& store) {
    Findings findings;
    std::size_t rows = 0;
    for (std::size_t i = 0; i < store::kTables; ++i) {
        rows += TableCheck(static_cast<Table>(i), findings).run(store);
    }
    if (findings.empty()) {
        findings.push_back({Verdict::Ok,
                            "store",
                            std::to_string(rows) + " rows in " + std::to_string(store::kTables) +
                                " tables, all readable"});
    }
    return findings;
}

}  // namespace origin
