// SPDX-License-Identifier: Apache-2.0
#include "auth/login_notes.h"

#include <utility>

#include "auth/audit.h"
#include "base/utf8.h"
#include "store/rows/access.h"
#include "store/rows/identity.h"

namespace origin::auth {
namespace {

using store::Table;

constexpr std::size_t kAgentBytesMax = 200;
constexpr std::string_view kBeyond;  // The entry of all that have no room of their own.

std::string_view cut(std::string_view agent) {
    return agent.substr(0, kAgentBytesMax);
}

}  // namespace

void LoginNotes::used(const KeyId& key, const Caller& caller) {
    const std::lock_guard lock(mutex_);
    auto found = uses_.find(key);
    if (found == uses_.end()) {
        if (uses_.size() >= kUsesMax) {
            std::erase_if(uses_, [](const auto& each) { return !each.second.is_news; });
        }
        if (uses_.size() >= kUsesMax) {
            return;
        }
        found = uses_.emplace(key, Use{}).first;
    }
    Use& use = found->second;
    use.used_at = clock_.now();
    use.is_news = true;
    use.peer = caller.peer;
    use.agent = cut(caller.agent);
}

void LoginNotes::refused(const std::optional<KeyId>& key,
                         const Caller& caller,
                         std::string_view why) {
    const std::lock_guard lock(mutex_);
    std::string place = std::string(caller.peer) + ' ' + (key ? key->str() : std::string());
    auto found = refusals_.find(place);
    if (found == refusals_.end()) {
        const bool has_room = refusals_.size() < kRefusalsMax;
        Refusal refusal;
        if (has_room) {
            refusal.key = key;
            refusal.peer = caller.peer;
        }
        found = refusals_.try_emplace(has_room ? place : std::string(kBeyond), std::move(refusal))
                    .first;
    }
    Refusal& refusal = found->second;
    refusal.via = caller.via;
    refusal.agent = cut(caller.agent);
    refusal.why = why;
    refusal.last = clock_.now();
    ++refusal.count;
}

LoginNotes::Uses LoginNotes::take_uses() {
    const auto now = clock_.steady();
    Uses due;
    for (auto& [key, use] : uses_) {
        if (use.is_news && use.written.is_due(now)) {
            due.emplace(key, use);
            use.is_news = false;
            use.written.at = now;
        }
    }
    return due;
}

LoginNotes::Refusals LoginNotes::take_refusals() {
    const auto now = clock_.steady();
    std::erase_if(refusals_, [&](const auto& each) {
        return each.second.count == 0 && each.second.written.is_due(now);
    });
    Refusals due;
    for (auto& [place, refusal] : refusals_) {
        if (refusal.count > 0 && refusal.written.is_due(now)) {
            due.emplace(place, refusal);
            refusal.count = 0;
            refusal.written.at = now;
        }
    }
    return due;
}

void LoginNotes::put_back(Uses uses, Refusals refusals) {
    for (auto& [key, use] : uses) {
        Use& now = uses_[key];
        if (!now.is_news) {
            now = std::move(use);
        }
        now.written.at.reset();
    }
    for (auto& [place, refusal] : refusals) {
        const auto [found, is_new] = refusals_.try_emplace(place, refusal);
        found->second.count += is_new ? 0 : refusal.count;
        found->second.written.at.reset();
    }
}

Status LoginNotes::write(store::Writer& writer, const Uses& uses, const Refusals& refusals) {
    for (const auto& [key, use] : uses) {
        ORIGIN_TRY(row, writer.get(Table::Keys, key.view()));
        if (row) {
            const store::KeyUseRow used{
                .used_at = use.used_at, .peer = use.peer, .agent = printable(use.agent)};
            ORIGIN_CHECK(store::put_row(writer, Table::KeyUses, key.view(), used));
        }
    }
    for (const auto& [place, refusal] : refusals) {
        store::AuditRow row{.time = refusal.last, .type = "login.refused"};
        row.actor.via = refusal.via;
        row.actor.from = refusal.peer;
        row.count = refusal.count;
        row.details = {{"why", refusal.why}};
        if (!refusal.agent.empty()) {
            row.details["agent"] = printable(refusal.agent);
        }
        if (refusal.key) {
            row.subject = refusal.key->str();
            ORIGIN_TRY(known,
                       store::get_row<store::KeyRow>(writer, Table::Keys, refusal.key->view()));
            if (known) {
                row.client = known->client;
            }
        }
        ORIGIN_CHECK(record_audit(writer, std::move(row)));
    }
    return {};
}

Result<std::size_t> LoginNotes::flush(store::Store& store) {
    Uses uses;
    Refusals refusals;
    {
        const std::lock_guard lock(mutex_);
        uses = take_uses();
        refusals = take_refusals();
    }
    const std::size_t rows = uses.size() + refusals.size();
    if (rows == 0) {
        return 0;
    }
    const Status written =
        store.write([&](store::Writer& writer) { return write(writer, uses, refusals); });
    if (!written) {
        const std::lock_guard lock(mutex_);
        put_back(std::move(uses), std::move(refusals));
        return std::unexpected(written.error());
    }
    return rows;
}

}  // namespace origin::auth
