// SPDX-License-Identifier: Apache-2.0
// Goal: who asks too often over HTTP is told so, in the way that Git shows and programs read, and
// nobody else is; a fetch is given back however it ends.
// Method: a server without sockets whose limits are tiny, and requests as a client would send them.
#include <gtest/gtest.h>

#include "git/wire/pkt_line.h"
#include "githttp/door_world.h"

namespace origin::githttp {
namespace {

using test::Answered;
using test::Ask;
using test::bearer;
using test::DoorWorld;

constexpr std::string_view kFetchRefs = "/alice/app.git/info/refs?service=git-upload-pack";
constexpr std::string_view kPushRefs = "/alice/app.git/info/refs?service=git-receive-pack";
constexpr std::string_view kUploads = "/alice/app.git/git-upload-pack";

class GitLimitsTest : public testing::Test {
protected:
    GitLimitsTest()
        : alice_(world_.add_client("alice")),
          app_(world_.add_project(alice_, "app")),
          tip_(world_.commit(app_, "refs/heads/main", {{"index.html", {"<p>Hello"}}})),
          key_(world_.add_key(alice_, {"git:read", "git:write"})) {}

    Answered get(std::string_view target, const std::string& key) {
        Ask ask{.target = std::string(target)};
        if (!key.empty()) {
            ask.headers = {bearer(key)};
        }
        return world_.ask(ask);
    }
    Ask fetch(const Oid& wanted) {
        std::string body;
        git::append_pkt(body, "command=fetch\n");
        git::append_delim(body);
        git::append_pkt(body, "want " + wanted.hex() + "\n");
        git::append_pkt(body, "done\n");
        git::append_flush(body);
        return {.method = "POST",
                .target = std::string(kUploads),
                .headers = {bearer(key_),
                            {"Content-Type", "application/x-git-upload-pack-request"},
                            {"Git-Protocol", "version=2"}},
                .body = body,
                .piece = 20};
    }
    Answered push(const std::string& body) {
        return world_.ask(
            {.method = "POST",
             .target = "/alice/app.git/git-receive-pack",
             .headers = {bearer(key_), {"Content-Type", "application/x-git-receive-pack-request"}},
             .body = body});
    }

    DoorWorld world_{"https://git.example.org",
                     "sites.example.net",
                     {.requests = 20, .address_requests = 3, .pushes = 2, .runs = 0, .fetches = 1}};
    ClientId alice_;
    ProjectId app_;
    Oid tip_;
    std::string key_;
};

void expect_too_many(const Answered& answer, const std::string& name, const std::string& quota) {
    EXPECT_EQ(answer.status, 429) << answer.body;
    EXPECT_EQ(answer.header("Content-Type"), "text/plain; charset=utf-8");  // Then Git shows it.
    EXPECT_TRUE(answer.body.starts_with("too many " + name)) << answer.body;
    EXPECT_TRUE(answer.header("RateLimit-Policy").starts_with("\"" + name + "\";q=" + quota + ";"))
        << answer.header("RateLimit-Policy");
    EXPECT_EQ(answer.header("RateLimit"), "\"" + name + "\";r=0;t=" + answer.header("Retry-After"));
}

TEST_F(GitLimitsTest, WithoutAKeyAnAddressIsCounted) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(get(kFetchRefs, "").status, 401);
    }
    expect_too_many(get(kFetchRefs, ""), "requests", "3");
    expect_too_many(get(kPushRefs, ""), "requests", "3");
    expect_too_many(get("/", ""), "requests", "3");
    expect_too_many(get("/alice/app", ""), "requests", "3");
    expect_too_many(get("/nothing/of/the/kind", ""), "requests", "3");
    expect_too_many(world_.get("app.sites.example.net", "/"), "requests", "3");
    expect_too_many(world_.get("evil.example", "/"), "requests", "3");
    EXPECT_EQ(get(kFetchRefs, key_).status, 200) << "who has a key does not pay for the address";
    EXPECT_EQ(world_.ask({.target = "/", .peer = "192.0.2.2"}).status, 200);
    EXPECT_EQ(world_.ask({.target = "/", .local_operator = true}).status, 200);
    world_.clock.advance(std::chrono::seconds(20));
    EXPECT_EQ(get(kFetchRefs, "").status, 401);
    EXPECT_EQ(get(kFetchRefs, "").status, 429);
}

