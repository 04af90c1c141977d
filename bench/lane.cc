// SPDX-License-Identifier: Apache-2.0
#include "bench/lane.h"

#include <cerrno>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace origin::bench {
namespace {

constexpr int kSuccessFirst = 200;
constexpr int kSuccessLast = 299;
constexpr int kNotModified = 304;  // What a conditional request asks for.
constexpr int kTooMany = 429;
constexpr int kBusy = 503;
constexpr std::size_t kToldBytesMax = 300;

std::unexpected<Error> lost(const std::string& what) {
    return std::unexpected(Error(Code::Unavailable, "the server: " + what));
}

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

}  // namespace

void Descriptor::close() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
    fd_ = -1;
}

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
    ORIGIN_TRY(fd, connected(world_.port));
    socket_.take(fd);
    watches_out_ = false;
    return watch(EPOLLIN, EPOLL_CTL_ADD);
}

Status Lane::begin() {
    if (socket_.get() < 0) {
        world_.reconnects += 1;
        ORIGIN_CHECK(open());
    }
    at_ = played_all() ? 0 : at_;
    under_way_ = true;
    end_ = {.begun = world_.clock.steady()};
    const std::uint64_t number = world_.counter++;
    for (std::size_t i = 0; i < world_.requests_per_operation; ++i) {
        requests_[at_ + i].set_counter(number);
    }
    return begin_request();
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
    world_.reconnects += 1;
    ORIGIN_CHECK(open());
    ORIGIN_CHECK(begin_request());
    return false;
}

void Lane::judge() {
    const int status = answer_.status();
    const std::string told = answer_.body_start().substr(0, kToldBytesMax);
    if (status == kTooMany || status == kBusy) {
        end_.refused = true;
        end_.retry_after = answer_.retry_after();
        return;
    }
    const bool is_last = (at_ + 1) % world_.requests_per_operation == 0;
    if ((status < kSuccessFirst || status > kSuccessLast) && status != kNotModified) {
        end_.failure = std::to_string(status) + " " + told;
    } else if (is_last && !answer_.body_start().contains(world_.expected)) {
        end_.failure = "unexpected: " + told;
    }
}

Result<bool> Lane::end_request() {
    world_.body_bytes += answer_.body_bytes();
    retried_ = false;
    if (end_.failure.empty()) {
        judge();
    }
    if (!answer_.keeps_connection()) {
        world_.reconnects += 1;
        ORIGIN_CHECK(open());
    }
    do {
        at_ += 1;
    } while (end_.refused && at_ % world_.requests_per_operation != 0);
    if (at_ % world_.requests_per_operation != 0) {
        ORIGIN_CHECK(begin_request());
        return false;
    }
    under_way_ = false;
    return true;
}

Result<bool> Lane::go_on() {
    if (!under_way_) {
        socket_
            .close();  // The server closed it, or speaks unasked; the next begin() opens another.
        return false;
    }
    if (sent_ < requests_[at_].bytes.size()) {
        ORIGIN_CHECK(send());
    }
    ORIGIN_TRY(done, receive());
    return done ? end_request() : Result<bool>(false);
}

}  // namespace origin::bench
