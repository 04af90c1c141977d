// SPDX-License-Identifier: Apache-2.0
#include "auth/once.h"

#include <algorithm>

#include "base/limits.h"
#include "crypto/hash.h"
#include "store/key.h"
#include "store/rows/access.h"
#include "store/rows/run.h"

namespace origin::auth {
namespace {

using store::IdempotencyRow;
using store::Table;

bool is_expired(const IdempotencyRow& row, UnixMillis now) {
    return now - row.created_at > Milliseconds(kIdempotencyKept).count();
}

/// How many rows a client has: kept in a row of its own, under the bare client id.
Result<std::uint64_t> count_rows(store::Reader& reader, const ClientId& client) {
    ORIGIN_TRY(bytes, reader.get(Table::Idempotency, client.view()));
    return bytes ? store::from_be64(*bytes).value_or(0) : 0;
}

/// Looks at a few of the client's rows from a place that the new key's hash picks, and drops those
/// that have expired: each write pays a little, and no row stays for long.
Result<std::uint64_t> drop_some_expired(store::Writer& writer,
                                        const std::string& row_key,
                                        UnixMillis now) {
    constexpr std::size_t kLookedAt = 16;
    const std::string client = row_key.substr(0, kIdBytes);
    ORIGIN_TRY(
        rows,
        store::scan_rows<IdempotencyRow>(
            writer, Table::Idempotency, {row_key, store::Range::prefix(client).to}, kLookedAt));
    std::uint64_t dropped = 0;
    for (const auto& [key, row] : rows) {
        if (is_expired(row, now)) {
            ORIGIN_CHECK(writer.erase(Table::Idempotency, key));
            ++dropped;
        }
    }
    return dropped;
}

}  // namespace

Result<Once> Once::make(const Request& request) {
    Once once;
    if (request.key.empty()) {
        return once;
    }
    const bool printable =
        std::ranges::all_of(request.key, [](char c) { return c > 0x20 && c < 0x7f; });
    if (request.key.size() > kIdempotencyKeyBytesMax || !printable) {
        return std::unexpected(
            Error(Code::InvalidInput, "Idempotency-Key has 1 to 255 printable ASCII characters")
                .because("bad_idempotency_key"));
    }
    std::string what(request.method);
    what.append("\n").append(request.path).append("\n").append(request.key);
    once.client_ = request.client;
    once.row_key_ = std::string(request.client.view()) + crypto::sha256(what);
    once.body_sha256_ = crypto::sha256(request.body);
    once.now_ = request.now;
    return once;
}

Result<std::optional<std::vector<std::string>>> Once::earlier(store::Reader& reader) const {
    using Found = std::optional<std::vector<std::string>>;
    if (row_key_.empty()) {
        return Found();
    }
    ORIGIN_TRY(row, store::get_row<IdempotencyRow>(reader, Table::Idempotency, row_key_));
    if (!row || is_expired(*row, now_)) {
        return Found();
    }
    if (row->body_sha256 != body_sha256_) {
        return std::unexpected(
            Error(Code::Conflict, "this Idempotency-Key was used with another body")
                .because("idempotency_key_reused"));
    }
    return Found(row->result);
}

Status Once::record(store::Writer& writer, const std::vector<std::string>& result) const {
    if (row_key_.empty()) {
        return {};
    }
    ORIGIN_TRY(before, earlier(writer));
    if (before) {
        return std::unexpected(
            Error(Code::Conflict, "this Idempotency-Key was used already").because("replayed"));
    }
    ORIGIN_TRY(rows, count_rows(writer, client_));
    ORIGIN_TRY(dropped, drop_some_expired(writer, row_key_, now_));
    rows -= std::min(rows, dropped);
    if (rows >= kIdempotencyKeysPerClientMax) {
        return std::unexpected(
            Error(Code::LimitExceeded,
                  "too many Idempotency-Keys within 24 hours; send fewer or wait")
                .because("too_many_idempotency_keys"));
    }
    ORIGIN_CHECK(writer.put(Table::Idempotency, client_.view(), store::be64(rows + 1)));
    return store::put_row(
        writer, Table::Idempotency, row_key_, IdempotencyRow{body_sha256_, result, now_});
}

}  // namespace origin::auth
