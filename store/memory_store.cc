// SPDX-License-Identifier: Apache-2.0
#include "store/memory_store.h"

#include <array>
#include <map>
#include <mutex>
#include <utility>

#include "store/change_signal.h"
#include "store/write_rules.h"

namespace origin::store {
namespace {

using Rows = std::map<std::string, std::string, std::less<>>;
/// All tables. Copying it copies pointers; a writer copies the rows of a table it changes.
using Snapshot = std::array<std::shared_ptr<const Rows>, kTables>;

std::size_t index_of(Table table) {
    return static_cast<std::size_t>(table);
}

class MemoryWriter final : public Writer {
public:
    explicit MemoryWriter(const Snapshot& snapshot) : tables_(snapshot) {}

    Result<std::optional<std::string>> get(Table table, std::string_view key) override {
        if (auto good = errors_.note(check_key(key)); !good) {
            return std::unexpected(std::move(good).error());
        }
        const Rows& rows = rows_of(table);
        const auto row = rows.find(key);
        return row == rows.end() ? std::nullopt : std::optional(row->second);
    }

    Status scan(Table table, const Range& range, const Visit& visit) override {
        for (auto row = rows_of(table).lower_bound(range.from); inside(table, row, range);) {
            const std::string key = row->first;  // `visit` may erase the row.
            if (!visit(key, row->second)) {
                break;
            }
            row = rows_of(table).upper_bound(key);
        }
        return {};
    }

    Status scan_back(Table table, const Range& range, const Visit& visit) override {
        std::string to = range.to;
        while (true) {
            const Rows& rows = rows_of(table);
            auto row = to.empty() ? rows.end() : rows.lower_bound(to);
            if (row == rows.begin() || (--row)->first < range.from) {
                return {};
            }
            to = row->first;
            if (!visit(to, row->second)) {
                return {};
            }
        }
    }

    Status put(Table table, std::string_view key, std::string_view value) override {
        ORIGIN_CHECK(errors_.note(budget_.put(key, value)));
        change(table).insert_or_assign(std::string(key), std::string(value));
        return {};
    }

    Status erase(Table table, std::string_view key) override {
        ORIGIN_CHECK(errors_.note(budget_.erase(key)));
        Rows& rows = change(table);
        if (const auto row = rows.find(key); row != rows.end()) {
            rows.erase(row);
        }
        return {};
    }

    Status outcome(Status returned) const { return errors_.over(std::move(returned)); }
    bool changed() const { return budget_.rows() > 0; }
    ChangedTables changed_tables() const {
        ChangedTables changed;
        for (std::size_t i = 0; i < kTables; ++i) {
            changed[i] = mine_[i] != nullptr;
        }
        return changed;
    }
    const Snapshot& tables() const { return tables_; }

private:
    const Rows& rows_of(Table table) const { return *tables_[index_of(table)]; }

    bool inside(Table table, Rows::const_iterator row, const Range& range) const {
        return row != rows_of(table).end() && (range.to.empty() || row->first < range.to);
    }

    Rows& change(Table table) {
        auto& mine = mine_[index_of(table)];
        if (!mine) {
            mine = std::make_shared<Rows>(rows_of(table));
            tables_[index_of(table)] = mine;
        }
        return *mine;
    }

    Snapshot tables_;
    std::array<std::shared_ptr<Rows>, kTables> mine_;  // Copies of this write: free to change.
    WriteBudget budget_;
    FirstError errors_;
};

class MemoryStore final : public Store {
public:
    MemoryStore() { tables_.fill(std::make_shared<const Rows>()); }

    Status read(const ReadFn& fn) override {
        MemoryWriter reader(snapshot());
        return reader.outcome(run_guarded(fn, reader));
    }

    Status write(const WriteFn& fn) override {
        const std::lock_guard one_writer(writing_);
        MemoryWriter writer(snapshot());
        ORIGIN_CHECK(writer.outcome(run_guarded(fn, writer)));
        if (writer.changed()) {
            publish(writer.tables());
            signal_.raise(writer.changed_tables());
        }
        return {};
    }

    std::uint64_t version() const override { return signal_.version(); }
    std::uint64_t wait_for_change(std::uint64_t seen, Milliseconds timeout) override {
        return signal_.wait(seen, timeout);
    }
    std::uint64_t version_of(Table table) const override { return signal_.version_of(table); }
    std::uint64_t wait_for_change_of(Table table,
                                     std::uint64_t seen,
                                     Milliseconds timeout) override {
        return signal_.wait_for(table, seen, timeout);
    }

private:
    Snapshot snapshot() const {
        const std::lock_guard lock(mutex_);
        return tables_;
    }
    void publish(const Snapshot& tables) {
        const std::lock_guard lock(mutex_);
        tables_ = tables;
    }

    std::mutex writing_;
    mutable std::mutex mutex_;
    Snapshot tables_;
    ChangeSignal signal_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store() {
    return std::make_unique<MemoryStore>();
}

}  // namespace origin::store
