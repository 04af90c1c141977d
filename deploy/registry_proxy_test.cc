// SPDX-License-Identifier: Apache-2.0
// Goal: a build reads packages through the proxy and reaches nothing else, whatever it or the
// registry sends. Method: raw requests, and a registry of the test's that records what it is asked.
#include "deploy/registry_proxy.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <mutex>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace origin::deploy {
namespace {

sandbox::Fd listen_here(std::uint16_t& port) {
    sandbox::Fd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listening.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listening.get(), 16), 0);
    EXPECT_EQ(::getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port = ntohs(address.sin_port);
    return listening;
}

bool readable(int file, int patience_ms) {
    pollfd waiting{file, POLLIN, 0};
    return ::poll(&waiting, 1, patience_ms) > 0;
}

/// Answers each path with the bytes it was told; what it has none for, with 404.
class Registry {
public:
    Registry() : listening_(listen_here(port_)) {
        serving_ = std::async(std::launch::async, [this] { serve(); });
    }
    ~Registry() { close(); }
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;

    void close() {
        ending_ = true;
        if (serving_.valid()) {
            serving_.get();
        }
        listening_.close();
    }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    void says(const std::string& path, std::string answer) {
        const std::scoped_lock lock(mutex_);
        answers_[path] = std::move(answer);
    }
    std::vector<std::string> asked() const {
        const std::scoped_lock lock(mutex_);
        return asked_;
    }

private:
    void serve() {
        while (!ending_) {
            if (!readable(listening_.get(), 50)) {
                continue;
            }
            const sandbox::Fd peer(::accept(listening_.get(), nullptr, nullptr));
            std::string head;
            std::array<char, 4096> piece{};
            while (!head.contains("\r\n\r\n") && readable(peer.get(), 5000)) {
                const ssize_t got = ::recv(peer.get(), piece.data(), piece.size(), 0);
                if (got <= 0) {
                    break;
                }
                head.append(piece.data(), static_cast<std::size_t>(got));
            }
            std::string answer = "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno";
            {
                const std::scoped_lock lock(mutex_);
                asked_.push_back(head);
                const std::string path = head.substr(head.find(' ') + 1);
                if (const auto found = answers_.find(path.substr(0, path.find(' ')));
                    found != answers_.end()) {
                    answer = found->second;
                }
            }
            std::string_view rest = answer;
            while (!rest.empty()) {
                const ssize_t put = ::send(peer.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
                if (put <= 0) {
                    break;
                }
                rest.remove_prefix(static_cast<std::size_t>(put));
            }
        }
    }

    std::uint16_t port_ = 0;
    sandbox::Fd listening_;
    std::atomic<bool> ending_{false};
    mutable std::mutex mutex_;
    std::map<std::string, std::string> answers_;
    std::vector<std::string> asked_;
    std::future<void> serving_;
};

std::string found(const std::string& body, const std::string& more = "") {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/x\r\n" + more +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// More than the buffers of two connections hold.
std::string large_text() {
    std::string text;
    text.resize(50'000'000, 'x');
    return text;
}

class RegistryProxyTest : public testing::Test {
protected:
    void SetUp() override { make(); }
    void make(RegistryLimits limits = {}) {
        proxy_ = std::make_unique<RegistryProxy>(
            *RegistryUrl::parse(registry_.url() + "/npm/"), clock_, limits);
        proxy_->serve(listen_here(port_));
    }
    sandbox::Fd connect() const {
        sandbox::Fd peer(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port_);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(
            ::connect(peer.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        return peer;
    }
    static std::string rest_of(const sandbox::Fd& peer) {
        std::string answer;
        std::array<char, 65536> piece{};
        while (readable(peer.get(), 20'000)) {
            const ssize_t got = ::recv(peer.get(), piece.data(), piece.size(), 0);
            if (got <= 0) {
                break;
            }
            answer.append(piece.data(), static_cast<std::size_t>(got));
        }
        return answer;
    }
    std::string raw(const std::string& request) const {
        const sandbox::Fd peer = connect();
        ::send(peer.get(), request.data(), request.size(), MSG_NOSIGNAL);
        return rest_of(peer);
    }
    std::string get(const std::string& target, const std::string& more = "") const {
        return raw("GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1:4873\r\n" + more + "\r\n");
    }

    SystemClock clock_;
    Registry registry_;
    std::uint16_t port_ = 0;
    std::unique_ptr<RegistryProxy> proxy_;
};

TEST_F(RegistryProxyTest, PassesOnAnswersAndNothingOfTheBuilds) {
    const std::string large(200'000, 'z');
    registry_.says("/npm/a", found("{}"));
    registry_.says("/npm/large", found(large));
    const std::string answer = get("/npm/a",
                                   "Accept: application/json\r\nAuthorization: Bearer "
                                   "secret\r\nCookie: c\r\nUser-Agent: u\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
    EXPECT_TRUE(answer.contains("Content-Type: text/x\r\n"));
    EXPECT_TRUE(answer.ends_with("\r\n\r\n2\r\n{}\r\n0\r\n\r\n")) << answer;
    const std::string whole = get("/npm/large");
    EXPECT_EQ(std::ranges::count(whole, 'z'), 200'000);
    EXPECT_TRUE(whole.ends_with("\r\n0\r\n\r\n"));
    const std::string head = raw("HEAD /npm/a HTTP/1.1\r\nHost: localhost:4873\r\n\r\n");
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n")) << head;
    EXPECT_EQ(proxy_->complaint(), "");
    const auto asked = registry_.asked();
    ASSERT_EQ(asked.size(), 3U);
    EXPECT_TRUE(asked[0].contains("Accept: application/json\r\n"));
    EXPECT_TRUE(asked[0].contains("Host: 127.0.0.1:"));
    for (const char* word : {"secret", "Cookie", "4873", "User-Agent: u\r"}) {
        EXPECT_FALSE(asked[0].contains(word)) << asked[0];
    }
}

TEST_F(RegistryProxyTest, AsksTheRegistryNothingElse) {
    const std::string host = "Host: 127.0.0.1:4873\r\n";
    struct Case {
        std::string request;
        std::string answer;
    };
    const std::vector<Case> cases = {
        {"GET /npm/a HTTP/1.1\r\nHost: evil.example\r\n\r\n", "403"},
        {"GET /npm/a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "403"},
        {"GET /npm/a HTTP/1.1\r\n\r\n", "400"},
        {"GET http://127.0.0.1:80/npm/a HTTP/1.1\r\n" + host + "\r\n", "400"},
        {"CONNECT evil.example:443 HTTP/1.1\r\n" + host + "\r\n", "400"},
        {"POST /npm/a HTTP/1.1\r\n" + host + "Content-Length: 2\r\n\r\nhi", "405"},
        {"PUT /npm/a HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n", "405"},
        {"DELETE /npm/a HTTP/1.1\r\n" + host + "\r\n", "405"},
        {"OPTIONS * HTTP/1.1\r\n" + host + "\r\n", "40"},
        {"GET /npm/a HTTP/1.1\r\n" + host + "Content-Length: 2\r\n\r\nhi", "400"},
        {"GET /npm/a HTTP/1.0\r\n" + host + "\r\n", "400"},
        {"GET /npm/../a HTTP/1.1\r\n" + host + "\r\n", "403"},
        {"GET /npm/%2e%2e/a HTTP/1.1\r\n" + host + "\r\n", "403"},
        {"GET /a HTTP/1.1\r\n" + host + "\r\n", "403"},
        {"GET /npm/a HTTP/1.1\r\n" + host + "A: " + std::string(100'000, 'x') + "\r\n\r\n", "431"},
        {"GET /npm/" + std::string(100'000, 'x') + " HTTP/1.1\r\n" + host + "\r\n", "414"},
        {"GET /npm/a HTTP/1.1\n" + host + "\r\n", "400"},
        {"\x16\x03\x01\x02", "400"},
    };
    for (const Case& each : cases) {
        const std::string answer = raw(each.request);
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + each.answer))
            << each.request.substr(0, 100) << ": " << answer;
    }
    EXPECT_EQ(registry_.asked().size(), 0U);
    EXPECT_NE(proxy_->complaint(), "");
}

TEST_F(RegistryProxyTest, FollowsRedirectsOnTheSameHostAlone) {
    const auto moved = [](const std::string& to) {
        return "HTTP/1.1 302 Moved\r\nContent-Length: 4\r\nLocation: " + to + "\r\n\r\nmove";
    };
    registry_.says("/npm/near", moved("/files/a"));
    registry_.says("/npm/whole", moved(registry_.url() + "/files/a"));
    registry_.says("/files/a", found("file"));
    registry_.says("/npm/round", moved("/npm/round"));
    registry_.says("/npm/far", moved("http://evil.example/a"));
    registry_.says("/npm/machine", moved("http://127.0.0.1:80/a"));
    registry_.says("/npm/odd", moved("//evil.example/a"));
    for (const char* path : {"/npm/near", "/npm/whole"}) {
        EXPECT_TRUE(get(path).contains("\r\n4\r\nfile\r\n")) << path;
    }
    EXPECT_TRUE(get("/npm/round").contains("too many redirects"));
    for (const char* path : {"/npm/far", "/npm/machine", "/npm/odd"}) {
        const std::string answer = get(path);
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
        EXPECT_TRUE(answer.contains("redirect to another host")) << answer;
    }
}

TEST_F(RegistryProxyTest, SaysWhatIsWrongWithTheRegistry) {
    registry_.says("/npm/junk", "SSH-2.0-OpenSSH_9.2\r\n");
    registry_.says("/npm/cut", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    EXPECT_TRUE(get("/npm/none").starts_with("HTTP/1.1 404 "));
    EXPECT_EQ(proxy_->complaint(), "GET /npm/none: the registry answered 404");
    EXPECT_TRUE(get("/npm/junk").starts_with("HTTP/1.1 502 "));
    const std::string cut = get("/npm/cut");
    EXPECT_TRUE(cut.contains("half") && !cut.ends_with("0\r\n\r\n")) << cut;
    make();
    registry_.close();
    const std::string down = get("/npm/a");
    EXPECT_TRUE(down.starts_with("HTTP/1.1 502 ")) << down;
    EXPECT_TRUE(
        down.ends_with("{\"error\":\"the registry cannot be read: Nobody answers there.\"}"));
    EXPECT_EQ(proxy_->complaint(),
              "GET /npm/a: the registry cannot be read: Nobody answers there.");
}

TEST_F(RegistryProxyTest, ReadsNoMoreThanItMay) {
    make({.answer_bytes_max = 1000, .bytes_max = 2500, .requests_max = 6});
    registry_.says("/npm/fits", found(std::string(1000, 'x')));
    registry_.says("/npm/large", found(std::string(1001, 'x')));
    registry_.says("/npm/unsaid", "HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x'));
    EXPECT_TRUE(get("/npm/fits").ends_with("0\r\n\r\n"));
    EXPECT_TRUE(get("/npm/large").contains("larger than a build may read"));
    EXPECT_FALSE(get("/npm/unsaid").ends_with("0\r\n\r\n"));
    EXPECT_TRUE(get("/npm/fits").ends_with("0\r\n\r\n"));
    EXPECT_TRUE(get("/npm/fits").contains("larger than a build may read"));  // Of the rest.
    EXPECT_TRUE(get("/npm/none").starts_with("HTTP/1.1 404 "));
    EXPECT_TRUE(get("/npm/none").starts_with("HTTP/1.1 429 "));
}

TEST_F(RegistryProxyTest, SlowOnesWaitForNobodyAndAreEnded) {
    make({.connections_max = 2, .head_time_max = std::chrono::seconds(1)});
    registry_.says("/npm/a", found("{}"));
    std::vector<sandbox::Fd> silent;
    for (int i = 0; i < 3; ++i) {
        silent.push_back(connect());
        ::send(silent.back().get(), "GET /npm/a HT", 13, MSG_NOSIGNAL);
    }
    EXPECT_TRUE(get("/npm/a").contains("\r\n2\r\n{}\r\n"));
    for (const sandbox::Fd& each : silent) {
        EXPECT_EQ(rest_of(each), "");
    }
    // One that does not read its answer.
    make({.connections_max = 1, .answer_time_max = std::chrono::seconds(1)});
    registry_.says("/npm/large", found(large_text()));
    const sandbox::Fd deaf = connect();
    const std::string_view asks = "GET /npm/large HTTP/1.1\r\nHost: localhost:4873\r\n\r\n";
    ::send(deaf.get(), asks.data(), asks.size(), MSG_NOSIGNAL);
    EXPECT_TRUE(get("/npm/a").contains("\r\n2\r\n{}\r\n"));
}

TEST_F(RegistryProxyTest, EndsWhileItIsBusy) {
    registry_.says("/npm/large", found(large_text()));
    const sandbox::Fd deaf = connect();
    const std::string_view asks = "GET /npm/large HTTP/1.1\r\nHost: localhost:4873\r\n\r\n";
    ::send(deaf.get(), asks.data(), asks.size(), MSG_NOSIGNAL);
    ASSERT_TRUE(readable(deaf.get(), 20'000));
    proxy_.reset();
    EXPECT_FALSE(rest_of(deaf).ends_with("0\r\n\r\n"));
}

}  // namespace
}  // namespace origin::deploy
