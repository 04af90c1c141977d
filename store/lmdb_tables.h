// SPDX-License-Identifier: Apache-2.0
// store/lmdb_tables: one LMDB transaction as a Reader and Writer, checksums and limits included.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "store/change_signal.h"
#include "store/lmdb_env.h"
#include "store/lmdb_handles.h"
#include "store/store.h"
#include "store/write_rules.h"

namespace origin::store {

/// What writes did to the tables: enough to say how many pages they may have touched.
struct Touched {
    std::array<std::uint64_t, kTables> rows{};
    std::uint64_t large_pages = 0;  // Pages of values that do not fit beside others.

    void add(const Touched& other);
    bool anything() const { return tables().any(); }
    ChangedTables tables() const;
    /// No fewer pages than the transaction will write.
    std::uint64_t pages(const LmdbEnv& env, MDB_txn* txn) const;
};

class LmdbTables final : public Writer {
public:
    enum class Mode : std::uint8_t { Read, Write, WriteErasesOnly };

    /// Lifetime: all three outlive it; `txn` stays open and is not written to by others.
    LmdbTables(LmdbEnv& env, MDB_txn* txn, Mode mode, const Clock& clock);

    Result<std::optional<std::string>> get(Table table, std::string_view key) override;
    Status scan(Table table, const Range& range, const Visit& visit) override;
    Status scan_back(Table table, const Range& range, const Visit& visit) override;
    Status put(Table table, std::string_view key, std::string_view value) override;
    Status erase(Table table, std::string_view key) override;

    /// `returned`, or the error that the function ignored.
    Status outcome(Status returned) const { return errors_.over(std::move(returned)); }
    bool map_full() const { return map_full_; }
    const Touched& touched() const { return touched_; }
    const WriteBudget& budget() const { return budget_; }

private:
    enum class Step : std::uint8_t { Visited, Written, Stopped };

    Result<std::string_view> verify(Table table, std::string_view key, const MDB_val& stored) const;
    Result<Step> show(Table table, const MDB_val& key, const MDB_val& value, const Visit& visit);
    Status walk(Table table, const Range& range, const Visit& visit);
    Status walk_back(Table table, const Range& range, const Visit& visit);
    Status store(Table table, std::string_view key, std::string_view value);
    Status check_age() const;
    Error failed(int rc, const char* doing);

    LmdbEnv& env_;
    MDB_txn* txn_;
    Mode mode_;
    const Clock& clock_;
    std::chrono::steady_clock::time_point begun_;
    WriteBudget budget_;
    FirstError errors_;
    Touched touched_;
    bool map_full_ = false;
};

}  // namespace origin::store
