// SPDX-License-Identifier: Apache-2.0
// net/worker_pool: the work threads, and two bounded, fair queues of short tasks: what was begun
// goes first, so that under more load than fits requests are finished and not only begun.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/side_work.h"
#include "net/fair_queue.h"

namespace origin::net {

/// The longest that whoever is next in a queue may have waited.
inline constexpr std::chrono::milliseconds kWorkWaitMax{1000};
/// The longest that what waits may take, at the pace of the last tasks.
inline constexpr std::chrono::milliseconds kWorkBacklogMax = kWorkWaitMax / 2;
/// A pace is told by two windows, each at least so long and of so many tasks.
inline constexpr std::chrono::milliseconds kWorkPaceTime{200};
inline constexpr unsigned kWorkPaceTasks = 16;

/// Joins on destruction, after running what was accepted.
class WorkerPool final : public SideWork {
public:
    WorkerPool(unsigned threads,
               const Clock& clock,
               std::size_t queue_max = kWorkQueueMax,
               const std::string& name = "worker");
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;
    ~WorkerPool();

    enum class Work : std::uint8_t { New, Begun };  // A first step, or one of those after it.

    /// False if its queue is full or the pool is ending: the task will not run, and is left as it
    /// was. A full queue still takes what is of a group that has less than its share of it.
    /// A task may not throw.
    [[nodiscard]] bool submit(Task&& task, Work work = Work::New, const Whose& whose = {});
    unsigned width() const override { return width_; }
    bool offer(Task&& task) override;
    std::size_t queued() const;
    /// What comes now would wait longer than whoever asked wants to, and is better refused than
    /// taken: its queue is full; or what is next of its group has waited for kWorkWaitMax; or what
    /// has its turn before it, with the later steps of what is new, takes kWorkBacklogMax at the
    /// pace of late. What others have waiting counts one turn for each of ours.
    bool overloaded(const Whose& whose = {}) const;

    /// So many steps of what was begun run before one that is new, if both wait: who streams
    /// without end lets others begin.
    static constexpr unsigned kBegunInARow = 4;

private:
    struct Waiting {
        Task task;
        std::chrono::steady_clock::time_point since;
    };
    /// How many tasks were taken in a time in which there always were some.
    struct Window {
        std::chrono::nanoseconds time{0};
        unsigned tasks = 0;
        unsigned new_ones = 0;
    };

    using Queue = FairQueue<Waiting>;

    void work();
    bool fits(const Queue& queue, const Whose& whose) const;
    bool must_wake();
    bool is_empty() const { return new_.size() + begun_.size() == 0; }
    Task take_next();
    void note_taken(bool is_new);
    void forget_pace();

    const Clock& clock_;
    const std::size_t queue_max_;
    const unsigned threads_max_;
    const unsigned width_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    Queue new_;
    Queue begun_;
    unsigned begun_in_a_row_ = 0;
    // The last two whole windows, and the one that is open. Two: what is new is taken in gulps.
    Window last_;
    Window before_last_;
    Window open_;
    std::chrono::steady_clock::time_point opened_;
    unsigned asleep_ = 0;  // Threads that wait for ready_.
    bool waking_ = false;  // One of them was told to wake and has not yet.
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace origin::net
