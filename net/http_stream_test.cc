// SPDX-License-Identifier: Apache-2.0
// Goal: long answers, late answers and slow peers cost a buffer and a deadline, never a worker; a
//       stop loses nothing that runs.
// Method: one worker, peers that do not read or do not write, and a clock that stands still until
//         the test moves it.
#include <latch>
#include <thread>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "net/server_fixture.h"

namespace origin::net {
namespace {

using State = BodySource::State;

class LambdaSource final : public BodySource {
public:
    using Step = std::function<Result<State>(std::string&)>;
    explicit LambdaSource(Step step, bool endless = false)
        : step_(std::move(step)), endless_(endless) {}
    Result<State> step(std::string& out) override { return step_(out); }
    Milliseconds retry_after() const override { return Milliseconds{1}; }
    bool endless() const override { return endless_; }

private:
    Step step_;
    bool endless_;
};

class LambdaDeferred final : public Deferred {
public:
    explicit LambdaDeferred(std::function<std::optional<Response>()> poll)
        : poll_(std::move(poll)) {}
    std::optional<Response> poll() override { return poll_(); }
    Milliseconds retry_after() const override { return Milliseconds{1}; }

private:
    std::function<std::optional<Response>()> poll_;
};

// `pieces` times 100,000 bytes.
std::unique_ptr<BodySource> counted(int pieces) {
    return std::make_unique<LambdaSource>([pieces](std::string& out) mutable -> Result<State> {
        out.append(100'000, static_cast<char>('a' + pieces % 26));
        return --pieces == 0 ? State::Done : State::More;
    });
}

const std::string kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
const std::string kOld = "GET /a HTTP/1.0\r\n\r\n";

class Stream : public LiveServer {
protected:
    void answer_with(std::function<Response(const RequestHead&)> make) {
        handler_.on_begin = [make = std::move(make)](const RequestHead& head) -> Begun {
            return make(head);
        };
    }
    // Moves the clock until the client hears something.
    void wait_for(RawClient& client, Milliseconds step) {
        while (!client.readable_within(20)) {
            clock_.advance(step);
        }
    }
};

TEST_F(Stream, IsSentInChunksWhenItsLengthIsUnknown) {
    answer_with(
        [](const RequestHead&) { return Response{.body = "first,", .stream = counted(50)}; });
    RawClient client(port());
    for (int i = 0; i < 2; ++i) {
        const Answer answer = client.ask(kGet);
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.body.size(), 5'000'006U);
        EXPECT_TRUE(answer.body.starts_with("first,"));
    }
    RawClient old(port());
    const Answer answer = old.ask(kOld);
    EXPECT_EQ(answer.head.find("Transfer-Encoding"), std::string::npos);
    EXPECT_EQ(answer.body.size(), 5'000'006U);
}

TEST_F(Stream, IsSentAsItIsWhenItsLengthIsKnown) {
    answer_with([](const RequestHead&) {
        return Response{.body = "first,", .stream = counted(50), .stream_bytes = 5'000'000};
    });
    RawClient client(port());
    client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(client.answer(true).head.find("Content-Length: 5000006\r\n"), std::string::npos);
    EXPECT_EQ(client.ask(kGet).body.size(), 5'000'006U);
}

TEST_F(Stream, WhatIsAtHandNeedsNoWorker) {
    const auto kept = std::make_shared<const std::string>("kept elsewhere");
    handler_.on_begin = [](const RequestHead&) -> Begun {
        return Response{.body = "begun"};
    };
    handler_.at_hand = [&](const RequestHead& head) -> std::optional<Response> {
        if (head.path == "/throws") {
            throw std::runtime_error("no");
        }
        return head.path == "/a"
                   ? std::optional(Response{
                         .body = "It is ",
                         .shared = {.owner = kept, .bytes = std::string_view(*kept).substr(0, 4)}})
                   : std::nullopt;
    };
    RawClient client(port());
    client.send(kGet);
    EXPECT_EQ(client.answer().body, "It is kept");
    client.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(client.answer(true).head.contains("Content-Length: 10\r\n"));
    client.send("GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nxx");
    EXPECT_EQ(client.answer().body, "begun");  // It has a body: that is a worker's.
    client.send("GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(client.answer().body, "begun");
    client.send("GET /throws HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(client.answer().body, "begun");
    handler_.at_hand = [&](const RequestHead&) -> std::optional<Response> {
        Response response{
            .body = "It is ", .shared = {.owner = kept, .bytes = *kept}, .stream = counted(1)};
        response.stream_bytes = 100'000;
        return response;
    };
    client.send(kGet);
    EXPECT_TRUE(client.answer().body.starts_with("It is kept elsewhereb"));
}

TEST_F(Stream, IsSentFromTheFileThatItLiesIn) {
    const int file = ::memfd_create("part", MFD_CLOEXEC);
    std::string lies(5'000'000, '\0');
    for (std::size_t i = 0; i < lies.size(); ++i) {
        lies[i] = static_cast<char>(i * 7919 % 251);
    }
    ASSERT_EQ(::write(file, lies.data(), lies.size()), static_cast<ssize_t>(lies.size()));
    const auto owner = std::make_shared<const std::string>(lies);
    handler_.at_hand = [&](const RequestHead& head) {
        const std::size_t at = head.path == "/part" ? 1'234'567 : 0;
        return Response{.body = "It is ",
                        .shared = {.owner = owner,
                                   .bytes = std::string_view(*owner).substr(at),
                                   .file = file,
                                   .at = at}};
    };
    RawClient client(port());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /part HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(client.answer().body == "It is " + lies);
    EXPECT_TRUE(client.answer().body == "It is " + lies.substr(1'234'567));
    client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(client.answer(true).head.contains("Content-Length: 5000006\r\n"));
    ASSERT_EQ(::ftruncate(file, 100), 0);
    EXPECT_EQ(client.ask(kGet).status, 0) << "a file that is too short is cut, and does not hang";
    ::close(file);
}

TEST_F(Stream, IsCutWhenItFailsOrLies) {
    for (const std::uint64_t promised : {4'999'999U, 5'000'001U}) {
        answer_with([=](const RequestHead&) {
            return Response{.stream = counted(50), .stream_bytes = promised};
        });
        EXPECT_EQ(ask(kGet).status, 0) << "a cut answer must not look whole";
    }
    answer_with([](const RequestHead&) {
        return Response{.stream = std::make_unique<LambdaSource>(
                            [n = 0](std::string& out) mutable -> Result<State> {
                                out.append(100'000, 'x');
                                if (++n == 3) {
                                    return std::unexpected(Error(Code::Corrupt, "no"));
                                }
                                return State::More;
                            })};
    });
    EXPECT_EQ(ask(kGet).status, 0);
}

TEST_F(Stream, ThatFailsAtOnceBecomesAnError) {
    answer_with([](const RequestHead&) {
        return Response{.stream = std::make_unique<LambdaSource>([](std::string&) -> Result<State> {
                            return std::unexpected(Error(Code::NotFound, "no such object"));
                        })};
    });
    EXPECT_EQ(ask(kGet).status, 404);
}

TEST_F(Stream, MayWait) {
    answer_with([](const RequestHead&) {
        return Response{.stream = std::make_unique<LambdaSource>(
                            [n = 0](std::string& out) mutable -> Result<State> {
                                if (n % 2 == 0) {
                                    out += std::to_string(n);
                                }
                                return ++n == 6 ? State::Done : State::Wait;
                            })};
    });
    EXPECT_EQ(ask(kGet).body, "024");
}

TEST_F(Stream, HoldsNoWorkerForAPeerThatDoesNotRead) {
    std::atomic<std::uint64_t> produced = 0;
    answer_with([&](const RequestHead& head) {
        if (head.path == "/a") {
            return text("quick");
        }
        return Response{.stream =
                            std::make_unique<LambdaSource>([&](std::string& out) -> Result<State> {
                                out.append(256 * kKiB, 'x');
                                produced += 256 * kKiB;
                                return State::More;
                            })};
    });
    start({}, 1);
    std::vector<std::unique_ptr<RawClient>> stalled;
    for (int i = 0; i < 8; ++i) {
        stalled.push_back(std::make_unique<RawClient>(port()));
        stalled.back()->send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    for (int i = 0; i < 200; ++i) {
        ASSERT_EQ(ask(kGet).body, "quick");
    }
    EXPECT_LT(produced, 8 * 32 * kMiB) << "the kernel's buffers and one of ours each";
    // They are cut after the stall timeout.
    const Counter& slow = metrics_.counter("http_peers_too_slow_total");
    while (slow.value() < 8) {
        clock_.advance(Milliseconds{1000});
        std::this_thread::yield();
    }
}

TEST_F(Stream, StopsWhenThePeerIsGone) {
    std::latch dropped(1);
    struct Noticing {
        std::latch& latch;
        ~Noticing() { latch.count_down(); }
    };
    answer_with([&](const RequestHead&) {
        auto noticing = std::make_shared<Noticing>(dropped);
        return Response{.stream = std::make_unique<LambdaSource>(
                            [noticing](std::string&) -> Result<State> { return State::Wait; })};
    });
    {
        RawClient client(port());
        client.send(kGet);
    }
    dropped.wait();
}

TEST_F(Stream, OfALateAnswerIsPolled) {
    std::atomic<int> polls = 0;
    handler_.on_begin = [&](const RequestHead&) -> Begun {
        return std::make_unique<LambdaDeferred>([&]() -> std::optional<Response> {
            return ++polls < 5 ? std::nullopt : std::optional(text("late"));
        });
    };
    RawClient client(port());
    EXPECT_EQ(client.ask(kGet).body, "late");
    EXPECT_EQ(polls, 5);
    EXPECT_EQ(client.ask(kGet).body, "late");
}

TEST_F(Stream, SlowHeadsAreEnded) {
    RawClient silent(port());
    wait_for(silent, Milliseconds{1000});
    EXPECT_TRUE(silent.closed()) << "who says nothing is told nothing";
    RawClient slow(port());
    slow.send("GET / HTTP/1.1\r\nHost:");
    wait_for(slow, Milliseconds{1000});
    EXPECT_EQ(slow.answer().status, 408);
}

TEST_F(Stream, SlowBodiesAreEnded) {
    handler_.on_begin = [](const RequestHead&) -> Begun {
        return echo_sink();
    };
    RawClient client(port());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc");
    int trickled = 0;
    while (!client.readable_within(20)) {
        client.send("x");  // Bytes, but no progress.
        clock_.advance(Milliseconds{5000});
        ++trickled;
    }
    EXPECT_EQ(client.answer().status, 408);
    EXPECT_GT(trickled, 5);
}

TEST_F(Stream, IdleConnectionsAreEnded) {
    answer_with([](const RequestHead&) { return text("ok"); });
    RawClient client(port());
    EXPECT_EQ(client.ask(kGet).status, 200);
    wait_for(client, Milliseconds{1000});
    EXPECT_TRUE(client.closed());
}

TEST_F(Stream, StopLetsRunningRequestsFinish) {
    std::atomic<bool> ready = false;
    std::latch waiting(1);
    handler_.on_begin = [&](const RequestHead& head) -> Begun {
        if (head.path == "/late") {
            waiting.count_down();
            return std::make_unique<LambdaDeferred>([&]() -> std::optional<Response> {
                return ready ? std::optional(text("done")) : std::nullopt;
            });
        }
        return text("ok");
    };
    RawClient idle(port());
    EXPECT_EQ(idle.ask(kGet).status, 200);
    RawClient late(port());
    late.send("GET /late HTTP/1.1\r\nHost: x\r\n\r\n");
    waiting.wait();
    std::thread stopping([&] { server_->stop(std::chrono::seconds{60}); });
    EXPECT_TRUE(idle.closed()) << "by which the server has begun to stop";
    ready = true;
    const Answer answer = late.answer();
    EXPECT_EQ(answer.body, "done");
    EXPECT_NE(answer.head.find("Connection: close"), std::string::npos);
    stopping.join();
}

TEST_F(Stream, StopEndsEventStreamsCleanlyAtOnce) {
    answer_with([](const RequestHead&) {
        return Response{.body = "event",
                        .stream = std::make_unique<LambdaSource>(
                            [](std::string&) -> Result<State> { return State::Wait; }, true)};
    });
    RawClient client(port());
    client.send(kGet);
    ASSERT_TRUE(client.readable_within(20'000));
    server_->stop(std::chrono::seconds{600});
    const Answer answer = client.answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "event");
}

TEST_F(Stream, StopCancelsWhatDoesNotFinish) {
    std::latch waiting(1);
    std::once_flag once;
    handler_.on_begin = [&](const RequestHead&) -> Begun {
        return std::make_unique<LambdaDeferred>([&]() -> std::optional<Response> {
            std::call_once(once, [&] { waiting.count_down(); });
            return std::nullopt;
        });
    };
    RawClient client(port());
    client.send(kGet);
    waiting.wait();
    server_->stop(std::chrono::seconds{0});
    EXPECT_TRUE(client.closed());
    server_->stop(std::chrono::seconds{0});
}

}  // namespace
}  // namespace origin::net
