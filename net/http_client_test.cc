// SPDX-License-Identifier: Apache-2.0
// Goal: a URL that a stranger chose reaches public addresses only, follows nothing, and cannot
//       cost more than its time and size (rows W1 to W6).
// Method: every spelling of a private address against the real resolver; our own server, allowed
//         by its block, as the foreign one; raw listeners for what a real server would not do.
#include "net/http_client.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "crypto/self_signed.h"
#include "net/server_fixture.h"

namespace origin::net {
namespace {

std::string reason(const auto& result) {
    return result ? "fine" : std::string(result.error().reason());
}

TEST(GuardedClient, RefusesPrivateAddressesInEverySpelling) {
    const HttpClient client({});
    for (const std::string host : {"127.0.0.1",
                                   "2130706433",
                                   "0x7f.1",
                                   "0177.0.0.1",
                                   "127.1",
                                   "[::1]",
                                   "[::ffff:127.0.0.1]",
                                   "[::127.0.0.1]",
                                   "0.0.0.0",
                                   "localhost",
                                   "169.254.169.254",
                                   "[fd00:ec2::254]",
                                   "[2002:a9fe:a9fe::]",
                                   "[64:ff9b::a9fe:a9fe]",
                                   "[fe80::1]",
                                   "[feb0::1]",
                                   "100.64.0.1",
                                   "192.0.0.1",
                                   "198.18.0.1",
                                   "224.0.0.1",
                                   "[ff02::1]",
                                   "10.0.0.1",
                                   "192.168.1.1"}) {
        const auto answer = client.send({.url = "http://" + host + "/"});
        EXPECT_EQ(reason(answer), "address_refused") << host;
    }
    EXPECT_NE(reason(client.send({.url = "http://localhost./"})), "fine");
}

TEST(GuardedClient, RefusesOddUrls) {
    const ClientSettings settings;
    for (const std::string url : {"",
                                  "http://",
                                  "http:///x",
                                  "https:/x/https://y",
                                  "file:///etc/passwd",
                                  "gopher://8.8.8.8/",
                                  "ftp://8.8.8.8/",
                                  "8.8.8.8",
                                  "http://user@8.8.8.8/",
                                  "http://user:pass@8.8.8.8/",
                                  "http://@8.8.8.8/",
                                  "http://8.8.8.8\\@127.0.0.1/",
                                  "http://8.8.8.8/a b",
                                  "http://8.8.8.8/\n",
                                  "http://8.8.8.8:0/",
                                  "http://8.8.8.8:99999/",
                                  "http://8.8.8.8#@127.0.0.1/",
                                  "http://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1/"}) {
        EXPECT_NE(reason(check_outbound_url(url, settings)), "fine") << url;
        EXPECT_NE(reason(HttpClient(settings).send({.url = url, .timeout = Milliseconds{1}})),
                  "fine")
            << url;
    }
    for (const std::string url : {"http://8.8.8.8:22/",
                                  "http://8.8.8.8:25/",
                                  "https://8.8.8.8:6379/",
                                  "http://8.8.8.8:1/"}) {
        EXPECT_EQ(reason(check_outbound_url(url, settings)), "port_refused") << url;
        EXPECT_EQ(reason(HttpClient(settings).send({.url = url})), "port_refused") << url;
    }
    for (const std::string url : {"http://8.8.8.8/",
                                  "https://hooks.example.com/x?y=a@b",
                                  "https://example.com:8443/",
                                  "http://[2606:4700::1111]:80/"}) {
        EXPECT_EQ(reason(check_outbound_url(url, settings)), "fine") << url;
    }
    EXPECT_EQ(reason(check_outbound_url("http://127.0.0.1/", settings)), "address_refused");
}

class Client : public LiveServer {
protected:
    std::string url(const std::string& path) {
        return "http://127.0.0.1:" + std::to_string(port()) + path;
    }
    ClientSettings allowed() const {
        ClientSettings settings;
        settings.allowed = {*Cidr::parse("127.0.0.0/8")};
        return settings;
    }
};

TEST_F(Client, SendsAndReceives) {
    handler_.on_begin = [](const RequestHead& head) -> Begun {
        return std::make_unique<StringSink>(kMiB, [&head](const std::string& body) {
            Response response = text(head.method + " " + body, 207);
            response.headers.push_back({"X-Echo", std::string(head.header("X-Test"))});
            response.headers.push_back({"X-Type", std::string(head.header("Content-Type"))});
            response.headers.push_back({"X-Agent", std::string(head.header("User-Agent"))});
            return response;
        });
    };
    const HttpClient client(allowed());
    for (const std::string method : {"POST", "PUT", "DELETE", "PATCH"}) {
        const auto answer = client.send({.method = method,
                                         .url = url("/a?b=c"),
                                         .headers = {{"X-Test", "value"}},
                                         .body = std::string(5000, 'b')});
        ASSERT_TRUE(answer) << answer.error().kept_in_log();
        EXPECT_EQ(answer->status, 207);
        EXPECT_EQ(answer->body, method + " " + std::string(5000, 'b'));
        EXPECT_EQ(answer->header("x-echo"), "value");
        EXPECT_EQ(answer->header("x-agent"), "origind");
        EXPECT_EQ(answer->header("x-type"), "");
    }
    const auto got = client.send({.url = url("/")});
    ASSERT_TRUE(got);
    EXPECT_EQ(got->body, "GET ");
    const auto head = client.send({.method = "HEAD", .url = url("/")});
    ASSERT_TRUE(head);
    EXPECT_EQ(head->header("Content-Length"), "5");
    EXPECT_EQ(head->body, "");
}

TEST_F(Client, ASessionKeepsItsConnectionAndNothingElse) {
    handler_.on_begin = [](const RequestHead& head) -> Begun {
        return std::make_unique<StringSink>(kMiB, [&head](const std::string& body) {
            return text(head.method + " " + std::string(head.header("X-Test")) + body);
        });
    };
    const HttpClient client(allowed());
    HttpSession session;
    const auto first = client.send(
        {.method = "PUT", .url = url("/"), .headers = {{"X-Test", "one"}}, .body = "body"},
        session);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->body, "PUT onebody");
    const auto second = client.send({.url = url("/")}, session);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->body, "GET ") << "no header, body or method of the one before";
    EXPECT_EQ(metrics_.counter("http_connections_total").value(), 1U);
    EXPECT_EQ(reason(HttpClient({}).send({.url = url("/")}, session)), "address_refused");
    ASSERT_TRUE(client.send({.url = url("/")}));
    ASSERT_TRUE(client.send({.url = url("/")}));
    EXPECT_EQ(metrics_.counter("http_connections_total").value(), 3U);
    ASSERT_TRUE(client.send({.method = "POST", .url = url("/")}, session));
    EXPECT_EQ(metrics_.counter("http_connections_total").value(), 4U) << "never twice";
}

