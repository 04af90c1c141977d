// SPDX-License-Identifier: Apache-2.0
// Goal: a site is shown to those whom its target's settings let in, under its own names alone.
// Method: forged and borrowed cookies, wrong passwords and other people's hosts first.
#include <gtest/gtest.h>

#include "githttp/door_world.h"
#include "githttp/password_gate.h"

namespace origin::githttp {
namespace {

using test::Answered;
using test::DoorWorld;

constexpr std::string_view kHost = "app.sites.example.net";
constexpr std::string_view kOther = "shop.sites.example.net";
constexpr std::string_view kStaging = "staging--app.sites.example.net";
const net::Header kForm{"Content-Type", "application/x-www-form-urlencoded"};

class SiteAccess : public testing::Test {
protected:
    void SetUp() override {
        const ClientId alice = world_.add_client("alice");
        app_ = world_.add_project(alice, "app");
        shop_ = world_.add_project(alice, "shop");
        for (const ProjectId& project : {app_, shop_}) {
            commit_ = world_.commit(
                project, "refs/heads/main", {{"index.html", {"<p>Secret"}}, {"a.js", {"1"}}});
            put(project, "production", {{"access", "password"}}, "correct horse");
        }
    }

    void put(const ProjectId& project,
             const std::string& target,
             std::map<std::string, std::string> settings,
             const std::string& secret = {}) {
        world_.deploy(
            project, target, commit_, {.settings = std::move(settings), .secret = secret});
    }
    Answered get(std::string_view host, std::string_view target, const std::string& cookie = {}) {
        return world_.get(std::string(host),
                          std::string(target),
                          cookie.empty() ? std::vector<net::Header>{}
                                         : std::vector<net::Header>{{"Cookie", cookie}});
    }
    Answered login(std::string_view host, const std::string& body, std::string peer = "192.0.2.1") {
        return world_.ask({.method = "POST",
                           .target = std::string(kLoginPath),
                           .host = std::string(host),
                           .headers = {kForm},
                           .body = body,
                           .peer = std::move(peer)});
    }
    std::string cookie_of(const Answered& answer) {
        const std::string set = answer.header("Set-Cookie");
        return set.substr(0, set.find(';'));
    }

