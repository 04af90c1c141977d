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
    /// Would consume() write anything? A page for which it would not is passed without a
    /// transaction: the cursor follows later, and a start may see up to kPassedMax events again.
    using Concerns = std::function<Result<bool>(store::Reader&, const std::vector<store::Event>&)>;
    struct Consumer {
        std::string name;  // Its row in table Cursors.
        Consume consume;
        Concerns concerns;
    };
    static constexpr std::uint64_t kPassedMax = 1000;

    Dispatcher(store::Store& store, Log& log, std::vector<Consumer> consumers)
        : store_(store), log_(log), consumers_(std::move(consumers)), passed_(consumers_.size()) {}
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;
    ~Dispatcher() { stop(); }

    void start();
    void stop();

    /// One page for each consumer. Returns: true if there was any. For start() and for tests.
    Result<bool> step();

private:
    /// For one of consumers_. Returns: false if there was no event for it.
    Result<bool> step(std::size_t number);
    void run();

    store::Store& store_;
    Log& log_;
    std::vector<Consumer> consumers_;
    std::vector<std::uint64_t> passed_;  // By consumer: the last event it is done with.
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace origin::hooks