TEST_F(Client, IsRefusedWithoutTheBlock) {
    std::atomic<int> asked = 0;
    handler_.on_begin = [&](const RequestHead&) -> Begun {
        ++asked;
        return text("secret");
    };
    EXPECT_EQ(reason(HttpClient({}).send({.url = url("/")})), "address_refused");
    EXPECT_EQ(asked, 0);
}

TEST_F(Client, FollowsNothing) {
    std::atomic<int> asked = 0;
    handler_.on_begin = [&](const RequestHead&) -> Begun {
        ++asked;
        return Response{.status = 302, .headers = {{"Location", "/elsewhere"}}};
    };
    const auto answer = HttpClient(allowed()).send({.url = url("/")});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 302);
    EXPECT_EQ(asked, 1);
}

TEST_F(Client, TakesNoMoreThanItsCap) {
    handler_.on_begin = [](const RequestHead& head) -> Begun {
        return text(std::string(head.path == "/fits" ? 1000 : 1001, 'x'));
    };
    const HttpClient client(allowed());
    EXPECT_EQ(reason(client.send({.url = url("/fits"), .response_bytes_max = 1000})), "fine");
    EXPECT_EQ(reason(client.send({.url = url("/"), .response_bytes_max = 1000})),
              "answer_too_large");
}

