// SPDX-License-Identifier: Apache-2.0
#include "store/lmdb_tables.h"

#include <algorithm>

#include "store/checksum.h"

namespace origin::store {
namespace {

/// To the last row before `key`, or of all if it is empty; without `seek`, to the next one down.
int move_back(MDB_cursor* cursor, MDB_val& key, MDB_val& value, bool seek) {
    if (!seek) {
        return mdb_cursor_get(cursor, &key, &value, MDB_PREV);
    }
    const int rc =
        key.mv_size == 0 ? MDB_NOTFOUND : mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    if (rc != MDB_NOTFOUND && rc != MDB_SUCCESS) {
        return rc;
    }
    return mdb_cursor_get(cursor, &key, &value, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
}

}  // namespace

void Touched::add(const Touched& other) {
    for (std::size_t i = 0; i < kTables; ++i) {
        rows[i] += other.rows[i];
    }
    large_pages += other.large_pages;
}

ChangedTables Touched::tables() const {
    ChangedTables changed;
    for (std::size_t i = 0; i < kTables; ++i) {
        changed[i] = rows[i] > 0;
    }
    return changed;
}

std::uint64_t Touched::pages(const LmdbEnv& env, MDB_txn* txn) const {
    constexpr std::uint64_t kSlack = 64;  // The table of tables, the free list, the two heads.
    std::uint64_t total = kSlack + large_pages;
    for (std::size_t i = 0; i < kTables; ++i) {
        MDB_stat stat{};
        if (rows[i] > 0 && mdb_stat(txn, env.dbi(static_cast<Table>(i)), &stat) == MDB_SUCCESS) {
            // A row dirties the pages above it and may split each of them; and no more pages than
            // the table has are dirty.
            const std::uint64_t whole = stat.ms_branch_pages + stat.ms_leaf_pages;
            total += std::min(rows[i] * 2 * stat.ms_depth, whole);
        }
    }
    return total + total / 256;  // Numbers of freed pages, 8 bytes each, in the free list.
}

LmdbTables::LmdbTables(LmdbEnv& env, MDB_txn* txn, Mode mode, const Clock& clock)
    : env_(env), txn_(txn), mode_(mode), clock_(clock), begun_(clock.steady()) {}

Result<std::optional<std::string>> LmdbTables::get(Table table, std::string_view key) {
    const auto read = [&]() -> Result<std::optional<std::string>> {
        ORIGIN_CHECK(check_key(key));
        ORIGIN_CHECK(check_age());
        MDB_val key_val = val_of(key);
        MDB_val stored;
        const int rc = mdb_get(txn_, env_.dbi(table), &key_val, &stored);
        if (rc == MDB_NOTFOUND) {
            return std::nullopt;
        }
        if (rc != MDB_SUCCESS) {
            return std::unexpected(failed(rc, "reading a row"));
        }
        ORIGIN_TRY(value, verify(table, key, stored));
        return std::string(value);
    };
    return errors_.note(read());
}

Status LmdbTables::scan(Table table, const Range& range, const Visit& visit) {
    return errors_.note(walk(table, range, visit));
}

Status LmdbTables::scan_back(Table table, const Range& range, const Visit& visit) {
    return errors_.note(walk_back(table, range, visit));
}

Status LmdbTables::walk(Table table, const Range& range, const Visit& visit) {
    Cursor cursor;
    if (const int rc = open_cursor(txn_, env_.dbi(table), cursor); rc != MDB_SUCCESS) {
        return std::unexpected(failed(rc, "opening a cursor"));
    }
    std::string from = range.from;
    MDB_cursor_op move = from.empty() ? MDB_FIRST : MDB_SET_RANGE;
    while (true) {
        MDB_val key = val_of(from);
        MDB_val value;
        const int rc = mdb_cursor_get(cursor.get(), &key, &value, move);
        if (rc == MDB_NOTFOUND || (rc == MDB_SUCCESS && !range.to.empty() &&
                                   view_of(key) >= std::string_view(range.to))) {
            return {};
        }
        if (rc != MDB_SUCCESS) {
            return std::unexpected(failed(rc, "scanning"));
        }
        if (mode_ != Mode::Read) {
            from = view_of(key);
        }
        ORIGIN_TRY(step, show(table, key, value, visit));
        if (step == Step::Stopped) {
            return {};
        }
        move = MDB_NEXT;
        if (step == Step::Written) {
            from.push_back('\0');  // The next possible key.
            move = MDB_SET_RANGE;
        }
    }
}

Status LmdbTables::walk_back(Table table, const Range& range, const Visit& visit) {
    Cursor cursor;
    if (const int rc = open_cursor(txn_, env_.dbi(table), cursor); rc != MDB_SUCCESS) {
        return std::unexpected(failed(rc, "opening a cursor"));
    }
    std::string to = range.to;
    bool seek = true;
    while (true) {
        MDB_val key = val_of(to);
        MDB_val value;
        const int rc = move_back(cursor.get(), key, value, seek);
        if (rc == MDB_NOTFOUND || (rc == MDB_SUCCESS && view_of(key) < range.from)) {
            return {};
        }
        if (rc != MDB_SUCCESS) {
            return std::unexpected(failed(rc, "scanning back"));
        }
        if (mode_ != Mode::Read) {
            to = view_of(key);
        }
        ORIGIN_TRY(step, show(table, key, value, visit));
        if (step == Step::Stopped) {
            return {};
        }
        seek = step == Step::Written;
    }
}

Result<LmdbTables::Step> LmdbTables::show(Table table,
                                          const MDB_val& key,
                                          const MDB_val& value,
                                          const Visit& visit) {
    ORIGIN_CHECK(check_age());
    ORIGIN_TRY(bytes, verify(table, view_of(key), value));
    const std::size_t rows_before = budget_.rows();
    if (!visit(view_of(key), bytes)) {
        return Step::Stopped;
    }
    return budget_.rows() == rows_before ? Step::Visited : Step::Written;
}

Status LmdbTables::put(Table table, std::string_view key, std::string_view value) {
    return errors_.note(store(table, key, value));
}

Status LmdbTables::store(Table table, std::string_view key, std::string_view value) {
    ORIGIN_CHECK(budget_.put(key, value));
    if (mode_ == Mode::WriteErasesOnly) {
        return std::unexpected(storage_full("only deletes are taken"));
    }
    const std::string sum = checksum(table, key, value);
    MDB_val key_val = val_of(key);
    MDB_val stored{sum.size() + value.size(), nullptr};
    const int rc = mdb_put(txn_, env_.dbi(table), &key_val, &stored, MDB_RESERVE);
    if (rc != MDB_SUCCESS) {
        return std::unexpected(failed(rc, "storing a row"));
    }
    std::ranges::copy(value, std::ranges::copy(sum, static_cast<char*>(stored.mv_data)).out);
    touched_.rows[static_cast<std::size_t>(table)] += 1;
    const std::uint64_t large = value.size() / env_.page_bytes();
    touched_.large_pages += 2 * value.size() > env_.page_bytes() / 2 ? large + 1 : 0;
    return {};
}

Status LmdbTables::erase(Table table, std::string_view key) {
    const auto remove = [&]() -> Status {
        ORIGIN_CHECK(budget_.erase(key));
        MDB_val key_val = val_of(key);
        const int rc = mdb_del(txn_, env_.dbi(table), &key_val, nullptr);
        if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND) {
            return std::unexpected(failed(rc, "erasing a row"));
        }
        touched_.rows[static_cast<std::size_t>(table)] += rc == MDB_SUCCESS ? 1 : 0;
        return {};
    };
    return errors_.note(remove());
}

Result<std::string_view> LmdbTables::verify(Table table,
                                            std::string_view key,
                                            const MDB_val& stored) const {
    if (const auto value = verified(table, key, view_of(stored))) {
        return *value;
    }
    return std::unexpected(Error(Code::Corrupt,
                                 "A stored record is damaged.",
                                 "wrong checksum in table " + std::string(name_of(table)))
                               .because("bad_checksum"));
}

Status LmdbTables::check_age() const {
    if (mode_ == Mode::Read && clock_.steady() - begun_ > kStoreSnapshotAgeMax) {
        return std::unexpected(Error(Code::Timeout,
                                     "This took too long; try again.",
                                     "a snapshot was held open too long")
                                   .because("snapshot_too_old"));
    }
    return {};
}

Error LmdbTables::failed(int rc, const char* doing) {
    map_full_ = map_full_ || rc == MDB_MAP_FULL;
    return lmdb_error(rc, doing);
}

}  // namespace origin::store
