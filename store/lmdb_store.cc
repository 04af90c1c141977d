// SPDX-License-Identifier: Apache-2.0
#include "store/lmdb_store.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/thread_name.h"
#include "store/folder_lock.h"
#include "store/format.h"
#include "store/group_commit.h"
#include "store/lmdb_check.h"

namespace origin::store {
namespace {

constexpr int kExitIoError = 74;  // EX_IOERR.

Error cannot(const char* doing) {
    const std::string note = std::string(doing) + ": " + std::strerror(errno);
    return means_disk_full(errno) ? storage_full(note)
                                  : Error(Code::Internal, "The store cannot be opened.", note);
}

/// Signals go to other threads; a file size limit then shows as EFBIG instead of SIGXFSZ.
class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, &before_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
    sigset_t before_{};
};

/// A reader's stay inside the gate.
class Visitor {
public:
    explicit Visitor(MapGate& gate) : gate_(gate) { gate_.enter(); }
    ~Visitor() { gate_.leave(); }
    Visitor(const Visitor&) = delete;
    Visitor& operator=(const Visitor&) = delete;

private:
    MapGate& gate_;
};

class LmdbStore final : public Store {
public:
    LmdbStore(FolderLock lock, const LmdbSettings& settings, Log& log, Clock& clock)
        : lock_(std::move(lock)),
          folder_(settings.data_folder + "/store"),
          clock_(clock),
          env_(folder_, settings),
          disk_(folder_, {settings.disk_free_bytes_min, settings.disk_free_percent_min}, clock),
          commit_({.env = env_,
                   .queue = queue_,
                   .signal = signal_,
                   .disk = disk_,
                   .fatal = settings.fatal ? settings.fatal : [] { ::_exit(kExitIoError); },
                   .log = log,
                   .clock = clock}) {}

    LmdbStore(const LmdbStore&) = delete;
    LmdbStore& operator=(const LmdbStore&) = delete;
    ~LmdbStore() override {
        queue_.stop();
        if (writer_.joinable()) {
            writer_.join();
        }
    }

    Status open() {
        const SignalsBlocked blocked;
        ORIGIN_CHECK(env_.open());
        const WriteFn upgrade = [](Writer& writer) {
            return bring_to_current(writer, migrations());
        };
        WaitingWrite first{.fn = upgrade};
        commit_.run(first);
        ORIGIN_CHECK(std::move(first.result));
        ORIGIN_CHECK(sync_folder(folder_));
        writer_ = std::thread([this] {
            name_thread("writer");
            write_until_stopped();
        });  // Inherits the blocked signals.
        return {};
    }

    Status read(const ReadFn& fn) override {
        const Visitor visitor(env_.gate());
        Txn txn;
        if (const int rc = begin(env_.raw(), nullptr, MDB_RDONLY, txn); rc != MDB_SUCCESS) {
            return std::unexpected(lmdb_error(rc, "opening a snapshot"));
        }
        LmdbTables tables(env_, txn.get(), LmdbTables::Mode::Read, clock_);
        return tables.outcome(run_guarded(fn, tables));
    }

    Status write(const WriteFn& fn) override {
        ORIGIN_ASSERT(std::this_thread::get_id() != writer_.get_id());  // A write inside a write.
        return queue_.run(fn);
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
    void write_until_stopped() {
        while (WaitingWrite* const first = queue_.wait()) {
            queue_.finish(commit_.run(*first));
        }
    }

    FolderLock lock_;  // First: given back last.
    std::string folder_;
    Clock& clock_;
    LmdbEnv env_;
    WriteQueue queue_;
    ChangeSignal signal_;
    DiskSpace disk_;
    GroupCommit commit_;
    std::thread writer_;
};

bool exists(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0;
}

Status refuse_network_disk(const std::string& folder) {
    constexpr decltype(std::declval<struct statfs>().f_type) kNfs = 0x6969;
    struct statfs disk{};
    if (::statfs(folder.c_str(), &disk) == 0 && disk.f_type == kNfs) {
        return std::unexpected(Error(Code::InvalidInput,
                                     "The data folder is on NFS, whose locks and maps cannot be "
                                     "relied on; use a local disk.")
                                   .because("network_folder"));
    }
    return {};
}

/// Before LMDB may see the folder. Errors: Corrupt.
Status inspect(const std::string& folder) {
    struct stat data{};
    const bool there = ::stat((folder + "/data.mdb").c_str(), &data) == 0 && data.st_size > 0;
    if (there) {
        return check_in_child(folder);
    }
    if (exists(folder + "/made")) {
        return std::unexpected(Error(Code::Corrupt,
                                     "The store's data.mdb is missing or empty. Put back the "
                                     "`store` of a backup; to start anew, remove `store`.",
                                     "`made` is there, data.mdb is not")
                                   .because("damaged_store"));
    }
    return {};
}

/// From now on a store without data is a damaged one.
Status mark_made(const std::string& data_folder, const std::string& folder) {
    const std::string path = folder + "/made";
    if (exists(path)) {
        return {};
    }
    const OwnedFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd || ::fsync(fd.get()) != 0) {
        return std::unexpected(cannot("making `made`"));
    }
    ORIGIN_CHECK(sync_folder(folder));
    return sync_folder(data_folder);
}

}  // namespace

Result<std::unique_ptr<Store>> open_lmdb(const LmdbSettings& settings, Log& log, Clock& clock) {
    ORIGIN_TRY(lock, FolderLock::take(settings.data_folder));
    ORIGIN_CHECK(refuse_network_disk(settings.data_folder));
    const std::string folder = settings.data_folder + "/store";
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        return std::unexpected(cannot("making the folder `store`"));
    }
    ORIGIN_CHECK(inspect(folder));
    auto store = std::make_unique<LmdbStore>(std::move(lock), settings, log, clock);
    ORIGIN_CHECK(store->open());
    ORIGIN_CHECK(mark_made(settings.data_folder, folder));
    return store;
}

}  // namespace origin::store