    DoorWorld world_;
    ProjectId app_;
    ProjectId shop_;
    Oid commit_;
};

TEST_F(SiteAccess, ShowsTheFormAndNothingElseWithoutACookie) {
    for (const std::string target : {"/", "/a.js", "/nothing", "/_headers"}) {
        for (const std::string cookie : {"", "origin_site=", "origin_site=x", "origin_preview=x"}) {
            const Answered answer = get(kHost, target, cookie);
            EXPECT_EQ(answer.status, 403) << target;
            EXPECT_TRUE(answer.body.contains("<form method=\"post\"")) << target;
            EXPECT_FALSE(answer.body.contains("Secret"));
            EXPECT_EQ(answer.header("Cache-Control"), "no-store");
        }
    }
    EXPECT_EQ(world_.at_once_answers, 0U);
    // A link of a preview, and a key, open nothing here.
    const UnixMillis soon = world_.clock.now() + 60'000;
    EXPECT_EQ(get(kHost, "/?origin_ticket=" + world_.links.ticket(kHost, soon)).status, 403);
    EXPECT_EQ(get(kHost, "/", "origin_site=" + world_.links.ticket(kHost, soon)).status, 403);
}

TEST_F(SiteAccess, TheFormCannotBeUsedAgainstItsVisitor) {
    const Answered page = get(kHost, "/x\"><script>alert(1)</script>");
    EXPECT_FALSE(page.body.contains("<script>"));
    for (const std::string to : {"%2F%2Fevil.example%2F",
                                 "https%3A%2F%2Fevil.example",
                                 "%2F%5Cevil.example",
                                 "%2Fa%0D%0ASet-Cookie:x",
                                 "evil.example",
                                 "%2F.origin%2Flogin"}) {
        const Answered in = login(kHost, "password=correct+horse&to=" + to);
        EXPECT_EQ(in.status, 303) << to;
        EXPECT_EQ(in.header("Location"), "/") << to;
    }
    EXPECT_EQ(login(kHost, "password=correct+horse&to=%2Fa%3Fb%3Dc").header("Location"), "/a?b=c");
}

TEST_F(SiteAccess, RefusesWhatIsNotThePassword) {
    for (const std::string body : {"",
                                   "password=",
                                   "password=Correct+horse",
                                   "password=correct+horse+",
                                   "pass=correct+horse",
                                   "password=%zz",
                                   "password=x&password=correct+horse"}) {
        const Answered answer = login(kHost, body, "198.51.100." + std::to_string(body.size()));
        EXPECT_EQ(answer.status, 403) << body;
        EXPECT_EQ(answer.header("Set-Cookie"), "") << body;
    }
    EXPECT_EQ(login(kHost, "password=" + std::string(5000, 'x')).status, 413);
    EXPECT_EQ(world_
                  .ask({.method = "POST",
                        .target = std::string(kLoginPath),
                        .host = std::string(kHost),
                        .body = "password=correct+horse"})
                  .status,
              415);
    put(app_, "production", {});
    EXPECT_EQ(login(kHost, "password=correct+horse").status, 405);  // It is public now.
}

TEST_F(SiteAccess, WhoKeepsGuessingWaits) {
    for (int i = 0; i < 6; ++i) {
        EXPECT_EQ(login(kHost, "password=guess", "2001:db8::1").status, 403) << i;
    }
    const Answered refused =
        login(kHost, "password=correct+horse", "2001:db8::2");  // The same /64.
    EXPECT_EQ(refused.status, 429);
    EXPECT_NE(refused.header("Retry-After"), "");
    EXPECT_EQ(login(kHost, "password=correct+horse", "2001:db8:0:1::1").status, 303);
    EXPECT_EQ(login(kOther, "password=correct+horse", "2001:db8::1").status, 303);
    world_.clock.advance(std::chrono::seconds(61));
    EXPECT_EQ(login(kHost, "password=correct+horse", "2001:db8::1").status, 303);
}

TEST_F(SiteAccess, ThePasswordOpensThisSiteForADay) {
    const Answered in = login(kHost, "password=correct+horse&to=%2F");
    EXPECT_EQ(in.status, 303);
    const std::string set = in.header("Set-Cookie");
    EXPECT_TRUE(set.ends_with("; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax; Secure")) << set;
    EXPECT_FALSE(set.contains("Domain"));
    const std::string cookie = cookie_of(in);
    const Answered page = get(kHost, "/", cookie);
    EXPECT_EQ(page.body, "<p>Secret");
    EXPECT_EQ(page.header("Cache-Control"), "private, no-cache");
    EXPECT_EQ(page.header("X-Robots-Tag"), "noindex");
    EXPECT_EQ(get(kHost, "/nothing", cookie).status, 404);
    EXPECT_EQ(get(kOther, "/", cookie).status, 403);  // The same password, another site.
    EXPECT_EQ(get("b-main--app.sites.example.net", "/", cookie).status, 403);
    EXPECT_EQ(get(kHost, "/", cookie + "x").status, 403);
    EXPECT_EQ(get(kHost, "/", "origin_site=9" + cookie.substr(12)).status, 403);
    put(app_, "production", {{"access", "password"}}, "another one");
    EXPECT_EQ(get(kHost, "/", cookie).status, 403);  // It was given for the old password.
    put(app_, "production", {{"access", "password"}}, "correct horse");
    EXPECT_EQ(get(kHost, "/", cookie).status, 200);
    world_.clock.advance(std::chrono::hours(24));
    EXPECT_EQ(get(kHost, "/", cookie).status, 403);
}

TEST_F(SiteAccess, ALinkOpensASiteThatWantsOne) {
    put(app_, "production", {{"access", "link"}});
    EXPECT_EQ(get(kHost, "/").status, 403);
    const std::string ticket = world_.links.ticket(kHost, world_.clock.now() + 60'000);
    EXPECT_EQ(get(kHost, "/?origin_ticket=" + ticket).status, 303);
    EXPECT_EQ(get(kHost, "/", "origin_preview=" + ticket).body, "<p>Secret");
    EXPECT_EQ(get(kHost, "/", "origin_preview=" + ticket).header("Cache-Control"),
              "private, no-cache");
}

TEST_F(SiteAccess, OtherTargetsWantALinkUnlessTheySayOtherwise) {
    put(app_, "staging", {});
    EXPECT_EQ(get(kStaging, "/").status, 403);
    put(app_, "staging", {{"access", "public"}});
    EXPECT_EQ(get(kStaging, "/").body, "<p>Secret");
    EXPECT_EQ(get(kStaging, "/").body, "<p>Secret");
    EXPECT_EQ(world_.at_once_answers, 1U);
    put(app_, "staging", {{"access", "password"}}, "p4ssword");
    EXPECT_EQ(get(kStaging, "/").status, 403);
    const std::string cookie = cookie_of(login(kStaging, "password=p4ssword"));
    EXPECT_EQ(get(kStaging, "/", cookie).body, "<p>Secret");
    // Settings that are not understood open nothing.
    put(app_, "staging", {{"acces", "public"}});
    EXPECT_EQ(get(kStaging, "/").status, 403);
}

TEST_F(SiteAccess, AHostNameOfItsOwnShowsTheTargetThatHasIt) {
    const std::string host = "www.example.org";
    EXPECT_EQ(get(host, "/").status, 421);
    world_.add_host(host, app_, "production");
    EXPECT_EQ(get(host, "/").status, 421);  // The target does not name it.
    put(app_, "production", {{"hosts", host}});
    for (int time = 0; time < 2; ++time) {
        EXPECT_EQ(get(host, "/").body, "<p>Secret");
        EXPECT_EQ(get(host + ":8443", "/a.js").body, "1");
    }
    EXPECT_EQ(world_.at_once_answers, 2U);
    for (const std::string& other : std::vector<std::string>{"example.org",
                                                             "www.example.org.",
                                                             "x.www.example.org",
                                                             "www.example.org@evil",
                                                             "www.example.org:80:80x",
                                                             "",
                                                             "app"}) {
        EXPECT_NE(get(other, "/").status, 200) << other;
    }
    for (const std::string path : {"/api/projects", "/alice/app.git/info/refs"}) {
        EXPECT_EQ(get(host, path).status, 404) << path;
    }
    put(shop_, "production", {{"hosts", host}});
    EXPECT_EQ(get(host, "/").body, "<p>Secret");  // Whose it is, is in the row.
    put(app_, "production", {{"access", "password"}, {"hosts", host}}, "correct horse");
    EXPECT_EQ(get(host, "/").status, 403);
    const std::string cookie = cookie_of(login(host, "password=correct+horse"));
    EXPECT_EQ(get(host, "/", cookie).status, 200);
    EXPECT_EQ(get(kHost, "/", cookie).status, 403);  // A cookie of one host.
    put(app_, "production", {});
    EXPECT_EQ(get(host, "/").status, 421);
    put(app_, "production", {{"hosts", host}});
    EXPECT_EQ(get(host, "/").status, 200);
    world_.delete_project(app_);
    EXPECT_EQ(get(host, "/").status, 421);
}

}  // namespace
}  // namespace origin::githttp
