// SPDX-License-Identifier: Apache-2.0
// Goal: a host name shows the tree it stands for, as the web expects, to those who may see it.
// Method: a server without sockets over real packs; requests as a browser sends them.
#include "githttp/sites.h"

#include <gtest/gtest.h>

#include "githttp/door_world.h"

namespace origin::githttp {
namespace {

using test::Answered;
using test::DoorWorld;
using test::Files;

constexpr std::string_view kLive = "app.sites.example.net";
constexpr std::string_view kFarAway = "1111111111111111111111111111111111111111";

Files site_files() {
    return {{"index.html", {"<p>Home"}},
            {"about.html", {"<p>About"}},
            {"app.js", {"0123456789"}},
            {"run.sh", {"echo", git::kModeExecutable}},
            {"link", {"index.html", git::kModeSymlink}},
            {"linked", {"docs", git::kModeSymlink}},
            {"module", {std::string(kFarAway), git::kModeGitlink}},
            {".env", {"SECRET=1"}},
            {".gitignore", {"x"}},
            {"docs/index.html", {"<p>Docs"}},
            {"docs/.env", {"SECRET=2"}},
            {"empty/data.json", {"{}"}},
            {"404.html", {"<p>Lost"}}};
}

class SitesTest : public testing::Test {
protected:
    void SetUp() override {
        alice_ = world_.add_client("alice");
        app_ = world_.add_project(alice_, "app");
        first_ = world_.commit(app_, "refs/heads/main", site_files());
        world_.deploy(app_, "production", first_);
    }

