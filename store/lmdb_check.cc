// SPDX-License-Identifier: Apache-2.0
#include "store/lmdb_check.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "store/lmdb_handles.h"
#include "store/store.h"

namespace origin::store {
namespace {

constexpr unsigned kCheckSecondsMax = 120;

enum class Finding : int { Good = 0, Unreadable = 10, NotAStore, Short, BadFreeList, BadTable };

const char* text_of(Finding finding) {
    switch (finding) {
        case Finding::Good:
            return "good";
        case Finding::Unreadable:
            return "the file cannot be opened";
        case Finding::NotAStore:
            return "its heads are not those of a store";
        case Finding::Short:
            return "the file is shorter than its heads say";
        case Finding::BadFreeList:
            return "the free list cannot be walked";
        case Finding::BadTable:
            return "a table cannot be walked";
    }
    return "the checking process ended strangely";
}

void touch_pages(const MDB_val& value) {
    // Keeps the compiler from leaving out reads whose only purpose is to happen.
    [[maybe_unused]] static volatile unsigned char touched;
    constexpr std::size_t kPage = 4096;
    const auto* bytes = static_cast<const unsigned char*>(value.mv_data);
    for (std::size_t at = 0; at < value.mv_size; at += kPage) {
        touched = bytes[at];
    }
    if (value.mv_size > 0) {
        touched = bytes[value.mv_size - 1];
    }
}

struct Walked {
    std::size_t rows = 0;
    int rc = MDB_SUCCESS;  // MDB_NOTFOUND: to the end.
};

/// Half of kStoreCheckRowsMax, or as many as have 32 MiB in all.
Walked walk_from(MDB_cursor* cursor, MDB_cursor_op first, MDB_cursor_op next) {
    constexpr std::size_t kBytesMax = 32 * kMiB;
    Walked walked;
    for (std::size_t bytes = 0; walked.rows < kStoreCheckRowsMax / 2 && bytes < kBytesMax;) {
        MDB_val key;
        MDB_val value;
        walked.rc = mdb_cursor_get(cursor, &key, &value, walked.rows == 0 ? first : next);
        if (walked.rc != MDB_SUCCESS) {
            break;
        }
        touch_pages(key);
        touch_pages(value);
        bytes += value.mv_size;
        walked.rows += 1;
    }
    return walked;
}

/// Returns: false if a row cannot be read, or fewer are there than counted.
bool walk(MDB_txn* txn, MDB_dbi dbi) {
    MDB_stat stat{};
    Cursor cursor;
    if (mdb_stat(txn, dbi, &stat) != 0 || open_cursor(txn, dbi, cursor) != 0) {
        return false;
    }
    const Walked front = walk_from(cursor.get(), MDB_FIRST, MDB_NEXT);
    if (front.rc != MDB_SUCCESS) {
        return front.rc == MDB_NOTFOUND && front.rows == stat.ms_entries;
    }
    return walk_from(cursor.get(), MDB_LAST, MDB_PREV).rc == MDB_SUCCESS;
}

Finding check_tables(MDB_txn* txn) {
    constexpr MDB_dbi kFreeList = 0;
    if (!walk(txn, kFreeList)) {
        return Finding::BadFreeList;
    }
    for (std::size_t i = 0; i < kTables; ++i) {
        const std::string name(name_of(static_cast<Table>(i)));
        MDB_dbi dbi = 0;
        const int rc = mdb_dbi_open(txn, name.c_str(), 0, &dbi);
        // A table that is not there yet will be made; one added by a newer version has no rows.
        if (rc != MDB_NOTFOUND && (rc != MDB_SUCCESS || !walk(txn, dbi))) {
            return Finding::BadTable;
        }
    }
    return Finding::Good;
}

Finding check(const std::string& folder) {
    MDB_env* created = nullptr;
    if (mdb_env_create(&created) != MDB_SUCCESS) {
        return Finding::Unreadable;
    }
    const Env env(created);
    mdb_env_set_maxdbs(env.get(), kTables);
    // No lock file: the folder's lock is ours, and nobody writes.
    const unsigned flags = MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS;
    if (const int rc = mdb_env_open(env.get(), folder.c_str(), flags, 0); rc != MDB_SUCCESS) {
        return rc == EACCES || rc == ENOENT || rc == EMFILE ? Finding::Unreadable
                                                            : Finding::NotAStore;
    }
    MDB_envinfo info{};
    MDB_stat stat{};
    struct stat file{};
    mdb_env_info(env.get(), &info);
    mdb_env_stat(env.get(), &stat);
    const std::uint64_t pages = static_cast<std::uint64_t>(info.me_last_pgno) + 1;
    if (::stat((folder + "/data.mdb").c_str(), &file) != 0 ||
        static_cast<std::uint64_t>(file.st_size) / stat.ms_psize < pages) {
        return Finding::Short;
    }
    Txn txn;
    if (begin(env.get(), nullptr, MDB_RDONLY, txn) != MDB_SUCCESS) {
        return Finding::NotAStore;
    }
    return check_tables(txn.get());
}

/// The child: dies of what it meets, quietly, and within bounds.
[[noreturn]] void check_and_exit(const std::string& folder) {
    for (const int deadly : {SIGBUS, SIGSEGV, SIGABRT, SIGFPE, SIGILL, SIGALRM}) {
        std::signal(deadly, SIG_DFL);
    }
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::alarm(kCheckSecondsMax);
    ::_exit(static_cast<int>(check(folder)));
}

Error damaged(const std::string& finding) {
    return Error(Code::Corrupt,
                 "The store is damaged and was not opened; nothing was changed. Keep a copy of "
                 "the data folder's `store`, then put back the `store` of a backup.",
                 "store check: " + finding)
        .because("damaged_store");
}

}  // namespace

Status check_in_child(const std::string& folder) {
    const pid_t child = ::fork();
    if (child < 0) {
        return std::unexpected(Error(Code::Internal,
                                     "The store cannot be checked.",
                                     std::string("fork: ") + std::strerror(errno)));
    }
    if (child == 0) {
        check_and_exit(folder);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return std::unexpected(Error(Code::Internal,
                                         "The store cannot be checked.",
                                         std::string("waitpid: ") + std::strerror(errno)));
        }
    }
    if (WIFSIGNALED(status)) {
        const int signal = WTERMSIG(status);
        return std::unexpected(damaged(std::string("reading it ends in ") + strsignal(signal)));
    }
    const auto finding = static_cast<Finding>(WEXITSTATUS(status));
    if (finding == Finding::Unreadable) {
        return std::unexpected(
            Error(Code::Internal, "The store cannot be read.", text_of(finding)));
    }
    return finding == Finding::Good ? Status() : std::unexpected(damaged(text_of(finding)));
}

}  // namespace origin::store
