// SPDX-License-Identifier: Apache-2.0
// net/server_fixture: for tests: a live server behind a lambda, and a client that sends any bytes.
#pragma once

#include <atomic>
#include <cstring>
#include <functional>
#include <string>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/http_server.h"
#include "net/string_sink.h"

namespace origin::net {

/// Time stands still until somebody moves it.
class FakeClock final : public Clock {
public:
    UnixMillis now() const override { return 1'790'000'000'000; }
    std::chrono::steady_clock::time_point steady() const override {
        return std::chrono::steady_clock::time_point(Milliseconds(1'000'000 + passed_.load()));
    }
    void advance(Milliseconds time) { passed_ += time.count(); }

private:
    std::atomic<std::int64_t> passed_ = 0;
};

class LambdaHandler final : public Handler {
public:
    std::function<Begun(const RequestHead&)> on_begin;
    std::function<std::optional<Response>(const RequestHead&)> at_hand;
    Begun begin(const RequestHead& head) override { return on_begin(head); }
    std::optional<Response> at_once(const RequestHead& head) override {
        return at_hand ? at_hand(head) : std::nullopt;
    }
};

struct Answer {
    int status = 0;  // 0: the connection ended before a whole answer came.
    std::string head{};
    std::string body{};
};

/// A blocking socket; an answer that does not come within 20 s is a failed test.
class RawClient {
public:
    explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        begin(reinterpret_cast<const sockaddr*>(&to), sizeof to);
    }
    explicit RawClient(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un to{};
        to.sun_family = AF_UNIX;
        std::memcpy(to.sun_path, path.data(), path.size());
        begin(reinterpret_cast<const sockaddr*>(&to), sizeof to);
    }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;
    ~RawClient() { ::close(fd_); }

    /// False if the server has closed the connection.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) {
                return false;
            }
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }
    void end_sending() { ::shutdown(fd_, SHUT_WR); }

    bool readable_within(int milliseconds) {
        pollfd waiting{fd_, POLLIN, 0};
        return ::poll(&waiting, 1, milliseconds) == 1;
    }

    /// Everything until the server closes.
    std::string rest() {
        while (fill()) {
        }
        return std::exchange(in_, {});
    }
    bool closed() { return rest().empty() && !timed_out_; }

    /// The next answer; `bodiless` for those to HEAD.
    Answer answer(bool bodiless = false) {
        Answer answer;
        if (!fill_until([&] { return in_.find("\r\n\r\n") != std::string::npos; })) {
            return answer;
        }
        answer.head = take(in_.find("\r\n\r\n") + 4);
        const int status = std::stoi(answer.head.substr(9, 3));
        if (bodiless || status == 204 || status == 304 || status == 100) {
            answer.status = status;
        } else if (answer.head.find("Transfer-Encoding: chunked") != std::string::npos) {
            answer.status = take_chunks(answer.body) ? status : 0;
        } else if (const auto at = answer.head.find("Content-Length: "); at != std::string::npos) {
            const std::size_t size = std::stoull(answer.head.substr(at + 16));
            answer.status = fill_until([&] { return in_.size() >= size; }) ? status : 0;
            answer.body = take(std::min(size, in_.size()));
        } else {
            answer.body = rest();
            answer.status = status;
        }
        return answer;
    }
    Answer ask(std::string_view request) {
        send(request);
        return answer();
    }

private:
    void begin(const sockaddr* to, socklen_t size) {
        const timeval patience{20, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        EXPECT_EQ(::connect(fd_, to, size), 0) << std::strerror(errno);
    }
    bool fill() {
        char bytes[16384];
        const ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
        timed_out_ = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        EXPECT_FALSE(timed_out_) << "the server says nothing";
        if (n > 0) {
            in_.append(bytes, static_cast<std::size_t>(n));
        }
        return n > 0;
    }
    bool fill_until(const auto& enough) {
        while (!enough()) {
            if (!fill()) {
                return false;
            }
        }
        return true;
    }
    std::string take(std::size_t n) {
        std::string taken = in_.substr(0, n);
        in_.erase(0, n);
        return taken;
    }
    bool take_chunks(std::string& body) {
        while (true) {
            if (!fill_until([&] { return in_.find("\r\n") != std::string::npos; })) {
                return false;
            }
            const std::size_t size = std::stoull(take(in_.find("\r\n") + 2), nullptr, 16);
            if (!fill_until([&] { return in_.size() >= size + 2; })) {
                return false;
            }
            body += take(size);
            take(2);
            if (size == 0) {
                return true;
            }
        }
    }

    int fd_;
    std::string in_;
    bool timed_out_ = false;
};

class LiveServer : public testing::Test {
protected:
    /// Call once in a test, or not at all: `ask` and `client` start the server with defaults.
    void start(ServerSettings settings = {}, unsigned threads = 2, std::size_t queue_max = 1000) {
        pool_ = std::make_unique<WorkerPool>(threads, clock_, queue_max);
        settings.log_requests = false;
        server_ = std::make_unique<HttpServer>(
            settings, HttpServer::Around{handler_, *pool_, log_, metrics_, clock_});
        ASSERT_TRUE(server_->listen_tcp("127.0.0.1", 0));
        server_->start(2);
    }
    std::uint16_t port() {
        if (server_ == nullptr) {
            start();
        }
        return server_->port();
    }
    Answer ask(std::string_view request) {
        RawClient client(port());
        return client.ask(request);
    }
    // Not in the destructor: what derived fixtures own is in use until the server is gone.
    void TearDown() override {
        server_.reset();
        pool_.reset();
    }

    LambdaHandler handler_;
    FakeClock clock_;
    Metrics metrics_;
    Log log_{STDERR_FILENO, LogFormat::Text, Level::Error, clock_};
    std::unique_ptr<WorkerPool> pool_;
    std::unique_ptr<HttpServer> server_;
};

inline Response text(std::string body, int status = 200) {
    return Response{
        .status = status, .headers = {{"Content-Type", "text/plain"}}, .body = std::move(body)};
}

/// Answers with the body it got.
inline std::unique_ptr<BodySink> echo_sink(std::uint64_t bytes_max = 64 * kMiB) {
    return std::make_unique<StringSink>(bytes_max,
                                        [](std::string body) { return text(std::move(body)); });
}

}  // namespace origin::net
