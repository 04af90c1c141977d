// SPDX-License-Identifier: Apache-2.0
// Goal: a program that asks too often is told which limit, and when to come back; operations, the
// operator and everybody else go on.
// Method: the API without sockets with tiny limits, and a clock that stands still.
#include "api/test_server.h"

namespace origin::api {
namespace {

class Limits : public TestServer {
protected:
    static void expect_too_many(const Said& said,
                                const std::string& name,
                                const std::string& quota,
                                const std::string& wait) {
        EXPECT_EQ(said.status, 429) << said.text;
        EXPECT_EQ(said.code(), "rate_limited");
        EXPECT_TRUE(said.str("detail").starts_with("too many " + name)) << said.text;
        EXPECT_EQ(said.header("RateLimit-Policy"), "\"" + name + "\";q=" + quota + ";w=60");
        EXPECT_EQ(said.header("RateLimit"), "\"" + name + "\";r=0;t=" + wait);
        EXPECT_EQ(said.header("Retry-After"), wait);
    }
};

TEST_F(Limits, OfAClient) {
    limit({.requests = 3});
    const std::string other = add_key(client_, auth::Scopes::all());
    EXPECT_EQ(ask("GET", "/api/projects").status, 200);
    EXPECT_EQ(ask_as(other, "GET", "/api/projects").status, 200);
    EXPECT_EQ(ask("GET", "/api/projects/nothing").status, 404);
    expect_too_many(ask("GET", "/api/projects"), "requests", "3", "20");
    expect_too_many(ask_as(other, "POST", "/api/projects", "{"), "requests", "3", "20");
    EXPECT_EQ(ask_as(add_key(admin_, auth::Scopes::all()), "GET", "/api/projects").status, 200);
    EXPECT_EQ(ask_operator("GET", "/api/projects").status, 200);
    limits_clock_.at += std::chrono::seconds(20);
    EXPECT_EQ(ask("GET", "/api/projects").status, 200);
    EXPECT_EQ(ask("GET", "/api/projects").status, 429);
}

TEST_F(Limits, OfAnAddressWithoutAGoodKey) {
    limit({.address_requests = 4});
    EXPECT_EQ(ask_as("", "GET", "/api/projects").status, 401);
    EXPECT_EQ(ask_as("", "GET", "/api/nothing").status, 404);
    EXPECT_EQ(ask_as("", "PUT", "/api/projects").status, 405);
    EXPECT_EQ(ask_as("", "GET", "/api/openapi.json").status, 200);
    for (const char* target : {"/api/projects", "/api/nothing", "/api/openapi.json"}) {
        expect_too_many(ask_as("", "GET", target), "requests", "4", "15");
        expect_too_many(ask_as("ogk_wrong", "GET", "/api/projects"), "requests", "4", "15");
    }
    for (const char* operation : {"/healthz", "/readyz"}) {
        EXPECT_EQ(ask_as("", "GET", operation).status, 200) << "whoever watches is not turned away";
    }
    EXPECT_EQ(ask("GET", "/api/projects").status, 200);
}

TEST_F(Limits, OfRuns) {
    limit({.runs = 1});
    const std::string wanted = requirement("build shop", R"(,"dryRun":true)");
    EXPECT_EQ(ask("POST", "/api/requirements", wanted).status, 200);
    expect_too_many(ask("POST", "/api/requirements", wanted), "runs", "1", "60");
    EXPECT_EQ(rows_in(store::Table::Runs), 0U);
    EXPECT_EQ(ask("GET", "/api/projects").status, 200);
}

TEST_F(Limits, OfPushes) {
    limit({.pushes = 1});
    ASSERT_EQ(ask("POST", "/api/projects", R"({"name":"app"})").status, 201);
    const std::string target = "/api/projects/acme%2Fapp/commits";
    const std::string commit =
        R"({"branch":"main","message":"m","files":[{"action":"create","path":"a","content":"1"}]})";
    EXPECT_EQ(ask("POST", target, commit).status, 201);
    expect_too_many(ask("POST", target, commit), "pushes", "1", "60");
    expect_too_many(ask("POST", "/api/projects/acme%2Fapp/merge", "{}"), "pushes", "1", "60");
    EXPECT_EQ(rows_in(store::Table::Pushes), 1U);
    const std::string statuses =
        "/api/projects/acme%2Fapp/commits/" + std::string(40, '1') + "/statuses";
    EXPECT_EQ(ask("POST", statuses, R"({"context":"ci","state":"success"})").status, 404)
        << "a status is no push";
}

TEST_F(Limits, AnArchiveIsAFetch) {
    limit({.fetches = 1});
    ASSERT_EQ(ask("POST", "/api/projects", R"({"name":"app"})").status, 201);
    ASSERT_EQ(ask("POST",
                  "/api/projects/acme%2Fapp/commits",
                  R"({"branch":"main","message":"m",
                      "files":[{"action":"create","path":"a","content":"1"}]})")
                  .status,
              201);
    const char* const archive = "/api/projects/acme%2Fapp/archive";
    EXPECT_EQ(ask("GET", archive).status, 200);
    EXPECT_EQ(limits_->fetches(), 0U);
    const auto held = limits_->begin_fetch(auth::Party::of(client_));
    const Said refused = ask("GET", archive);
    EXPECT_EQ(refused.status, 429) << refused.text;
    EXPECT_EQ(refused.header("RateLimit-Policy"), "\"fetches\";q=1;qu=\"concurrent-requests\"");
}

TEST_F(Limits, RunsThatWaitTellTheirPlace) {
    std::vector<std::string> runs;
    for (const char* text : {"build one", "build two", "build three"}) {
        const Said posted = ask("POST", "/api/requirements", requirement(text));
        ASSERT_EQ(posted.status, 202) << posted.text;
        EXPECT_EQ(posted.body.at("position").to_number<std::size_t>(), runs.size() + 1);
        runs.push_back(posted.str("requestId"));
    }
    const ClientId other = add_client("other", false);
    const Said posted =
        ask_as(add_key(other, auth::Scopes::all()),
               "POST",
               "/api/requirements",
               R"({"clientId":")" + other.str() + R"(","requirements":"build four"})");
    ASSERT_EQ(posted.status, 202) << posted.text;
    EXPECT_EQ(posted.body.at("position").to_number<std::size_t>(), 2U) << "of the first turn";
    EXPECT_EQ(ask("GET", "/api/requirements/" + runs[1]).body.at("position").to_number<int>(), 3);
    work_off(generator::kRunJob);
    EXPECT_FALSE(ask("GET", "/api/requirements/" + runs[2]).body.contains("position"));
}

}  // namespace
}  // namespace origin::api
