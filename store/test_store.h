// SPDX-License-Identifier: Apache-2.0
// store/test_store: what the store's tests share: a temporary folder, short words for rows.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/lmdb_store.h"
#include "store/store.h"

namespace origin::store {

/// A folder that is gone with it.
class TestFolder {
public:
    TestFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "origin-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            ADD_FAILURE() << "no temporary folder";
        }
        path_ = name;
    }
    ~TestFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;
    const std::string& path() const { return path_; }
    std::string data_file() const { return path_ + "/store/data.mdb"; }

private:
    std::string path_;
};

/// Opens LMDB stores with small steps, so that tests meet their ends; no reserve of disk.
struct Opener {
    SystemClock clock;
    Log log{2, LogFormat::Text, Level::Error, clock};

    static LmdbSettings small(const std::string& folder) {
        LmdbSettings settings;
        settings.data_folder = folder;
        settings.map_bytes_first = 1 * kMiB;
        settings.map_bytes_max = 1024 * kMiB;
        settings.disk_step_bytes = 64 * kKiB;
        settings.disk_free_bytes_min = 0;
        return settings;
    }
    Result<std::unique_ptr<Store>> try_open(const LmdbSettings& settings) {
        return open_lmdb(settings, log, clock);
    }
    std::unique_ptr<Store> open(const LmdbSettings& settings) {
        auto store = try_open(settings);
        EXPECT_TRUE(store) << store.error().told_to_peer() << " " << store.error().kept_in_log();
        return store ? std::move(*store) : nullptr;
    }
    std::unique_ptr<Store> open(const std::string& folder) { return open(small(folder)); }
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

inline Status put(Store& store,
                  std::string_view key,
                  std::string_view value,
                  Table table = Table::Refs) {
    return store.write([&](Writer& writer) { return writer.put(table, key, value); });
}

inline Status erase(Store& store, std::string_view key, Table table = Table::Refs) {
    return store.write([&](Writer& writer) { return writer.erase(table, key); });
}

inline Pairs rows_in(Reader& reader, const Range& range = {}, Table table = Table::Refs) {
    Pairs rows;
    EXPECT_TRUE(reader.scan(table, range, [&](std::string_view key, std::string_view value) {
        rows.emplace_back(key, value);
        return true;
    }));
    return rows;
}

inline Pairs rows_back(Reader& reader, const Range& range = {}, Table table = Table::Refs) {
    Pairs rows;
    EXPECT_TRUE(reader.scan_back(table, range, [&](std::string_view key, std::string_view value) {
        rows.emplace_back(key, value);
        return true;
    }));
    return rows;
}

inline Pairs rows_of(Store& store, const Range& range = {}, Table table = Table::Refs) {
    Pairs rows;
    EXPECT_TRUE(store.read([&](Reader& reader) -> Status {
        rows = rows_in(reader, range, table);
        return {};
    }));
    return rows;
}

inline std::string keys_of(const Pairs& rows) {
    std::string keys;
    for (const auto& [key, value] : rows) {
        keys += keys.empty() ? key : " " + key;
    }
    return keys;
}

inline Error refusal() {
    return {Code::Conflict, "no"};
}

}  // namespace origin::store
