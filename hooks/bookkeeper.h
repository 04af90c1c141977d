// SPDX-License-Identifier: Apache-2.0
// hooks/bookkeeper: writes what the doors only noted (last uses of keys, refused logins), and
// forgets what of the audit log is older than it is kept.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "auth/login_notes.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/store.h"

namespace origin::hooks {

class Bookkeeper {
public:
    struct Around {
        store::Store& store;
        auth::LoginNotes& notes;
        const Clock& schedule;  // A SteadiedClock: setting the wall clock forgets nothing early.
        Log& log;
        std::chrono::days audit_kept{400};
    };
    explicit Bookkeeper(const Around& around) : around_(around) {}
    Bookkeeper(const Bookkeeper&) = delete;
    Bookkeeper& operator=(const Bookkeeper&) = delete;
    ~Bookkeeper() { stop(); }

    void start();
    /// Writes what is due once more, and joins.
    void stop();

    /// What is due now. For start() and for tests. Errors: those of the store.
    Status step();

private:
    void run();
    Status trim();

    Around around_;
    std::optional<std::chrono::steady_clock::time_point> trimmed_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;  // Guarded by mutex_.
    std::thread thread_;
};

}  // namespace origin::hooks
