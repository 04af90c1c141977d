// SPDX-License-Identifier: Apache-2.0
#include "bench/load_run.h"

#include <array>
#include <cerrno>
#include <memory>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/answer_reader.h"

namespace origin::bench {
namespace {

using Instant = std::chrono::steady_clock::time_point;

constexpr std::size_t kReadBytes = std::size_t{256} * 1024;
constexpr int kPatienceMs = 60'000;  // A server that says nothing for so long is stuck.
constexpr int kSuccessFirst = 200;
constexpr int kSuccessLast = 299;
constexpr std::size_t kToldBytesMax = 300;

std::unexpected<Error> lost(const std::string& what) {
    return std::unexpected(Error(Code::Unavailable, "the server: " + what));
}

/// One descriptor with one owner.
class Descriptor {
public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }
    int get() const { return fd_; }
    void take(int fd) {
        close();
        fd_ = fd;
    }
    void close() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
        fd_ = -1;
    }

private:
    int fd_;
};

Result<int> connected(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return lost("no socket");
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(fd);
        return lost("no connection to port " + std::to_string(port));
    }
    return fd;
}

/// What the connections share.
struct World {
    const LoadPlan& plan;
    const Clock& clock;
    int epoll = -1;
    LoadOutcome outcome{};
    Instant first{};
    Instant last{};
    std::uint64_t ended = 0;  // Operations, warm ones too.
    std::uint64_t started = 0;
    std::array<char, kReadBytes> bytes{};

    bool may_start() const {
        const bool enough =
            plan.operations > 0 && started >= plan.operations + plan.warm_operations;
        const bool warm = ended < plan.warm_operations;
        return !enough && (warm || plan.time.count() == 0 || clock.steady() - first < plan.time);
    }
    void note(Instant from, const std::string& failure);
};

void World::note(Instant from, const std::string& failure) {
    if (!failure.empty()) {
        outcome.failed += 1;
        if (outcome.first_failure.empty()) {
            outcome.first_failure = failure;
        }
    }
    if (++ended <= plan.warm_operations) {
        first = clock.steady();
        return;
    }
    last = clock.steady();
    outcome.latencies.add(last - from);
}

/// One connection: it sends a request, reads its answer, sends the next.
class Lane {
public:
    Lane(World& world, std::vector<Request> requests)
        : world_(world), requests_(std::move(requests)) {}

    Status open();
    /// Begins the next operation. False: there is none to begin.
    Result<bool> begin();
    /// The socket can be read or written. Returns: false once this lane is at its end.
    Result<bool> go_on();

private:
    Status watch(std::uint32_t events, int how) const;
    Status send();
    Status begin_request();
    /// False: the answer is not complete.
    Result<bool> receive();
    Result<bool> hung_up();
    Result<bool> end_request();
    std::string failure() const;

    World& world_;
    std::vector<Request> requests_;
    Descriptor socket_;
    AnswerReader answer_;
    std::size_t at_ = 0;        // The request that is under way.
    std::size_t sent_ = 0;      // Of its bytes.
    bool watches_out_ = false;  // The socket's buffer was full.
    bool retried_ = false;      // This request, on a new connection.
    std::string failure_;       // Of the operation that is under way.
    Instant begun_{};
};

Status Lane::watch(std::uint32_t events, int how) const {
    epoll_event event{};
    event.events = events;
    event.data.ptr = const_cast<Lane*>(this);
    if (::epoll_ctl(world_.epoll, how, socket_.get(), &event) != 0) {
        return std::unexpected(Error(Code::Internal, "epoll refuses a socket"));
    }
    return {};
}

Status Lane::open() {
    ORIGIN_TRY(fd, connected(world_.plan.port));
    socket_.take(fd);
    watches_out_ = false;
    return watch(EPOLLIN, EPOLL_CTL_ADD);
}

Result<bool> Lane::begin() {
    if (at_ == requests_.size()) {
        if (world_.plan.once) {
            return false;
        }
        at_ = 0;
    }
    if (!world_.may_start()) {
        return false;
    }
    world_.started += 1;
    failure_.clear();
    const std::uint64_t number = world_.outcome.counter++;
    for (std::size_t i = 0; i < world_.plan.requests_per_operation; ++i) {
        requests_[at_ + i].set_counter(number);
    }
    begun_ = world_.clock.steady();
    ORIGIN_CHECK(begin_request());
    return true;
}

Status Lane::begin_request() {
    answer_.reset();
    sent_ = 0;
    return send();
}

