// SPDX-License-Identifier: Apache-2.0
// hooks/dispatcher: reads the event log in order and tells durable consumers. It never makes
// deployments: those were written with their push.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "store/event_log.h"
#include "store/store.h"

namespace origin::hooks {

class Dispatcher {
public:
    /// Called inside the transaction that moves the consumer's cursor past the page: what it writes
    /// and the cursor are one. At least once outside, exactly once in the store.
    using Consume = std::function<Status(store::Writer&, const std::vector<store::Event>&)>;
    struct Consumer {
        std::string name;  // Its row in table Cursors.
        Consume consume;
    };

    Dispatcher(store::Store& store, Log& log, std::vector<Consumer> consumers)
        : store_(store), log_(log), consumers_(std::move(consumers)) {}
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;
    ~Dispatcher() { stop(); }

    void start();
    void stop();

    /// One page for each consumer. Returns: true if there was any. For start() and for tests.
    Result<bool> step();

private:
    void run();

    store::Store& store_;
    Log& log_;
    std::vector<Consumer> consumers_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace origin::hooks