TEST_F(GitLimitsTest, ForgedForwardingHeadersChangeNothing) {
    const auto ask = [&](int i) {
        const std::string other = "198.51.100." + std::to_string(i);
        return world_.ask(
            {.target = "/",
             .headers = {
                 {"X-Forwarded-For", other}, {"Forwarded", "for=" + other}, {"X-Real-IP", other}}});
    };
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(ask(i).status, 200);
    }
    EXPECT_EQ(ask(4).status, 429);
}

TEST_F(GitLimitsTest, AClientIsCountedWhateverItsKeyAndAddress) {
    const std::string other_key = world_.add_key(alice_, {"git:read"});
    for (int i = 0; i < 20; ++i) {
        const Answered answer = world_.ask({.target = std::string(kFetchRefs),
                                            .headers = {bearer(i % 2 == 0 ? key_ : other_key)},
                                            .peer = "192.0.2." + std::to_string(i)});
        EXPECT_EQ(answer.status, 200);
    }
    expect_too_many(get(kFetchRefs, key_), "requests", "20");
    const ClientId bob = world_.add_client("bob");
    world_.add_project(bob, "app");
    const std::string bobs = world_.add_key(bob, {"git:read"});
    EXPECT_EQ(get("/bob/app.git/info/refs?service=git-upload-pack", bobs).status, 200);
}

TEST_F(GitLimitsTest, AWrongKeyCountsForItsAddress) {
    const std::string wrong = "ogk_nonsense";
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(get(kFetchRefs, wrong).status, 401);
    }
    expect_too_many(get(kFetchRefs, wrong), "requests", "3");
}

TEST_F(GitLimitsTest, PushesAreCountedWhenTheyAreMade) {
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(get(kPushRefs, key_).status, 200);
        EXPECT_EQ(push("0000").status, 200) << "only a look whether the key is good";
    }
    EXPECT_EQ(push("nonsense").status, 200);
    EXPECT_EQ(push("nonsense").status, 200);
    expect_too_many(push("nonsense"), "pushes", "2");
    expect_too_many(get(kPushRefs, key_), "pushes", "2");
    EXPECT_EQ(get(kFetchRefs, key_).status, 200);
    world_.clock.advance(std::chrono::seconds(30));
    EXPECT_EQ(get(kPushRefs, key_).status, 200);
}

TEST_F(GitLimitsTest, FetchesAtOnceAreCounted) {
    auto held = world_.limits.begin_fetch(auth::Party::of(alice_));
    ASSERT_TRUE(held);
    expect_too_many(world_.ask(fetch(tip_)), "fetches", "1");
    expect_too_many(get(kFetchRefs, key_), "fetches", "1");
    EXPECT_EQ(get(kPushRefs, key_).status, 200);
    held->reset();
    EXPECT_EQ(world_.ask(fetch(tip_)).status, 200);
}

TEST_F(GitLimitsTest, AFetchIsGivenBackHoweverItEnds) {
    const auto expect_free = [&](const char* after) {
        EXPECT_EQ(world_.limits.fetches(), 0U) << after;
    };
    EXPECT_TRUE(world_.ask(fetch(tip_)).body.contains("PACK"));
    expect_free("a whole answer");
    Ask ask = fetch(Oid{});
    world_.ask(ask);
    expect_free("an object that is not there");
    ask.body = "zzzz";
    world_.ask(ask);
    expect_free("what is no request");
    ask.headers.push_back({"Content-Encoding", "gzip"});
    world_.ask(ask);
    expect_free("what is not compressed as it says");
    ask = fetch(tip_);
    ask.headers[1].value = "text/plain";
    world_.ask(ask);
    expect_free("a wrong type");
    world_.break_off(fetch(tip_), 0);
    expect_free("a body that was cut off");
    world_.break_off(fetch(tip_), 1);
    expect_free("an answer that nobody read");
    world_.break_off(fetch(tip_), 2);
    expect_free("an answer that was cut off");
}

}  // namespace
}  // namespace origin::githttp
