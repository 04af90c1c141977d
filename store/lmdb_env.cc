// SPDX-License-Identifier: Apache-2.0
#include "store/lmdb_env.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>

namespace origin::store {
namespace {

constexpr std::uint64_t round_up(std::uint64_t bytes, std::uint64_t step) {
    return (bytes + step - 1) / step * step;
}

/// Pages in the free list that the next write may use: those freed before the last commit.
Result<std::uint64_t> count_free(MDB_env* env) {
    constexpr MDB_dbi kFreeList = 0;
    Txn txn;
    Cursor cursor;
    int rc = begin(env, nullptr, MDB_RDONLY, txn);
    rc = rc == MDB_SUCCESS ? open_cursor(txn.get(), kFreeList, cursor) : rc;
    if (rc != MDB_SUCCESS) {
        return std::unexpected(lmdb_error(rc, "reading the free list"));
    }
    const std::size_t last_txn = mdb_txn_id(txn.get());
    std::uint64_t pages = 0;
    MDB_val key;
    MDB_val value;
    while (mdb_cursor_get(cursor.get(), &key, &value, MDB_NEXT) == MDB_SUCCESS) {
        std::size_t freed_by = 0;
        std::size_t count = 0;
        if (key.mv_size != sizeof freed_by || value.mv_size < sizeof count) {
            break;
        }
        std::memcpy(&freed_by, key.mv_data, sizeof freed_by);
        std::memcpy(&count, value.mv_data, sizeof count);
        pages += freed_by < last_txn ? count : 0;
    }
    return pages;
}

}  // namespace

void MapGate::enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !closed_ && readers_ < readers_max_; });
    readers_ += 1;
}

void MapGate::leave() {
    const std::lock_guard lock(mutex_);
    readers_ -= 1;
    if (closed_ || readers_ + 1 == readers_max_) {
        changed_.notify_all();
    }
}

void MapGate::alone(const std::function<void()>& fn) {
    std::unique_lock lock(mutex_);
    closed_ = true;
    changed_.wait(lock, [this] { return readers_ == 0; });
    fn();
    closed_ = false;
    changed_.notify_all();
}

LmdbEnv::LmdbEnv(std::string folder, const LmdbSettings& settings)
    : folder_(std::move(folder)), settings_(settings), gate_(kStoreReadersMax - 2) {}

Status LmdbEnv::open() {
    MDB_env* created = nullptr;
    if (const int rc = mdb_env_create(&created); rc != MDB_SUCCESS) {
        return std::unexpected(lmdb_error(rc, "creating the environment"));
    }
    env_.reset(created);
    struct stat file{};
    const bool there = ::stat((folder_ + "/data.mdb").c_str(), &file) == 0;
    const auto file_bytes = there ? static_cast<std::uint64_t>(file.st_size) : 0;
    map_bytes_ = std::max(settings_.map_bytes_first, round_up(file_bytes, 1 * kMiB));
    // Every flag left out is a promise kept: no NOSYNC, NOMETASYNC, WRITEMAP or NOMEMINIT.
    constexpr unsigned kFlags = MDB_NOTLS;
    int rc = mdb_env_set_maxdbs(raw(), kTables);
    rc = rc == 0 ? mdb_env_set_maxreaders(raw(), kStoreReadersMax) : rc;
    rc = rc == 0 ? mdb_env_set_mapsize(raw(), map_bytes_) : rc;
    rc = rc == 0 ? mdb_env_open(raw(), folder_.c_str(), kFlags, 0600) : rc;
    int stale_readers = 0;
    rc = rc == 0 ? mdb_reader_check(raw(), &stale_readers) : rc;
    if (rc != MDB_SUCCESS) {
        return std::unexpected(lmdb_error(rc, "opening the store"));
    }
    MDB_stat stat{};
    mdb_env_stat(raw(), &stat);
    page_bytes_ = stat.ms_psize;
    preallocate(round_up(std::max(file_bytes, used_bytes()), settings_.disk_step_bytes));
    return open_tables();
}

Status LmdbEnv::open_tables() {
    Txn txn;
    int rc = begin(raw(), nullptr, 0, txn);
    for (std::size_t i = 0; i < kTables && rc == MDB_SUCCESS; ++i) {
        const std::string name(name_of(static_cast<Table>(i)));
        rc = mdb_dbi_open(txn.get(), name.c_str(), MDB_CREATE, &dbis_[i]);
    }
    rc = rc == MDB_SUCCESS ? commit(std::move(txn)) : rc;
    if (rc != MDB_SUCCESS) {
        return std::unexpected(lmdb_error(rc, "opening the tables"));
    }
    return {};
}

std::uint64_t LmdbEnv::used_bytes() const {
    MDB_envinfo info{};
    mdb_env_info(raw(), &info);
    return (static_cast<std::uint64_t>(info.me_last_pgno) + 1) * page_bytes_;
}

bool LmdbEnv::grow_map() {
    const std::uint64_t next = std::min(map_bytes_ * 2, settings_.map_bytes_max);
    if (next <= map_bytes_) {
        return false;
    }
    int rc = EINVAL;
    gate_.alone([&] { rc = mdb_env_set_mapsize(raw(), next); });
    if (rc == MDB_SUCCESS) {
        map_bytes_ = next;
    }
    return rc == MDB_SUCCESS;
}

bool LmdbEnv::map_has_reserve() {
    const std::uint64_t most = settings_.map_bytes_max / 5 * 4;
    const std::uint64_t used = used_bytes();
    return used < most || used - std::min(used, reusable_pages() * page_bytes_) < most;
}

Status LmdbEnv::make_room(std::uint64_t pages) {
    const std::uint64_t need = used_bytes() + pages * page_bytes_;
    if (!can_preallocate_ || need <= disk_bytes_ ||
        preallocate(round_up(need, settings_.disk_step_bytes)) || preallocate(need) ||
        reusable_pages() >= pages) {
        return {};
    }
    return std::unexpected(storage_full("no disk space for the store's next pages"));
}

std::uint64_t LmdbEnv::reusable_pages() {
    gate_.alone([] {});  // From here on no reader holds pages older than the last commit's.
    return count_free(raw()).value_or(0);
}

bool LmdbEnv::preallocate(std::uint64_t bytes) {
    mdb_filehandle_t fd = -1;
    mdb_env_get_fd(raw(), &fd);
    int rc = 0;
    do {
        rc = ::fallocate(fd, 0, 0, static_cast<off_t>(bytes));
    } while (rc != 0 && errno == EINTR);
    if (rc == 0) {
        disk_bytes_ = std::max(disk_bytes_, bytes);
    } else if (errno == EOPNOTSUPP || errno == ENOSYS) {
        can_preallocate_ = false;  // Then the check of free space alone must do.
    }
    return rc == 0;
}

}  // namespace origin::store
