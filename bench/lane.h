// SPDX-License-Identifier: Apache-2.0
// bench/lane: one connection of the load program: it sends a request, reads its answer, sends the
// next, until the operation has ended.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "bench/answer_reader.h"
#include "bench/requests.h"

namespace origin::bench {

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
    void close();

private:
    int fd_;
};

/// What the lanes of a run share.
struct LaneWorld {
    const Clock& clock;
    std::uint16_t port = 0;  // On 127.0.0.1.
    std::size_t requests_per_operation = 1;
    std::string expected;  // Must stand in the last answer of each operation.
    int epoll = -1;
    std::uint64_t counter = 0;  // The next number for @COUNTER@.
    std::uint64_t reconnects = 0;
    std::uint64_t body_bytes = 0;
    static constexpr std::size_t kReadBytes = std::size_t{256} * 1024;
    std::array<char, kReadBytes> bytes{};
};

/// How an operation ended.
struct OperationEnd {
    std::chrono::steady_clock::time_point begun{};
    bool refused = false;  // 429 or 503: whoever asked may come again.
    std::optional<std::chrono::seconds> retry_after{};
    std::string failure{};  // Empty: each answer was 2xx, and as expected. A refusal is none.
};

class Lane {
public:
    Lane(LaneWorld& world, std::vector<Request> requests)
        : world_(world), requests_(std::move(requests)) {}

    /// Errors: Unavailable: the server cannot be reached.
    Status open();
    /// Begins the next operation; after the last one of the file, its first.
    Status begin();
    /// The socket can be read or written. True: the operation has ended.
    /// Errors: Unavailable: the server hangs up twice in one request; InvalidInput: no HTTP.
    Result<bool> go_on();

    const OperationEnd& end() const { return end_; }
    /// Each request of the file was sent.
    bool played_all() const { return at_ == requests_.size(); }

private:
    Status watch(std::uint32_t events, int how) const;
    Status send();
    Status begin_request();
    /// False: the answer is not complete.
    Result<bool> receive();
    Result<bool> hung_up();
    /// True: it was the operation's last.
    Result<bool> end_request();
    void judge();

    LaneWorld& world_;
    std::vector<Request> requests_;
    Descriptor socket_;
    AnswerReader answer_;
    std::size_t at_ = 0;        // The request that is under way.
    std::size_t sent_ = 0;      // Of its bytes.
    bool watches_out_ = false;  // The socket's buffer was full.
    bool under_way_ = false;
    bool retried_ = false;  // This request, on a new connection.
    OperationEnd end_;
};

}  // namespace origin::bench
