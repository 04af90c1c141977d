// SPDX-License-Identifier: Apache-2.0
#include "hooks/reseal.h"

#include <string>

#include "hooks/deployments.h"
#include "hooks/external_gate.h"
#include "hooks/target_secret.h"
#include "hooks/webhook_secret.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::hooks {
namespace {

using store::Table;

constexpr std::size_t kRowsPerStep = 500;

struct Step {
    std::size_t resealed = 0;
    std::string last;  // Key of the last row; empty: there were no more.
};

struct Keys {
    const Secret& from;
    const Secret& to;
    Random& random;
};

Result<bool> reseal_row(const std::string& key, store::WebhookRow& row, const Keys& keys) {
    store::KeyParts parts(key);
    const auto scope = parts.id<ProjectId>();
    const auto id = parts.id<WebhookId>();
    if (!scope || !id) {
        return std::unexpected(Error(Code::Corrupt, "a stored webhook is damaged"));
    }
    const auto raw = open_webhook_secret(keys.from, *id, row.sealed_secret);
    if (!raw) {
        return false;
    }
    row.sealed_secret = seal_webhook_secret(keys.to, *id, *raw, keys.random);
    if (!row.sealed_previous.empty()) {
        const auto previous = open_webhook_secret(keys.from, *id, row.sealed_previous);
        row.sealed_previous =
            previous ? seal_webhook_secret(keys.to, *id, *previous, keys.random) : std::string();
    }
    return true;
}

Result<bool> reseal_row(const std::string& key, store::TargetRow& row, const Keys& keys) {
    ORIGIN_TRY(subject, read_deploy_subject(key));  // The same parts.
    const auto text =
        open_target_secret(keys.from, subject.project, subject.target, row.sealed_secret);
    if (!text || row.sealed_secret.empty()) {
        return false;
    }
    row.sealed_secret =
        seal_target_secret(keys.to, subject.project, subject.target, Secret(*text), keys.random);
    return true;
}

Result<bool> reseal_row(const std::string& key, store::GatesRow& row, const Keys& keys) {
    const auto project = ProjectId::from_raw(key);
    if (!project) {
        return std::unexpected(Error(Code::Corrupt, "stored settings of gates are damaged"));
    }
    const auto raw = open_gate_secret(keys.from, *project, row.sealed_secret);
    if (!raw || row.sealed_secret.empty()) {
        return false;
    }
    row.sealed_secret = seal_gate_secret(keys.to, *project, Secret(*raw), keys.random);
    return true;
}

template <class Row>
Result<Step> reseal_some(store::Writer& writer,
                         Table table,
                         const std::string& next,
                         const Keys& keys) {
    Step step;
    ORIGIN_TRY(rows, store::scan_rows<Row>(writer, table, {next, {}}, kRowsPerStep));
    for (auto& [key, row] : rows) {
        ORIGIN_TRY(is_changed, reseal_row(key, row, keys));
        if (is_changed) {
            ORIGIN_CHECK(store::put_row(writer, table, key, row));
            ++step.resealed;
        }
    }
    step.last = rows.size() < kRowsPerStep ? std::string() : rows.back().first;
    return step;
}

template <class Row>
Result<std::size_t> reseal_table(store::Store& store, Table table, const Keys& keys) {
    std::size_t resealed = 0;
    std::string next(1, '\0');
    while (!next.empty()) {
        Step step;
        ORIGIN_CHECK(store.write([&](store::Writer& writer) -> Status {
            ORIGIN_TRY(done, reseal_some<Row>(writer, table, next, keys));
            step = done;  // The last one counts: it may run again.
            return {};
        }));
        resealed += step.resealed;
        next = step.last.empty() ? std::string() : step.last + '\0';
    }
    return resealed;
}

}  // namespace

Result<std::size_t> reseal_secrets(store::Store& store,
                                   const Secret& from,
                                   const Secret& to,
                                   Random& random) {
    const Keys keys{from, to, random};
    ORIGIN_TRY(webhooks, reseal_table<store::WebhookRow>(store, Table::Webhooks, keys));
    ORIGIN_TRY(targets, reseal_table<store::TargetRow>(store, Table::Targets, keys));
    ORIGIN_TRY(gates, reseal_table<store::GatesRow>(store, Table::Gates, keys));
    return webhooks + targets + gates;
}

}  // namespace origin::hooks
