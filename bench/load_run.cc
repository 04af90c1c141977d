// SPDX-License-Identifier: Apache-2.0
#include "bench/load_run.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <span>

#include <sys/epoll.h>

#include "bench/clients.h"
#include "bench/lane.h"

namespace origin::bench {
namespace {

using Instant = std::chrono::steady_clock::time_point;

constexpr Milliseconds kPatience{60'000};        // A server that says nothing for so long is stuck.
constexpr std::chrono::seconds kArrival{1};      // The clients come within it.
constexpr std::chrono::seconds kUntoldPause{1};  // Of one that was refused without Retry-After.

class Run {
public:
    Run(const LoadPlan& plan, const Clock& clock)
        : plan_(plan),
          clock_(clock),
          epoll_(::epoll_create1(EPOLL_CLOEXEC)),
          world_{.clock = clock,
                 .port = plan.port,
                 .requests_per_operation = plan.requests_per_operation,
                 .expected = plan.expected,
                 .epoll = epoll_.get(),
                 .counter = plan.counter},
          clients_(plan.connections) {}

    Status open(const std::vector<std::vector<Request>>& files);
    Status drive();
    LoadOutcome outcome();

private:
    bool may_begin(Instant now) const;
    /// Each client that asks now gets a connection, while there are any.
    Status give_out();
    Status go_on(Lane& lane);
    void ended(Lane& lane);
    void count(const OperationEnd& end, Instant now);
    Result<std::size_t> wait(std::span<epoll_event> events);

    const LoadPlan& plan_;
    const Clock& clock_;
    const Descriptor epoll_;
    LaneWorld world_;
    Clients clients_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::vector<Lane*> idle_;
    LoadOutcome outcome_;
    Instant first_{};
    Instant last_{};
    std::uint64_t started_ = 0;  // Operations, warm ones too.
    std::uint64_t ended_ = 0;
};

Status Run::open(const std::vector<std::vector<Request>>& files) {
    for (std::size_t i = 0; i < plan_.connections; ++i) {
        lanes_.push_back(std::make_unique<Lane>(world_, files[i % files.size()]));
        ORIGIN_CHECK(lanes_.back()->open());
        idle_.push_back(lanes_.back().get());
    }
    std::ranges::reverse(idle_);  // They are taken from its end.
    first_ = last_ = clock_.steady();
    if (plan_.clients > plan_.connections) {
        clients_ = Clients(plan_.clients, first_, kArrival);
    } else if (plan_.clients > 0) {
        clients_ = Clients(plan_.clients);
    }
    return {};
}

bool Run::may_begin(Instant now) const {
    const bool enough =
        plan_.operations > 0 && started_ >= plan_.operations + plan_.warm_operations;
    const bool warm = ended_ < plan_.warm_operations;
    return !enough && (warm || plan_.time.count() == 0 || now - first_ < plan_.time);
}

Status Run::give_out() {
    const Instant now = clock_.steady();
    while (!idle_.empty() && may_begin(now) && clients_.take(now)) {
        Lane* lane = idle_.back();
        idle_.pop_back();
        started_ += 1;
        ORIGIN_CHECK(lane->begin());
    }
    return {};
}

void Run::count(const OperationEnd& end, Instant now) {
    const bool is_refusal = end.refused && plan_.clients > 0;
    std::string failure = end.failure;
    if (end.refused && !is_refusal) {
        failure = "refused: the server is busy";
    }
    outcome_.failed += failure.empty() ? 0 : 1;
    if (outcome_.first_failure.empty()) {
        outcome_.first_failure = std::move(failure);
    }
    if (is_refusal && !end.retry_after) {
        outcome_.refused_without_retry_after += 1;
    }
    if (++ended_ <= plan_.warm_operations) {
        first_ = now;
        return;
    }
    last_ = now;
    const bool in_time = now - first_ < plan_.time;
    outcome_.all.refused += is_refusal ? 1 : 0;
    outcome_.in_time.refused += is_refusal && in_time ? 1 : 0;
    if (!is_refusal) {
        const bool served = end.failure.empty() && !end.refused;
        outcome_.all.served += served ? 1 : 0;
        outcome_.in_time.served += served && in_time ? 1 : 0;
        outcome_.latencies.add(now - end.begun);
    }
}

void Run::ended(Lane& lane) {
    const Instant now = clock_.steady();
    const OperationEnd& end = lane.end();
    count(end, now);
    if (end.refused && plan_.clients > 0) {
        clients_.rest_until(now + end.retry_after.value_or(kUntoldPause));
    } else {
        clients_.ask_again();
    }
    if (!plan_.once || !lane.played_all()) {
        idle_.push_back(&lane);
    }
}

/// How many events came. Returns: 0: none did before the next client asks.
Result<std::size_t> Run::wait(std::span<epoll_event> events) {
    const auto next = clients_.next();
    const bool rests = next && !idle_.empty();
    const auto until = rests ? std::chrono::ceil<Milliseconds>(*next - clock_.steady()) : kPatience;
    const auto patience = std::clamp(until, Milliseconds{0}, kPatience);
    const int n = ::epoll_wait(epoll_.get(),
                               events.data(),
                               static_cast<int>(events.size()),
                               static_cast<int>(patience.count()));
    if ((n == 0 && !rests) || (n < 0 && errno != EINTR)) {
        return std::unexpected(Error(Code::Unavailable, "the server: no answer for a minute"));
    }
    return static_cast<std::size_t>(std::max(n, 0));
}

Status Run::go_on(Lane& lane) {
    ORIGIN_TRY(has_ended, lane.go_on());
    if (has_ended) {
        ended(lane);
        return give_out();
    }
    return {};
}

Status Run::drive() {
    constexpr std::size_t kEventsMax = 64;
    std::array<epoll_event, kEventsMax> events{};
    ORIGIN_CHECK(give_out());
    while (true) {
        const std::uint64_t under_way = started_ - ended_;
        if (under_way == 0 && (idle_.empty() || !may_begin(clock_.steady()))) {
            return {};
        }
        ORIGIN_TRY(came, wait(events));
        for (const epoll_event& event : std::span(events).first(came)) {
            ORIGIN_CHECK(go_on(*static_cast<Lane*>(event.data.ptr)));
        }
        ORIGIN_CHECK(give_out());
    }
}

LoadOutcome Run::outcome() {
    outcome_.took = last_ - first_;
    outcome_.drained = std::max(std::chrono::nanoseconds{0}, outcome_.took - plan_.time);
    outcome_.counter = world_.counter;
    outcome_.reconnects = world_.reconnects;
    outcome_.body_bytes = world_.body_bytes;
    return std::move(outcome_);
}

Status check(const LoadPlan& plan, const std::vector<std::vector<Request>>& files) {
    const auto refuse = [](std::string why) {
        return std::unexpected(Error(Code::InvalidInput, std::move(why)));
    };
    if (files.empty() || plan.connections == 0 || plan.requests_per_operation == 0) {
        return refuse("there is nothing to send");
    }
    if (!plan.once && plan.operations == 0 && plan.time.count() == 0) {
        return refuse("this would never end");
    }
    if (plan.clients > 0 && (plan.once || plan.time.count() == 0)) {
        return refuse("clients take turns for a time");
    }
    for (const auto& requests : files) {
        if (requests.empty() || requests.size() % plan.requests_per_operation != 0) {
            return refuse("a file is no whole number of operations");
        }
    }
    return {};
}

}  // namespace

Result<LoadOutcome> run_load(const LoadPlan& plan,
                             const std::vector<std::vector<Request>>& files,
                             const Clock& clock) {
    ORIGIN_CHECK(check(plan, files));
    const auto run = std::make_unique<Run>(plan, clock);
    ORIGIN_CHECK(run->open(files));
    ORIGIN_CHECK(run->drive());
    return run->outcome();
}

}  // namespace origin::bench