TEST_F(Client, CutsALongBodyIfThatIsWanted) {
    handler_.on_begin = [](const RequestHead&) -> Begun {
        return text(std::string(8 * kMiB, 'x'), 202);
    };
    const auto answer =
        HttpClient(allowed()).send({.url = url("/"), .response_bytes_max = 1000, .cut_body = true});
    ASSERT_TRUE(answer) << answer.error().kept_in_log();
    EXPECT_EQ(answer->status, 202);
    EXPECT_EQ(answer->body, std::string(1000, 'x'));
}

TEST_F(Client, GivesABodyInPiecesUntilNoMoreIsWanted) {
    handler_.on_begin = [](const RequestHead&) -> Begun {
        return text(std::string(8 * kMiB, 'x'), 202);
    };
    std::size_t total = 0;
    ClientRequest request{.url = url("/"),
                          .response_bytes_max = 8 * kMiB,
                          .body_to = [&](const ClientResponse& head, std::string_view piece) {
                              EXPECT_EQ(head.status, 202);
                              EXPECT_FALSE(head.header("Content-Length").empty());
                              total += piece.size();
                              return true;
                          }};
    const HttpClient client(allowed());
    const auto answer = client.send(request);
    ASSERT_TRUE(answer) << answer.error().kept_in_log();
    EXPECT_EQ(answer->body, "");
    EXPECT_EQ(total, 8 * kMiB);
    request.response_bytes_max -= 1;
    EXPECT_EQ(reason(client.send(request)), "answer_too_large");
    request.body_to = [](const ClientResponse&, std::string_view) {
        return false;
    };
    EXPECT_EQ(reason(client.send(request)), "given_up");
}

TEST_F(Client, IsGivenUpWhenAsked) {
    class Never final : public Deferred {
        std::optional<Response> poll() override { return std::nullopt; }
    };
    handler_.on_begin = [](const RequestHead&) -> Begun {
        return std::make_unique<Never>();
    };
    int asked = 0;
    EXPECT_EQ(reason(HttpClient(allowed()).send({.url = url("/"),
                                                 .give_up =
                                                     [&] {
                                                         return ++asked > 1;
                                                     }})),
              "given_up");
}

TEST_F(Client, WaitsNoLongerThanItsTimeout) {
    class Never final : public Deferred {
        std::optional<Response> poll() override { return std::nullopt; }
    };
    handler_.on_begin = [](const RequestHead&) -> Begun {
        return std::make_unique<Never>();
    };
    EXPECT_EQ(reason(HttpClient(allowed()).send({.url = url("/"), .timeout = Milliseconds{100}})),
              "timeout");
}

TEST_F(Client, SendsNoBrokenHeaders) {
    const HttpClient client(allowed());
    EXPECT_EQ(reason(client.send({.url = url("/"), .headers = {{"A", "b\r\nEvil: 1"}}})),
              "bad_header");
    EXPECT_EQ(reason(client.send({.url = url("/"), .headers = {{"A b", "c"}}})), "bad_header");
    EXPECT_EQ(reason(client.send({.method = "GET /x", .url = url("/")})), "bad_method");
}

TEST_F(Client, SaysWhatWentWrong) {
    handler_.on_begin = [](const RequestHead&) -> Begun {
        return text("ok");
    };
    start();
    const std::string dead = url("/");
    server_->stop(std::chrono::seconds{0});
    const HttpClient client(allowed());
    EXPECT_EQ(reason(client.send({.url = dead})), "connect_failed");
    EXPECT_EQ(reason(client.send({.url = "http://no-such-host.invalid/"})), "resolve_failed");
}

