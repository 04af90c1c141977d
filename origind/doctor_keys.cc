// SPDX-License-Identifier: Apache-2.0
#include "origind/doctor.h"
#include "store/row.h"
#include "store/rows/identity.h"

namespace origin {
namespace {

constexpr UnixMillis kWarnBefore = 14L * 24 * 60 * 60 * 1000;
constexpr std::size_t kNamedMax = 20;

/// Not of tokens, which are made to end, nor of a key that has a successor.
bool ends_soon(const store::KeyRow& key, UnixMillis now) {
    const bool is_long_lived = key.expires_at - key.created_at > kWarnBefore;
    return key.revoked_at == 0 && !key.replaced_by && is_long_lived && key.expires_at > now &&
           key.expires_at - now <= kWarnBefore;
}

}  // namespace

Findings check_keys(store::Store& store, UnixMillis now) {
    Findings findings;
    std::size_t more = 0;
    const Status read = store.read([&](store::Reader& reader) {
        findings.clear();
        more = 0;
        return reader.scan(
            store::Table::Keys, {}, [&](std::string_view key, std::string_view value) {
                const auto id = KeyId::from_raw(key);
                const auto row = store::decode<store::KeyRow>(value);
                if (!id || !row || !ends_soon(*row, now)) {
                    return true;  // A damaged row is check_rows' affair.
                }
                if (findings.size() == kNamedMax) {
                    ++more;
                    return true;
                }
                findings.push_back({Verdict::Note,
                                    "key",
                                    id->str() + " of " + row->client.str() + " ends at " +
                                        rfc3339(row->expires_at) +
                                        "; 'origind key rotate' makes one in its place"});
                return true;
            });
    });
    if (!read) {
        findings.push_back({Verdict::Problem, "key", read.error().told_to_peer()});
    }
    if (more > 0) {
        findings.push_back({Verdict::Note,
                            "key",
                            "and " + std::to_string(more) + " more that end within 14 days"});
    }
    return findings;
}

}  // namespace origin