    Answered live(std::string_view target, std::vector<net::Header> headers = {}) {
        return world_.get(std::string(kLive), std::string(target), std::move(headers));
    }
    static std::string preview_host(const std::string& label) {
        return label + "--" + std::string(kLive);
    }
    /// A preview's page, with a cookie that is good for it.
    Answered preview(const std::string& label, std::string_view target = "/") {
        const std::string host = preview_host(label);
        const std::string ticket =
            world_.links.ticket(host, world_.clock.now() + Milliseconds(60'000).count());
        return world_.get(host, std::string(target), {{"Cookie", "origin_preview=" + ticket}});
    }

    DoorWorld world_;
    ClientId alice_;
    ProjectId app_;
    Oid first_;
};

TEST_F(SitesTest, ServesTheFileThatAPathMeans) {
    struct Row {
        std::string target;
        int status;
        std::string body;
    };
    for (const Row& row : {Row{"/", 200, "<p>Home"},
                           Row{"/index.html", 200, "<p>Home"},
                           Row{"/about", 200, "<p>About"},
                           Row{"/about.html?x=1", 200, "<p>About"},
                           Row{"/docs/", 200, "<p>Docs"},
                           Row{"/%64ocs/", 200, "<p>Docs"},
                           Row{"/run.sh", 200, "echo"},
                           Row{"/empty/data.json", 200, "{}"},
                           Row{"/empty/", 404, "<p>Lost"},
                           Row{"/empty", 404, "<p>Lost"},
                           Row{"/about/x", 404, "<p>Lost"},
                           Row{"/index.html/x", 404, "<p>Lost"},
                           Row{"/link", 404, "<p>Lost"},
                           Row{"/linked/index.html", 404, "<p>Lost"},
                           Row{"/module", 404, "<p>Lost"},
                           Row{"/module/x", 404, "<p>Lost"},
                           Row{"/nothing", 404, "<p>Lost"}}) {
        for (int time = 0; time < 2; ++time) {  // The second one out of the caches.
            const Answered answer = live(row.target);
            EXPECT_EQ(answer.status, row.status) << row.target;
            EXPECT_EQ(answer.body, row.body) << row.target;
        }
    }
    EXPECT_GE(world_.at_once_answers, 17U);
}

TEST_F(SitesTest, FollowsRedirects) {
    Files files = site_files();
    files["_redirects"] = {
        "/old/* /docs/:splat\n"
        "/temp /about 302\n"
        "/app/* /index.html 200\n"
        "/closed /docs/ 404\n"
        "/hidden /.env 200\n"
        "/rules /_headers 200\n"
        "/lost /nowhere 200\n"
        "/about.html /app.js 302!\n"
        "/app.js /index.html 302\n"
        "/out/* https://else.example/:splat 307\n"
        "/same* /:splat 301\n"
        "/country /x 302 Country=de\n"};
    files["_headers"] = {
        "/*\n  X-Frame-Options: DENY\n  Set-Cookie: a=b\n"
        "/app.js\n  Cache-Control: max-age=60\n  Content-Type: text/x\n"};
    world_.deploy(app_, "production", world_.commit(app_, "refs/heads/main", files));
    struct Row {
        std::string target;
        int status;
        std::string body_or_location;
    };
    for (const Row& row : {Row{"/old/a/b?c=d", 301, "/docs/a/b?c=d"},
                           Row{"/temp", 302, "/about"},
                           Row{"/app/users/7", 200, "<p>Home"},
                           Row{"/closed", 404, "<p>Docs"},
                           Row{"/hidden", 404, "<p>Lost"},
                           Row{"/rules", 404, "<p>Lost"},
                           Row{"/lost", 404, "<p>Lost"},
                           Row{"/about.html", 302, "/app.js"},
                           Row{"/about", 200, "<p>About"},
                           Row{"/app.js", 200, "0123456789"},
                           Row{"/out/a%0d%0aX:y", 307, "https://else.example/a%0D%0AX:y"},
                           Row{"/same%2Fevil.example", 404, "<p>Lost"},
                           Row{"/country", 404, "<p>Lost"},
                           Row{"/_redirects", 404, "<p>Lost"},
                           Row{"/_headers", 404, "<p>Lost"}}) {
        for (int time = 0; time < 2; ++time) {
            const Answered answer = live(row.target);
            const std::string location = answer.header("Location");
            EXPECT_EQ(answer.status, row.status) << row.target;
            EXPECT_EQ(location.empty() ? answer.body : location, row.body_or_location)
                << row.target;
        }
    }
    EXPECT_GE(world_.at_once_answers, 15U);
    EXPECT_EQ(live("/app/x").header("ETag"), live("/").header("ETag"));
    EXPECT_EQ(live("/app.js").header("Cache-Control"), "max-age=60");
    EXPECT_EQ(live("/app.js").header("Content-Type"), "text/x");
    EXPECT_EQ(live("/nothing").header("X-Frame-Options"), "DENY");
    EXPECT_EQ(live("/").header("Cache-Control"), "no-cache");
    EXPECT_EQ(live("/").header("Set-Cookie"), "");
    EXPECT_EQ(preview("b-main", "/app.js").header("Cache-Control"), "private, no-cache");
}

TEST_F(SitesTest, AnswersAtOnceWhatIsAtHandAndNothingElse) {
    live("/app.js");
    EXPECT_EQ(world_.at_once_answers, 0U);
    EXPECT_EQ(live("/app.js").body, "0123456789");
    EXPECT_EQ(live("/app.js", {{"Range", "bytes=2-4"}}).body, "234");
    EXPECT_EQ(
        world_.ask({.method = "HEAD", .target = "/app.js", .host = std::string(kLive)}).status,
        200);
    EXPECT_EQ(world_.at_once_answers, 3U);
    live("/about");
    EXPECT_EQ(world_.at_once_answers, 3U);
    EXPECT_EQ(preview("b-main", "/app.js").body, "0123456789");
    EXPECT_EQ(preview("b-main", "/app.js").body, "0123456789");
    EXPECT_EQ(world_.ask({.method = "POST", .host = std::string(kLive)}).status, 405);
    EXPECT_EQ(world_.at_once_answers, 3U);
}

TEST_F(SitesTest, NothingAtHandOutlivesADeployment) {
    for (int round = 0; round < 3; ++round) {
        const std::string text = "<p>" + std::to_string(round);
        world_.deploy(
            app_, "production", world_.commit(app_, "refs/heads/main", {{"index.html", {text}}}));
        EXPECT_EQ(live("/").body, text);
        EXPECT_EQ(live("/").body, text);
    }
    EXPECT_EQ(world_.at_once_answers, 3U);
    world_.delete_project(app_);
    EXPECT_EQ(live("/").status, 404);
}

TEST_F(SitesTest, SendsLargeFilesInSteps) {
    std::string large;
    for (std::uint32_t number = 1; large.size() < 3'000'000;
         number = number * 1664525 + 1013904223) {
        large += std::to_string(number);
    }
    world_.deploy(
        app_,
        "production",
        world_.commit(app_, "refs/heads/main", {{"large.txt", {large}}, {"s.txt", {"s"}}}));
    EXPECT_EQ(live("/large.txt", {{"Range", "bytes=2000000-2000009"}}).body,
              large.substr(2'000'000, 10));
    EXPECT_TRUE(live("/large.txt").body == large);
    EXPECT_TRUE(live("/large.txt").body == large);
    EXPECT_EQ(live("/large.txt", {{"Range", "bytes=-3"}}).body, large.substr(large.size() - 3));
    EXPECT_EQ(
        world_.ask({.method = "HEAD", .target = "/large.txt", .host = std::string(kLive)}).status,
        200);
}

TEST_F(SitesTest, ServesNothingHidden) {
    for (const std::string target : {"/.env",
                                     "/docs/.env",
                                     "/.gitignore",
                                     "/.git/config",
                                     "/docs/../.env",
                                     "/docs/%2e%2e/.env",
                                     "/%2eenv",
                                     "//index.html",
                                     "/docs\\index.html",
                                     "/index.html%00.js"}) {
        const Answered answer = live(target);
        EXPECT_EQ(answer.status, 404) << target;
        EXPECT_FALSE(answer.body.contains("SECRET")) << target;
    }
}

TEST_F(SitesTest, TakesTheSlashOffAPage) {
    const Answered answer = live("/about/?a=b");
    EXPECT_EQ(answer.status, 308);
    EXPECT_EQ(answer.header("Location"), "/about?a=b");
    EXPECT_EQ(live("/about%2F").status, 404);  // There is no slash to take off.
}

TEST_F(SitesTest, ASinglePageApplicationAnswersItsOwnPaths) {
    world_.deploy(app_, "production", first_, {.settings = {{"spa", "true"}}});
    for (int time = 0; time < 2; ++time) {
        EXPECT_EQ(live("/users/7").body, "<p>Home");
        EXPECT_EQ(live("/users/7").status, 200);
        EXPECT_EQ(live("/about").body, "<p>About");
        EXPECT_EQ(live("/nothing.js").status, 404);
        EXPECT_EQ(live("/.env").status, 404);
    }
    EXPECT_EQ(preview("b-main", "/users/7").body, "<p>Home");
    world_.deploy(app_, "production", first_, {.settings = {{"spa", "false"}}});
    EXPECT_EQ(live("/users/7").status, 404);
}

TEST_F(SitesTest, AddsTheSlashOfAFolder) {
    const Answered answer = live("/docs?a=b");
    EXPECT_EQ(answer.status, 308);
    EXPECT_EQ(answer.header("Location"), "/docs/?a=b");
}

TEST_F(SitesTest, SendsHeadersThatBrowsersNeed) {
    const Answered answer = live("/app.js");
    EXPECT_EQ(answer.header("Content-Type"), "text/javascript; charset=utf-8");
    EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(answer.header("Cache-Control"), "no-cache");
    EXPECT_EQ(answer.header("ETag").size(), 42U);
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "");
    EXPECT_EQ(live("/about").header("Content-Type"), "text/html; charset=utf-8");
    const Answered lost = live("/nothing");
    EXPECT_EQ(lost.header("Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(lost.header("ETag"), "");
}

TEST_F(SitesTest, RevalidatesByBlobId) {
    const std::string etag = live("/app.js").header("ETag");
    for (const std::string& sent : {etag, "W/" + etag, "\"x\", " + etag, std::string("*")}) {
        const Answered answer = live("/app.js", {{"If-None-Match", sent}});
        EXPECT_EQ(answer.status, 304) << sent;
        EXPECT_EQ(answer.body, "");
        EXPECT_EQ(answer.header("ETag"), etag);
    }
    EXPECT_EQ(live("/app.js", {{"If-None-Match", "\"x\""}}).status, 200);
    world_.deploy(
        app_, "production", world_.commit(app_, "refs/heads/main", {{"app.js", {"new"}}}));
    EXPECT_EQ(live("/app.js", {{"If-None-Match", etag}}).body, "new");
}

TEST_F(SitesTest, SendsPartsOfFiles) {
    const std::string etag = live("/app.js").header("ETag");
    const Answered part = live("/app.js", {{"Range", "bytes=2-4"}});
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.body, "234");
    EXPECT_EQ(part.header("Content-Range"), "bytes 2-4/10");
    const Answered beyond = live("/app.js", {{"Range", "bytes=10-"}});
    EXPECT_EQ(beyond.status, 416);
    EXPECT_EQ(beyond.header("Content-Range"), "bytes */10");
    EXPECT_EQ(live("/app.js", {{"Range", "bytes=-0"}}).status, 416);
    EXPECT_EQ(live("/app.js", {{"Range", "bytes=0-1,3-4"}}).status, 200);
    EXPECT_EQ(live("/app.js", {{"Range", "bytes=0-1"}, {"If-Range", "\"old\""}}).status, 200);
    EXPECT_EQ(live("/app.js", {{"Range", "bytes=0-1"}, {"If-Range", etag}}).status, 206);
    EXPECT_EQ(live("/nothing", {{"Range", "bytes=0-1"}}).status, 404);
}

TEST_F(SitesTest, CanOnlyBeRead) {
    for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
        const Answered answer = world_.ask({.method = method, .host = std::string(kLive)});
        EXPECT_EQ(answer.status, 405) << method;
        EXPECT_EQ(answer.header("Allow"), "GET, HEAD");
    }
    EXPECT_EQ(world_.ask({.method = "HEAD", .host = std::string(kLive)}).status, 200);
}

TEST_F(SitesTest, KnowsNeitherTheApiNorGit) {
    const std::string key = world_.add_key(alice_, {"admin"});
    for (const std::string target : {"/api/projects",
                                     "/healthz",
                                     "/metrics",
                                     "/alice/app.git/info/refs?service=git-upload-pack"}) {
        EXPECT_EQ(live(target, {test::bearer(key)}).status, 404) << target;
    }
    EXPECT_EQ(world_.api.path, "");
    // A key opens no preview.
    EXPECT_EQ(world_.get(preview_host("b-main"), "/", {test::bearer(key)}).status, 403);
}

TEST_F(SitesTest, LiveIsAPointer) {
    const Oid second = world_.commit(app_, "refs/heads/main", {{"index.html", {"<p>Second"}}});
    EXPECT_EQ(live("/").body, "<p>Home");
    world_.deploy(app_, "production", second);
    EXPECT_EQ(live("/").body, "<p>Second");
    EXPECT_EQ(live("/about").status, 404);
    world_.deploy(app_, "production", first_);
    EXPECT_EQ(live("/").body, "<p>Home");
}

TEST_F(SitesTest, PublishesTheTargetsFolderOnly) {
    world_.deploy(app_, "production", first_, {.publish_root = "docs"});
    EXPECT_EQ(live("/").body, "<p>Docs");
    EXPECT_EQ(live("/about").status, 404);
    EXPECT_EQ(preview("b-main").body, "<p>Docs");
    world_.deploy(app_, "production", first_, {.publish_root = "nowhere"});
    EXPECT_EQ(live("/").status, 404);
    world_.deploy(app_, "production", first_, {.publish_root = "index.html"});
    EXPECT_EQ(live("/").status, 404);
}

TEST_F(SitesTest, ShowsNothingBeforeADeploymentOrAfterADelete) {
    const ProjectId other = world_.add_project(alice_, "other");
    EXPECT_EQ(world_.get("other.sites.example.net", "/").status, 404);
    EXPECT_EQ(world_.get("unknown.sites.example.net", "/").status, 404);
    const Oid commit = world_.commit(other, "refs/heads/main", site_files());
    EXPECT_EQ(world_.get("other.sites.example.net", "/").status, 404);
    world_.deploy(other, "production", commit, {.connector = "elsewhere"});
    EXPECT_EQ(world_.get("other.sites.example.net", "/").status, 404);
    world_.delete_project(app_);
    EXPECT_EQ(live("/").status, 404);
}

TEST_F(SitesTest, PreviewsCommitsBranchesAndTargets) {
    const Oid feature =
        world_.commit(app_, "refs/heads/feature/New-Page", {{"index.html", {"<p>Feature"}}});
    world_.deploy(app_, "staging", feature);
    const std::string branch =
        auth::branch_label("feature/New-Page", preview_label_bytes_max("app"));
    EXPECT_EQ(preview("b-main").body, "<p>Home");
    EXPECT_EQ(preview(branch).body, "<p>Feature");
    EXPECT_EQ(preview("staging").body, "<p>Feature");
    EXPECT_EQ(preview("production").body, "<p>Home");
    EXPECT_EQ(preview(auth::commit_label(feature)).body, "<p>Feature");
    for (const std::string label :
         {"b-feature", "b-feature-new-page", "nothing", "c-000000000000", "c-0000"}) {
        EXPECT_EQ(preview(label).status, 404) << label;
    }
    const Answered page = preview("b-main");
    EXPECT_EQ(page.header("Referrer-Policy"), "no-referrer");
    EXPECT_EQ(page.header("Cache-Control"), "private, no-cache");
}

TEST_F(SitesTest, PreviewsACommitAsLongAsSomethingShownLeadsToIt) {
    const Oid second = world_.commit(app_, "refs/heads/work", {{"index.html", {"<p>Second"}}});
    const Oid third = world_.commit(app_, "refs/heads/work", {{"index.html", {"<p>Third"}}});
    const std::string label = auth::commit_label(second);
    EXPECT_EQ(preview(label).body, "<p>Second");  // An ancestor of a tip.
    EXPECT_EQ(preview(label).body, "<p>Second");  // Remembered.
    world_.delete_ref(app_, "refs/heads/work", third);
    EXPECT_EQ(preview(label).status, 404);
    EXPECT_EQ(preview(auth::commit_label(third)).status, 404);
    world_.deploy(app_, "staging", second);
    EXPECT_EQ(preview(label).body, "<p>Second");
    world_.deploy(app_, "staging", first_);
    EXPECT_EQ(preview(label).body, "<p>Second");  // It was deployed once.
}

TEST_F(SitesTest, PreviewsTheCommitOfARunWhoseBranchIsGone) {
    const RunId run = RunId::make(world_.clock, world_.random);
    const Oid made = world_.commit(app_, "refs/heads/work", {{"index.html", {"<p>Run"}}}, run);
    world_.delete_ref(app_, "refs/heads/work", made);
    EXPECT_EQ(preview(auth::commit_label(made)).body, "<p>Run");
}

TEST_F(SitesTest, ALinkBecomesACookieBecomesThePage) {
    const std::string host = preview_host("b-main");
    const UnixMillis ends = world_.clock.now() + Milliseconds(60'000).count();
    const std::string ticket = world_.links.ticket(host, ends);
    EXPECT_EQ(world_.get(host, "/").status, 403);
    const Answered link = world_.get(host, "/about?a=1&origin_ticket=" + ticket + "&b=2");
    EXPECT_EQ(link.status, 303);
    EXPECT_EQ(link.header("Location"), "/about?a=1&b=2");
    EXPECT_EQ(link.header("Referrer-Policy"), "no-referrer");
    EXPECT_EQ(link.header("Set-Cookie"),
              "origin_preview=" + ticket + "; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
    const std::vector<net::Header> cookie = {{"Cookie", "a=b; origin_preview=" + ticket + "; c=d"}};
    EXPECT_EQ(world_.get(host, "/about", cookie).body, "<p>About");
    EXPECT_EQ(world_.get(host + ":8443", "/about", cookie).body, "<p>About");
    EXPECT_EQ(world_.get(host, "/nothing", cookie).status, 404);
    world_.clock.advance(std::chrono::seconds(61));
    EXPECT_EQ(world_.get(host, "/about", cookie).status, 403);
    EXPECT_EQ(world_.get(host, "/?origin_ticket=" + ticket).status, 403);
}

TEST_F(SitesTest, RefusesTicketsOfOthers) {
    const UnixMillis ends = world_.clock.now() + Milliseconds(60'000).count();
    const std::string other = world_.links.ticket(preview_host("b-other"), ends);
    const std::string good = world_.links.ticket(preview_host("b-main"), ends);
    const std::string host = preview_host("b-main");
    const auth::PreviewLinks forger(Secret("another key"));
    for (const std::string& ticket : {other,
                                      forger.ticket(host, ends),
                                      good + "x",
                                      "9" + good,
                                      std::string("x"),
                                      std::string(".")}) {
        EXPECT_EQ(world_.get(host, "/?origin_ticket=" + ticket).status, 403) << ticket;
        EXPECT_EQ(world_.get(host, "/", {{"Cookie", "origin_preview=" + ticket}}).status, 403);
    }
    // A cookie planted by a sibling site does not hide ours.
    EXPECT_EQ(
        world_.get(host, "/", {{"Cookie", "origin_preview=" + other + "; origin_preview=" + good}})
            .status,
        200);
}

TEST_F(SitesTest, ARedirectNeverLeavesTheHost) {
    const std::string host = preview_host("b-main");
    const std::string ticket =
        world_.links.ticket(host, world_.clock.now() + Milliseconds(60'000).count());
    for (const std::string path : {"//evil.example/", "/%2Fevil.example/", "/\\evil.example/"}) {
        const Answered answer = world_.get(host, path + "?origin_ticket=" + ticket);
        EXPECT_EQ(answer.status, 404) << path;
        EXPECT_EQ(answer.header("Location"), "") << path;
    }
}

TEST(SitesOverPlainHttp, TheCookieIsNotSecure) {
    DoorWorld world("http://localhost:8080", "localhost");
    const std::string host = "b-main--app.localhost";
    const std::string ticket =
        world.links.ticket(host, world.clock.now() + Milliseconds(1000).count());
    const Answered link = world.get(host + ":8080", "/?origin_ticket=" + ticket);
    EXPECT_EQ(link.status, 303);
    EXPECT_EQ(link.header("Location"), "/");
    EXPECT_FALSE(link.header("Set-Cookie").contains("Secure"));
}

}  // namespace
}  // namespace origin::githttp
