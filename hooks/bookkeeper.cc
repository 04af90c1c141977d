// SPDX-License-Identifier: Apache-2.0
#include "hooks/bookkeeper.h"

#include "auth/audit.h"
#include "base/thread_name.h"

namespace origin::hooks {
namespace {

constexpr std::chrono::seconds kBetweenSteps{1};
constexpr std::chrono::hours kBetweenTrims{1};
constexpr std::size_t kTrimRows = 1000;  // In one transaction.

}  // namespace

void Bookkeeper::start() {
    thread_ = std::thread([this] {
        name_thread("bookkeeper");
        run();
    });
}

void Bookkeeper::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

Status Bookkeeper::trim() {
    const auto now = around_.schedule.steady();
    if (trimmed_ && now - *trimmed_ < kBetweenTrims) {
        return {};
    }
    const UnixMillis before = around_.schedule.now() - Milliseconds(around_.audit_kept).count();
    std::size_t gone = 0;
    ORIGIN_CHECK(around_.store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(old, auth::has_audit_before(reader, before));
        gone = old ? kTrimRows : 0;
        return {};
    }));
    while (gone == kTrimRows) {
        ORIGIN_CHECK(around_.store.write([&](store::Writer& writer) -> Status {
            ORIGIN_TRY(count, auth::trim_audit(writer, before, kTrimRows));
            gone = count;
            return {};
        }));
    }
    trimmed_ = now;
    return {};
}

Status Bookkeeper::step() {
    ORIGIN_CHECK(around_.notes.flush(around_.store));
    return trim();
}

void Bookkeeper::run() {
    bool last = false;
    bool fails = false;  // Told once: a full disk stays full for a while.
    while (!last) {
        {
            std::unique_lock lock(mutex_);
            last = changed_.wait_for(lock, kBetweenSteps, [this] { return stopping_; });
        }
        const Status done = step();
        if (!done && !fails) {
            around_.log.error("last uses of keys and refused logins cannot be written",
                              {{"why", done.error().kept_in_log()}});
        }
        fails = !done;
    }
}

}  // namespace origin::hooks
