// SPDX-License-Identifier: Apache-2.0
// Goal: every request gets to the right door by its host and path, and to no other.
// Method: a server without sockets; heads in, answers out.
#include "githttp/front.h"

#include <gtest/gtest.h>

#include "githttp/door_world.h"

namespace origin::githttp {
namespace {

using test::Answered;
using test::DoorWorld;

TEST(Front, AnswersForItsOwnHostsOnly) {
    DoorWorld world;
    for (const std::string host : {"git.example.org"}) {
        EXPECT_EQ(world.get(host, "/").status, 200) << host;
    }
    for (const std::string host : {"",
                                   "example.org",
                                   "git.example.org.",
                                   "git.example.org:8080",
                                   "evil.example",
                                   "sites.example.net",
                                   "localhost",
                                   "127.0.0.1",
                                   "a.b.sites.example.net",
                                   "--x.sites.example.net"}) {
        EXPECT_EQ(world.get(host, "/").status, 421) << host;
        EXPECT_EQ(world.get(host, "/api/projects").status, 421) << host;
    }
    EXPECT_EQ(world.api.path, "");
}

TEST(Front, OnALoopbackServerEveryLoopbackNameIsGood) {
    DoorWorld world("http://127.0.0.1:8080", "localhost");
    for (const std::string host : {"127.0.0.1:8080",
                                   "localhost:8080",
                                   "localhost",
                                   "127.0.0.1:9",
                                   "127.1.2.3",
                                   "[::1]:8080",
                                   "[::1]"}) {
        EXPECT_EQ(world.get(host, "/").status, 200) << host;
    }
    for (const std::string host : {"128.0.0.1",
                                   "127.0.0",
                                   "127.0.0.1.evil.example",
                                   "127.0.0.x",
                                   "127.0.0.1.",
                                   "localhost:x",
                                   "localhost.",
                                   "evil.example:8080"}) {
        EXPECT_EQ(world.get(host, "/").status, 421) << host;
    }
    EXPECT_EQ(world.get("app.localhost:8080", "/").body, "Nothing is published here.\n");
}

TEST(Front, TheOperatorsSocketIsTheMainHost) {
    DoorWorld world;
    EXPECT_EQ(world.ask({.target = "/api/keys", .host = "", .local_operator = true}).body, "api");
    EXPECT_EQ(
        world.ask({.target = "/api/keys", .host = "app.sites.example.net", .local_operator = true})
            .body,
        "api");
}

TEST(Front, GivesTheApiItsPathsAndNoOthers) {
    DoorWorld world;
    for (const std::string path :
         {"/api", "/api/projects", "/api/openapi.json", "/healthz", "/readyz", "/metrics"}) {
        EXPECT_EQ(world.get("git.example.org", path + "?a=b").body, "api") << path;
        EXPECT_EQ(world.api.path, path);
    }
    for (const std::string path : {"/apix", "/healthz/", "/metrics/x/y", "/API/projects"}) {
        world.api.path.clear();
        world.get("git.example.org", path);
        EXPECT_EQ(world.api.path, "") << path;
    }
}

TEST(Front, ShowsTheSamePageForExistingAndMissingProjects) {
    DoorWorld world;
    const ClientId alice = world.add_client("alice");
    world.add_project(alice, "app");
    Answered there = world.get("git.example.org", "/alice/app.git");
    Answered missing = world.get("git.example.org", "/alice/abc");
    EXPECT_EQ(there.status, 200);
    EXPECT_TRUE(there.body.contains("git clone https://git.example.org/alice/app.git"));
    EXPECT_EQ(there.headers, missing.headers);
    std::string renamed = missing.body;
    for (std::size_t at = 0; (at = renamed.find("alice/abc", at)) != std::string::npos;) {
        renamed.replace(at, 9, "alice/app");
    }
    EXPECT_EQ(renamed, there.body);
    EXPECT_EQ(world.ask({.method = "DELETE", .target = "/alice/app"}).header("Allow"), "GET, HEAD");
}

TEST(Front, SaysNotFoundToEverythingElse) {
    DoorWorld world;
    for (const std::string path : {"/favicon.ico",
                                   "/alice",
                                   "/alice/app/tree/main",
                                   "/../etc/passwd",
                                   "/%2e%2e/%2e%2e/etc/passwd",
                                   "/alice/app.git/objects/info/packs",
                                   "/<script>/x"}) {
        const Answered answer = world.get("git.example.org", path);
        EXPECT_EQ(answer.status, 404) << path;
        EXPECT_EQ(answer.body, "") << path;
    }
}

}  // namespace
}  // namespace origin::githttp
