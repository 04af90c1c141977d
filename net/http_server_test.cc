// SPDX-License-Identifier: Apache-2.0
// Goal: requests are framed in one way only, answers in order, and a refused one ends its
//       connection before anything behind it is read.
// Method: plain sockets that send the bytes of the threat list's rows H1 to H23 to a live server.
#include "net/http_server.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <latch>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "net/server_fixture.h"

namespace origin::net {
namespace {

const std::string kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
const std::string kPost = "POST /a HTTP/1.1\r\nHost: x\r\n";
const std::string kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

class Framing : public LiveServer {
protected:
    Framing() {
        handler_.on_begin = [this](const RequestHead& head) -> Begun {
            smuggled_ = smuggled_ || head.path == "/smuggled";
            return echo_sink();
        };
    }
    std::atomic<bool> smuggled_ = false;
};

TEST_F(Framing, AmbiguousHeadsEndTheConnection) {
    const std::pair<const char*, std::string> rows[] = {
        {"H1", kPost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"H2", kPost + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"},
        {"H3", kPost + "Content-Length: 5, 5\r\n\r\nhello"},
        {"H4a", kPost + "Transfer-Encoding: xchunked\r\n\r\n"},
        {"H4b", kPost + "Transfer-Encoding: chunked, identity\r\n\r\n"},
        {"H4c", kPost + "Transfer-Encoding: chunked, chunked\r\n\r\n"},
        {"H5", kPost + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
        {"H6", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"H7", kPost + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"},
        {"H8", kPost + "Content-Length: 5\r\n 0\r\n\r\n"},
        {"H9", "GET / HTTP/1.1\nHost: x\n\n"},
        {"H10", "GET / HTTP/1.1\r\n\r\n"},
        {"H11", "GET http://evil/ HTTP/1.1\r\nHost: x\r\n\r\n"},
        {"H12", "GET /" + std::string(70'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"},
        {"H16", "GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(40'000, 'a') + "\r\n\r\n"},
        {"H17", "get / HTTP/1.1\r\nHost: x\r\n\r\n"},
        {"H18", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
        {"H18b", "\x16\x03\x01\x02\x01\xfc\x03\x03"},
    };
    for (const auto& [name, raw] : rows) {
        RawClient client(port());
        client.send(raw + kSmuggled);
        const Answer answer = client.answer();
        EXPECT_GE(answer.status, 400) << name;
        EXPECT_NE(answer.head.find("application/problem+json"), std::string::npos) << name;
        EXPECT_NE(answer.head.find("Connection: close"), std::string::npos) << name;
        client.end_sending();
        EXPECT_TRUE(client.closed()) << name;
    }
    EXPECT_FALSE(smuggled_);
    EXPECT_EQ(ask(kGet).status, 200);
}

TEST_F(Framing, BrokenChunksAreRefused) {
    for (const std::string& body :
         std::vector<std::string>{"fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
                                  "0x5\r\nhello\r\n0\r\n\r\n",
                                  "-5\r\nhello\r\n0\r\n\r\n",
                                  "5\r\nhelloXX0\r\n\r\n",
                                  "5\nhello\r\n0\r\n\r\n",
                                  "5;" + std::string(64 * kKiB, 'x') + "\r\nhello\r\n0\r\n\r\n",
                                  "5;a\nb\r\nhello\r\n0\r\n\r\n",
                                  "\r\n\r\n"}) {
        RawClient client(port());
        client.send(kPost + "Transfer-Encoding: chunked\r\n\r\n" + body + kSmuggled);
        const Answer answer = client.answer();
        EXPECT_EQ(answer.status, 400) << body.substr(0, 40);
        client.end_sending();
        EXPECT_EQ(client.rest(), "") << body.substr(0, 40);
    }
    EXPECT_FALSE(smuggled_);
}

TEST_F(Framing, ChunksOfAnySizeAreJoined) {
    std::string body;
    for (int i = 0; i < 100'000; ++i) {
        body += "1\r\nx\r\n";
    }
    const std::string head = kPost + "Transfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(ask(head + body + "0\r\n\r\n").body, std::string(100'000, 'x'));
    EXPECT_EQ(ask(head + "5;ext=1\r\nhello\r\n1\r\n!\r\n0\r\n\r\n").body, "hello!");
    const std::string large(3 * kMiB, 'y');
    EXPECT_EQ(ask(head + "300000\r\n" + large + "\r\n0\r\n\r\n").body, large);
}

TEST_F(Framing, TrailersNeverBecomeHeaders) {
    handler_.on_begin = [](const RequestHead& head) -> Begun {
        return std::make_unique<StringSink>(100, [&head](const std::string& body) {
            return text(body + "|" + std::string(head.header("Authorization")) + "|" + head.host);
        });
    };
    const Answer answer = ask(kPost +
                              "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n"
                              "Authorization: Bearer evil\r\nHost: evil\r\n\r\n");
    EXPECT_TRUE(answer.status == 400 || answer.body == "hi||x") << answer.body;
}

TEST_F(Framing, BodiesArriveWholeAndTheConnectionGoesOn) {
    RawClient client(port());
    const std::string large(5 * kMiB, 'z');
    EXPECT_EQ(client.ask(kPost + "Content-Length: 5\r\n\r\nhello").body, "hello");
    EXPECT_EQ(client.ask(kPost + "Content-Length: 0\r\n\r\n").body, "");
    EXPECT_EQ(client.ask(kPost + "Content-Length: 5242880\r\n\r\n" + large).body, large);
    EXPECT_EQ(client.ask("\r\n" + kGet).status, 200)
        << "one empty line before a request is allowed";
    EXPECT_EQ(client.ask("\r\n\r\n" + kGet).status, 400);
}

TEST_F(Framing, PipelinedRequestsAreAnsweredInOrder) {
    RawClient client(port());
    std::string requests;
    for (int i = 0; i < 200; ++i) {
        const std::string number = std::to_string(1000 + i);
        requests += kPost + "Content-Length: 4\r\n\r\n" + number;
    }
    client.send(requests);
    for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(client.answer().body, std::to_string(1000 + i));
    }
}

TEST_F(Framing, AConnectionServesThousands) {
    RawClient client(port());
    for (int i = 0; i < 3000; ++i) {
        ASSERT_EQ(client.ask(kGet).status, 200) << i;
    }
    EXPECT_EQ(metrics_.counter("http_connections_total").value(), 1U);
}

class Answers : public LiveServer {
protected:
    void answer_with(std::function<Response(const RequestHead&)> make) {
        handler_.on_begin = [make = std::move(make)](const RequestHead& head) -> Begun {
            return make(head);
        };
    }
};

TEST_F(Answers, CarryTheHeadersInTheirOrder) {
    answer_with([](const RequestHead&) {
        return Response{.headers = {{"Expires", "0"}, {"Pragma", "no-cache"}}, .body = "hi"};
    });
    EXPECT_EQ(ask(kGet).head,
              "HTTP/1.1 200 OK\r\nExpires: 0\r\nPragma: no-cache\r\nContent-Length: 2\r\n"
              "Date: Mon, 21 Sep 2026 14:13:20 GMT\r\nServer: origind\r\n\r\n");
}

TEST_F(Answers, ToHeadHaveNoBody) {
    answer_with([](const RequestHead&) { return text("hello"); });
    RawClient client(port());
    client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(client.answer(true).head.find("Content-Length: 5\r\n"), std::string::npos);
    EXPECT_EQ(client.ask(kGet).body, "hello") << "nothing of a body was sent";
}

TEST_F(Answers, WithoutContentHaveNoLength) {
    answer_with([](const RequestHead& head) {
        return Response{.status = head.path == "/304" ? 304 : 204};
    });
    RawClient client(port());
    for (const std::string path : {"/304", "/204"}) {
        const Answer answer = client.ask("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_EQ("/" + std::to_string(answer.status), path);
        EXPECT_EQ(answer.head.find("Content-Length"), std::string::npos);
    }
}

TEST_F(Answers, ToHttp10EndWithTheConnectionUnlessItIsKept) {
    answer_with([](const RequestHead&) { return text("hello"); });
    RawClient closing(port());
    EXPECT_EQ(closing.ask("GET / HTTP/1.0\r\n\r\n").body, "hello");
    EXPECT_TRUE(closing.closed());
    RawClient keeping(port());
    const Answer kept = keeping.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_NE(kept.head.find("Connection: keep-alive"), std::string::npos);
    EXPECT_EQ(keeping.ask("GET / HTTP/1.0\r\n\r\n").body, "hello");
}

TEST_F(Answers, NeverBreakOutOfAHeader) {
    log_.write(Level::Debug, "");
    answer_with([](const RequestHead&) {
        return Response{.headers = {{"Location", "/a\r\nSet-Cookie: evil=1"}}};
    });
    const Answer answer = ask(kGet);
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.head.find("evil"), std::string::npos);
}

TEST_F(Answers, AreGivenWhenAHandlerThrows) {
    answer_with([](const RequestHead&) -> Response { throw std::runtime_error("a bug"); });
    const Answer answer = ask(kGet);
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.body.find("a bug"), std::string::npos);
}

TEST_F(Answers, LeaveASmallBodyUnreadAndGoOn) {
    answer_with([](const RequestHead&) { return text("no", 401); });
    RawClient client(port());
    EXPECT_EQ(client.ask(kPost + "Content-Length: 4\r\n\r\n0000").status, 401);
    EXPECT_EQ(client.ask(kGet).status, 401);
    EXPECT_EQ(client.ask(kPost + "Content-Length: 10000000000\r\n\r\nabc").status, 401);
    client.end_sending();
    EXPECT_TRUE(client.closed());
}

TEST_F(Answers, ReachAPeerThatIsStillSending) {
    answer_with([](const RequestHead&) { return text("no", 403); });
    RawClient client(port());
    std::string request = kPost + "Content-Length: 10000000000\r\n\r\n";
    request += std::string(kMiB, 'x');
    client.send(request);
    EXPECT_EQ(client.answer().status, 403) << "a reset must not destroy the answer";
}

class Expectation : public LiveServer {
protected:
    Expectation() {
        handler_.on_begin = [](const RequestHead& head) -> Begun {
            if (!head.has_header("Authorization")) {
                return text("who are you", 401);
            }
            return echo_sink(100);
        };
    }
    const std::string expect_ = kPost + "Expect: 100-continue\r\n";
};

TEST_F(Expectation, IsMetOnlyForWhoMaySend) {
    RawClient client(port());
    const Answer first = client.ask(expect_ + "Authorization: a\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(first.status, 100);
    EXPECT_EQ(client.ask("hi").body, "hi");
    const Answer second = client.ask(expect_ + "Content-Length: 2\r\n\r\n");
    EXPECT_EQ(second.status, 401);
    EXPECT_NE(second.head.find("Connection: close"), std::string::npos)
        << "the body may or may not follow";
}

TEST_F(Expectation, IsRefusedForABodyThatIsTooLarge) {
    EXPECT_EQ(ask(expect_ + "Authorization: a\r\nContent-Length: 3000000000\r\n\r\n").status, 413);
    EXPECT_EQ(ask(kPost + "Authorization: a\r\nContent-Length: 101\r\n\r\n").status, 413);
    EXPECT_EQ(ask(kPost + "Authorization: a\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" +
                  std::string(101, 'x') + "\r\n0\r\n\r\n")
                  .status,
              413);
}

// What comes with its head is begun, fed and finished in one visit to a worker.
TEST_F(LiveServer, ABodyMayComeWithItsHeadOrLater) {
    struct Picky final : BodySink {
        Status feed(Bytes piece) override {
            taken += text_of(piece);
            return taken == "bad" ? Status(std::unexpected(Error(Code::Conflict, "bad")))
                                  : Status();
        }
        Reply finish() override { return Response{.body = "took " + taken}; }
        std::uint64_t body_bytes_max() const override { return 10; }
        std::string taken;
    };
    handler_.on_begin = [](const RequestHead&) -> Begun {
        return std::make_unique<Picky>();
    };
    for (const bool with_its_head : {true, false}) {
        const auto send = [&](RawClient& client, const std::string& body) {
            const std::string head = kPost + "Content-Length: " + std::to_string(body.size());
            if (with_its_head) {
                return client.ask(head + "\r\n\r\n" + body);
            }
            EXPECT_EQ(client.ask(head + "\r\nExpect: 100-continue\r\n\r\n").status, 100);
            return client.ask(body);
        };
        RawClient client(port());
        EXPECT_EQ(send(client, "good").body, "took good");
        EXPECT_EQ(send(client, "better").body, "took better");
        EXPECT_EQ(send(client, "bad").status, 409);
        EXPECT_TRUE(client.closed());
    }
    RawClient client(port());
    const std::string one = kPost + "Content-Length: 3\r\n\r\none";
    EXPECT_EQ(client.ask(one + one).body, "took one");
    EXPECT_EQ(client.answer().body, "took one");
    EXPECT_EQ(client.ask(kPost + "Content-Length: 11\r\n\r\nlonger body").status, 413);
}

TEST_F(LiveServer, ABodyThatStopsHalfWayReachesNobody) {
    std::atomic<int> finished = 0;
    std::latch dropped(1);
    struct Watching final : BodySink {
        Watching(std::atomic<int>& f, std::latch& d) : finished(f), dropped(d) {}
        ~Watching() override { dropped.count_down(); }
        Status feed(Bytes /*piece*/) override { return {}; }
        Reply finish() override {
            ++finished;
            return Response{};
        }
        std::uint64_t body_bytes_max() const override { return 1000; }
        std::atomic<int>& finished;
        std::latch& dropped;
    };
    handler_.on_begin = [&](const RequestHead&) -> Begun {
        return std::make_unique<Watching>(finished, dropped);
    };
    {
        RawClient client(port());
        client.send(kPost + "Content-Length: 100\r\n\r\nhalf");
    }
    dropped.wait();
    EXPECT_EQ(finished, 0);
}

TEST_F(LiveServer, ARequestThatIsBrokenOffLeavesALine) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    handler_.on_begin = [](const RequestHead&) -> Begun {
        return echo_sink();
    };
    Log log(ends[1], LogFormat::Text, Level::Info, clock_);
    WorkerPool pool(1, clock_);
    HttpServer server({}, HttpServer::Around{handler_, pool, log, metrics_, clock_});
    ASSERT_TRUE(server.listen_tcp("127.0.0.1", 0));
    server.start(1);
    {
        RawClient client(server.port());
        client.send(kPost + "Content-Length: 100\r\n\r\nhalf");
    }
    std::array<char, 1000> line{};
    ASSERT_GT(::read(ends[0], line.data(), line.size() - 1), 0);
    EXPECT_TRUE(std::string_view(line.data()).contains("request broken off")) << line.data();
    server.stop(std::chrono::seconds(0));
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_F(LiveServer, TurnsAwayMoreConnectionsThanItMayHave) {
    handler_.on_begin = [](const RequestHead&) -> Begun {
        return text("ok");
    };
    start({.connections_max = 6});  // Of which the server itself uses some.
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(std::make_unique<RawClient>(port()));
        clients.back()->send(kGet);
    }
    int served = 0;
    for (auto& client : clients) {
        served += client->answer().status == 200 ? 1 : 0;
    }
    EXPECT_GT(served, 0);
    EXPECT_LT(served, 7);
}

TEST_F(LiveServer, SurvivesHavingNoDescriptorsLeft) {
    handler_.on_begin = [](const RequestHead&) -> Begun {
        return text("ok");
    };
    start();
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    rlimit few = before;
    few.rlim_cur = 200;
    ::setrlimit(RLIMIT_NOFILE, &few);
    std::vector<int> taken;
    for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) {
        taken.push_back(fd);
    }
    ASSERT_FALSE(taken.empty());
    ::close(taken.back());
    taken.pop_back();
    RawClient client(port());  // Takes the last one: accept() has none.
    client.send(kGet);
    const Counter& errors = metrics_.counter("http_accept_errors_total");
    while (errors.value() == 0) {
        std::this_thread::yield();
    }
    for (const int fd : taken) {
        ::close(fd);
    }
    EXPECT_EQ(client.answer().status, 200);
    ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST_F(LiveServer, KnowsTheOperatorByTheSocket) {
    handler_.on_begin = [](const RequestHead& head) -> Begun {
        return text((head.local_operator ? "operator " : "stranger ") + head.peer);
    };
    const std::string path = testing::TempDir() + "origin-" + std::to_string(::getpid()) + ".sock";
    pool_ = std::make_unique<WorkerPool>(1, clock_);
    server_ = std::make_unique<HttpServer>(
        ServerSettings{}, HttpServer::Around{handler_, *pool_, log_, metrics_, clock_});
    ASSERT_TRUE(server_->listen_unix(path));
    ASSERT_TRUE(server_->listen_tcp("127.0.0.1", 0));
    server_->start();
    struct stat found{};
    ASSERT_EQ(::stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0600U);
    RawClient local(path);
    EXPECT_EQ(local.ask(kGet).body, "operator ");
    EXPECT_EQ(ask(kGet).body, "stranger 127.0.0.1");
    server_.reset();
    EXPECT_NE(::stat(path.c_str(), &found), 0) << "the socket is left behind";
}

TEST_F(LiveServer, RefusesToListenWhereItCannot) {
    start();
    const auto reason = [](const Status& s) {
        return s ? "" : std::string(s.error().reason());
    };
    HttpServer second({}, {handler_, *pool_, log_, metrics_, clock_});
    EXPECT_EQ(reason(second.listen_tcp("127.0.0.1", port())), "cannot_listen");
    EXPECT_EQ(reason(second.listen_tcp("localhost", 0)), "bad_address");
    EXPECT_EQ(reason(second.listen_unix(std::string(200, 'x'))), "bad_address");
    EXPECT_EQ(reason(second.listen_unix("/nonexistent/a.sock")), "cannot_listen");
    const std::string file = testing::TempDir() + "origin-file-" + std::to_string(::getpid());
    std::ofstream(file) << "precious";
    EXPECT_EQ(reason(second.listen_unix(file)), "cannot_listen") << "a plain file is not replaced";
    EXPECT_TRUE(std::filesystem::exists(file));
    std::filesystem::remove(file);
}

}  // namespace
}  // namespace origin::net
