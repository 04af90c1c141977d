// SPDX-License-Identifier: Apache-2.0
// Goal: a server that has more to do than it can says so at once, before a body is here.
// Method: a live server whose one worker is held, raw sockets, a clock that stands still.
#include <latch>
#include <memory>

#include "net/server_fixture.h"
#include "net/whose.h"

namespace origin::net {
namespace {

const std::string kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
const std::string kPost = "POST /a HTTP/1.1\r\nHost: x\r\n";

// GET /hold keeps a worker until it is let go.
class BusyServer : public LiveServer {
protected:
    BusyServer() {
        handler_.on_begin = [this](const RequestHead& head) -> Begun {
            if (head.path == "/hold") {
                running_.count_down();
                held_.wait();
            }
            return text("done");
        };
    }

    /// Asks for /hold; returns when the worker is held.
    std::unique_ptr<RawClient> hold() {
        auto client = std::make_unique<RawClient>(port());
        client->send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
        running_.wait();
        return client;
    }

    std::latch held_{1};
    std::latch running_{1};
};

TEST_F(BusyServer, SaysBusyWhenTheQueueIsFull) {
    start({}, 1, 1);
    const auto first = hold();
    ASSERT_TRUE(pool_->submit([] {}));  // Fills the queue.
    const Answer busy = ask(kGet);
    EXPECT_EQ(busy.status, 503);
    EXPECT_NE(busy.head.find("Retry-After: 1"), std::string::npos);
    held_.count_down();
    EXPECT_EQ(first->answer().body, "done");
}

TEST_F(BusyServer, SaysBusyWhenWhatWaitsHasWaitedTooLong) {
    start({}, 1);
    const auto first = hold();
    std::latch waited(1);
    RequestHead same;
    same.peer = "127.0.0.1";
    const Whose whose = whose_request(same);
    ASSERT_TRUE(pool_->submit([&] { waited.count_down(); }, WorkerPool::Work::New, whose));
    clock_.advance(kWorkWaitMax - Milliseconds{1});
    EXPECT_FALSE(pool_->overloaded(whose));
    clock_.advance(Milliseconds{1});
    EXPECT_TRUE(pool_->overloaded(whose));
    EXPECT_FALSE(pool_->overloaded()) << "others have nothing that waits";
    const Answer busy = ask(kGet);
    EXPECT_EQ(busy.status, 503);
    EXPECT_NE(busy.head.find("Retry-After: 1"), std::string::npos);
    EXPECT_TRUE(busy.body.contains("\"busy\"")) << busy.body;

    // Before its body is here; the connection goes on behind it, as far as HTTP lets it.
    RawClient kept(port());
    kept.send(kPost + "Content-Length: 4\r\n\r\n");
    EXPECT_EQ(kept.answer().status, 503);
    kept.send("body" + kGet);
    EXPECT_EQ(kept.answer().status, 503);
    RawClient waits_for_leave(port());
    waits_for_leave.send(kPost + "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    const Answer closed = waits_for_leave.answer();
    EXPECT_EQ(closed.status, 503);
    EXPECT_TRUE(closed.head.contains("Connection: close")) << closed.head;
    EXPECT_TRUE(waits_for_leave.closed());
    EXPECT_EQ(metrics_.counter("http_requests_busy_total").value(), 4U);
    held_.count_down();
    EXPECT_EQ(first->answer().body, "done");  // What was taken is finished.
    waited.wait();
    EXPECT_EQ(ask(kGet).status, 200);
}

}  // namespace
}  // namespace origin::net