TEST_F(Client, SpeaksToASocketInAFolder) {
    handler_.on_begin = [](const RequestHead& head) -> Begun {
        return text(head.local_operator ? "operator" : "stranger");
    };
    const std::string path = testing::TempDir() + "origin-cli-" + std::to_string(::getpid());
    pool_ = std::make_unique<WorkerPool>(1, clock_);
    server_ = std::make_unique<HttpServer>(
        ServerSettings{}, HttpServer::Around{handler_, *pool_, log_, metrics_, clock_});
    ASSERT_TRUE(server_->listen_unix(path));
    server_->start();
    const auto answer =
        HttpClient({}).send({.url = "http://localhost/api/keys", .unix_socket = path});
    ASSERT_TRUE(answer) << answer.error().kept_in_log();
    EXPECT_EQ(answer->body, "operator");
}

class TlsServer : public Client {
protected:
    TlsServer() {
        const crypto::PemPair pair = crypto::make_self_signed();
        chain_ = write("chain", pair.certificate);
        const std::string key = write("key", pair.key);
        tls_ =
            std::make_unique<crypto::TlsContext>(std::move(*crypto::TlsContext::load(chain_, key)));
        std::filesystem::remove(key);
        handler_.on_begin = [](const RequestHead& head) -> Begun {
            if (head.method == "POST") {
                return echo_sink();
            }
            return text(head.secure ? "secure" : "plain");
        };
        pool_ = std::make_unique<WorkerPool>(2, clock_);
        server_ = std::make_unique<HttpServer>(
            ServerSettings{}, HttpServer::Around{handler_, *pool_, log_, metrics_, clock_});
        EXPECT_TRUE(server_->listen_tcp("127.0.0.1", 0, tls_.get()));
        server_->start();
    }
    ~TlsServer() override { std::filesystem::remove(chain_); }
    std::string write(const std::string& name, const std::string& text) const {
        const std::string path =
            testing::TempDir() + "origin-tls-" + name + std::to_string(::getpid());
        std::ofstream(path) << text;
        return path;
    }
    std::string secure_url() { return "https://127.0.0.1:" + std::to_string(port()) + "/"; }

    std::string chain_;
    std::unique_ptr<crypto::TlsContext> tls_;
};

TEST_F(TlsServer, IsTrustedByItsCertificateOnly) {
    ClientSettings trusting = allowed();
    trusting.ca_file = chain_;
    const auto answer = HttpClient(trusting).send({.url = secure_url()});
    ASSERT_TRUE(answer) << answer.error().kept_in_log();
    EXPECT_EQ(answer->body, "secure");
    EXPECT_EQ(reason(HttpClient(allowed()).send({.url = secure_url()})), "tls_failed");
    const auto large = HttpClient(trusting).send({.method = "POST",
                                                  .url = secure_url(),
                                                  .body = std::string(3 * kMiB, 'x'),
                                                  .response_bytes_max = 4 * kMiB});
    ASSERT_TRUE(large) << large.error().kept_in_log();
    EXPECT_EQ(large->body.size(), 3 * kMiB);
    handler_.at_hand = [](const RequestHead&) {
        return Response{.shared = {.bytes = "by TLS", .file = STDERR_FILENO}};
    };
    const auto shared = HttpClient(trusting).send({.url = secure_url()});
    ASSERT_TRUE(shared) << shared.error().kept_in_log();
    EXPECT_EQ(shared->body, "by TLS") << "what is encrypted is not sent from its file";
}

TEST_F(TlsServer, EndsPlainHttpAndSilence) {
    RawClient plain(port());
    plain.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(plain.rest().find("HTTP/1.1 200"), std::string::npos);
    RawClient silent(port());
    while (!silent.readable_within(20)) {
        clock_.advance(Milliseconds{1000});
    }
    EXPECT_TRUE(silent.closed());
}

}  // namespace
}  // namespace origin::net
