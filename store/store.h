// SPDX-License-Identifier: Apache-2.0
// store/store: the one ordered, transactional key-value store behind which every lasting fact
// lives. Two engines keep this contract: store/lmdb_store (durable) and store/memory_store (the
// model).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace origin::store {

/// One key space each. docs/formats.md says what every key and value holds.
enum class Table : std::uint8_t {
    Meta,
    Clients,
    Keys,
    Projects,
    Slugs,
    Refs,
    RefHistory,
    Packs,
    Pushes,
    Events,
    EventsByProject,
    Jobs,
    JobsReady,
    Runs,
    Targets,
    Rules,
    Deployments,
    Releases,
    Webhooks,
    Deliveries,
    Cursors,
    Idempotency,
    Sites,
    RefFolds,
    Journal,
    DeadPacks,
    JobsLeased,
    Grants,
    KeyUses,
    KeyPushes,
    Policies,
    Statuses,
    Audit,
    OpenDeployments,
    BlobDigests,
    Gates,
    TreeRules,
    Previews,
};
inline constexpr std::size_t kTables = static_cast<std::size_t>(Table::Previews) + 1;

/// The table's lasting name on disk: "ref_history".
std::string_view name_of(Table table);

/// Keys from `from` up to, not including, `to`; an empty `to` means to the end of the table.
struct Range {
    std::string from;
    std::string to;

    /// Every key that begins with `prefix`.
    static Range prefix(std::string_view prefix);
};

/// False stops the scan. Lifetime: both views are valid during the call only.
using Visit = std::function<bool(std::string_view key, std::string_view value)>;

/// One unchanging view of all tables. Lifetime: the function it was handed to.
class Reader {
public:
    virtual ~Reader() = default;

    /// The value (copied), or nullopt. Errors: InvalidInput (key not 1..511 bytes), Corrupt.
    virtual Result<std::optional<std::string>> get(Table table, std::string_view key) = 0;

    /// Visits the range in rising key order. `visit` may write, if this is a Writer: its views are
    /// gone then, and the scan goes on behind its key in the table as it is by then.
    virtual Status scan(Table table, const Range& range, const Visit& visit) = 0;

    /// The same from the range's end downwards.
    virtual Status scan_back(Table table, const Range& range, const Visit& visit) = 0;
};

/// A view that can be changed; it sees its own changes.
class Writer : public Reader {
public:
    /// Errors: InvalidInput (key not 1..511 bytes), LimitExceeded (rows or bytes in one write,
    /// value size), StorageFull.
    virtual Status put(Table table, std::string_view key, std::string_view value) = 0;

    /// Erasing what is not there is no error.
    virtual Status erase(Table table, std::string_view key) = 0;
};

/// An error that a Reader or Writer gave is the call's result even if the function ignored it.
/// Plain functions: no waiting, no reads of other stores, nothing done outside the Reader/Writer
/// that may not be done twice. Must not call the Store they run in.
using ReadFn = std::function<Status(Reader&)>;
using WriteFn = std::function<Status(Writer&)>;

/// Thread-safe.
class Store {
public:
    virtual ~Store() = default;

    /// Runs `fn` on one snapshot of every durable write so far. Errors: those of `fn`; Timeout (a
    /// snapshot older than kStoreSnapshotAgeMax is given up, for it keeps old pages from reuse).
    virtual Status read(const ReadFn& fn) = 0;

    /// Runs `fn` as one serialisable transaction. Blocks: until the change is durable. `fn` may run
    /// more than once, on another thread; an Error from it undoes all of its changes and nobody
    /// else's. Errors: those of `fn`; Unavailable (queue full, stopping); StorageFull; Corrupt.
    virtual Status write(const WriteFn& fn) = 0;

    /// The number of durable commits in this process; grows with each batch that changed anything.
    virtual std::uint64_t version() const = 0;

    /// Blocks: until version() > `seen`, but at most `timeout`. Returns: version().
    virtual std::uint64_t wait_for_change(std::uint64_t seen, Milliseconds timeout) = 0;

    /// Both for commits that changed a row of `table`: nobody else's wake who waits for it.
    virtual std::uint64_t version_of(Table table) const = 0;
    virtual std::uint64_t wait_for_change_of(Table table,
                                             std::uint64_t seen,
                                             Milliseconds timeout) = 0;
};

}  // namespace origin::store