Status Lane::send() {
    const std::string& bytes = requests_[at_].bytes;
    while (sent_ < bytes.size()) {
        const ssize_t n = ::send(
            socket_.get(), bytes.data() + sent_, bytes.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN) {
            return {};  // It hung up: reading says so too.
        }
        if (n < 0) {
            watches_out_ = true;
            return watch(EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
        }
        sent_ += static_cast<std::size_t>(n);
    }
    if (watches_out_) {
        watches_out_ = false;
        return watch(EPOLLIN, EPOLL_CTL_MOD);
    }
    return {};
}

Result<bool> Lane::receive() {
    const ssize_t n = ::recv(socket_.get(), world_.bytes.data(), world_.bytes.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (n <= 0) {
        return hung_up();
    }
    ORIGIN_TRY(taken, answer_.feed({world_.bytes.data(), static_cast<std::size_t>(n)}));
    if (taken != static_cast<std::size_t>(n)) {
        return lost("more bytes than its answer has");
    }
    return answer_.done();
}

/// A server may close a kept connection between two requests: the request is sent once more.
Result<bool> Lane::hung_up() {
    if (answer_.feed_end()) {
        return true;
    }
    if (retried_ || answer_.status() != 0) {
        return lost("it hung up in the middle");
    }
    retried_ = true;
    world_.outcome.reconnects += 1;
    ORIGIN_CHECK(open());
    ORIGIN_CHECK(begin_request());
    return false;
}

std::string Lane::failure() const {
    if (answer_.status() < kSuccessFirst || answer_.status() > kSuccessLast) {
        return std::to_string(answer_.status()) + " " +
               answer_.body_start().substr(0, kToldBytesMax);
    }
    const bool is_last = (at_ + 1) % world_.plan.requests_per_operation == 0;
    if (is_last && !answer_.body_start().contains(world_.plan.expected)) {
        return "unexpected: " + answer_.body_start().substr(0, kToldBytesMax);
    }
    return {};
}

Result<bool> Lane::end_request() {
    world_.outcome.body_bytes += answer_.body_bytes();
    retried_ = false;
    if (failure_.empty()) {
        failure_ = failure();
    }
    if (!answer_.keeps_connection()) {
        world_.outcome.reconnects += 1;
        ORIGIN_CHECK(open());
    }
    at_ += 1;
    if (at_ % world_.plan.requests_per_operation != 0) {
        ORIGIN_CHECK(begin_request());
        return true;
    }
    world_.note(begun_, failure_);
    return begin();
}

Result<bool> Lane::go_on() {
    if (sent_ < requests_[at_].bytes.size()) {
        ORIGIN_CHECK(send());
    }
    ORIGIN_TRY(done, receive());
    return done ? end_request() : Result<bool>(true);
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
    for (const auto& requests : files) {
        if (requests.empty() || requests.size() % plan.requests_per_operation != 0) {
            return refuse("a file is no whole number of operations");
        }
    }
    return {};
}

Status drive(World& world, std::size_t going) {
    constexpr int kEventsMax = 64;
    std::array<epoll_event, kEventsMax> events{};
    while (going > 0) {
        const int n = ::epoll_wait(world.epoll, events.data(), kEventsMax, kPatienceMs);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return lost("no answer for a minute");
        }
        for (int i = 0; i < n; ++i) {
            auto* lane = static_cast<Lane*>(events[static_cast<std::size_t>(i)].data.ptr);
            ORIGIN_TRY(goes_on, lane->go_on());
            going -= goes_on ? 0 : 1;
        }
    }
    return {};
}

}  // namespace

Result<LoadOutcome> run_load(const LoadPlan& plan,
                             const std::vector<std::vector<Request>>& files,
                             const Clock& clock) {
    ORIGIN_CHECK(check(plan, files));
    const Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
    const auto world = std::make_unique<World>(World{.plan = plan, .clock = clock});
    world->epoll = epoll.get();
    world->outcome.counter = plan.counter;
    std::vector<std::unique_ptr<Lane>> lanes;
    for (std::size_t i = 0; i < plan.connections; ++i) {
        lanes.push_back(std::make_unique<Lane>(*world, files[i % files.size()]));
        ORIGIN_CHECK(lanes.back()->open());
    }
    world->first = world->last = clock.steady();
    std::size_t going = 0;
    for (const auto& lane : lanes) {
        ORIGIN_TRY(begun, lane->begin());
        going += begun ? 1 : 0;
    }
    ORIGIN_CHECK(drive(*world, going));
    world->outcome.took = world->last - world->first;
    return std::move(world->outcome);
}

}  // namespace origin::bench
