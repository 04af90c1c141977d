// SPDX-License-Identifier: Apache-2.0
// Goal: every bad request gets a clear refusal with a stable code, and leaves nothing behind.
// Method: tables of requests against a whole API over a store in memory; the tables are counted.
#include <future>
#include <set>

#include "api/test_server.h"

namespace origin::api {
namespace {

class BadInput : public TestServer {};

struct Refused {
    std::string method;
    std::string target;
    std::string body;
    int status;
    std::string_view code;
    std::string_view named = {};  // A part of the detail.
};

TEST_F(BadInput, IsRefusedWithItsCode) {
    const std::string app = made_app().str("projectId");
    const std::string project = "/api/projects/" + app;
    const std::vector<Refused> cases = {
        {"GET", "/api/nothing", "", 404, "not_found"},
        {"GET", "/api/projects/prj_0", "", 404, "not_found"},
        {"GET", "/api/requirements/run_0", "", 404, "not_found"},
        {"POST", "/api/requirements", "{", 400, "bad_json"},
        {"POST", "/api/requirements", "[]", 400, "wrong_type"},
        {"POST", "/api/requirements", R"({"clientId":1})", 400, "wrong_type", "clientId"},
        {"POST", "/api/requirements", "{}", 400, "missing_field", "clientId"},
        {"POST",
         "/api/requirements",
         requirement("build x", R"(,"nope":1)"),
         400,
         "unknown_field",
         "'nope'"},
        {"POST", "/api/requirements", requirement(""), 422, "not_generated"},
        {"POST", "/api/requirements", requirement("   \\n "), 422, "not_generated"},
        {"POST", "/api/requirements", requirement("a command-line tool"), 422, "not_generated"},
        {"POST",
         "/api/requirements",
         requirement("build x", R"(,"deployment":{"platform":"moon"})"),
         422,
         "platform_unavailable",
         "moon"},
        {"POST",
         "/api/requirements",
         requirement("build x", R"(,"deployment":{"platform":""})"),
         422,
         "platform_unavailable"},
        {"POST",
         "/api/requirements",
         requirement("build x", R"(,"deployment":{"platform":"local","settings":{"a":"b"}})"),
         422,
         "unknown_setting",
         "'a'"},
        {"POST",
         "/api/requirements",
         requirement("build x", R"(,"deployment":{"platform":"local","target":"c-1"})"),
         422,
         "bad_target_name"},
        {"POST",
         "/api/requirements",
         requirement("build x", R"(,"engine":"magic")"),
         422,
         "engine_unavailable"},
        {"POST",
         "/api/requirements",
         requirement("build x", R"(,"branch":"a..b")"),
         422,
         "bad_ref_name"},
        {"POST",
         "/api/requirements",
         requirement("build x", R"(,"projectId":"prj_x")"),
         404,
         "not_found"},
        {"POST",
         "/api/requirements",
         requirement("build x", R"(,"webhook":{"url":"ftp://example.org/"})"),
         422,
         "bad_url"},
        {"POST",
         "/api/requirements",
         R"({"clientId":"cli_other","requirements":"build x"})",
         403,
         "client_mismatch"},
        {"POST", "/api/projects", R"({"name":"<b>"})", 422, "bad_name"},
        {"POST", "/api/projects", R"({"name":"n","slug":"Not A Slug"})", 422, "bad_slug"},
        {"POST", "/api/projects", R"({"name":"n","slug":"shop-app"})", 409, "slug_taken"},
        {"POST", "/api/projects", R"({"name":"n","defaultBranch":"-x"})", 422, "bad_ref_name"},
        {"GET", "/api/projects?limit=0", "", 400, "bad_limit"},
        {"GET", "/api/projects?limit=201", "", 400, "bad_limit"},
        {"GET", "/api/projects?cursor=%21", "", 400, "bad_cursor"},
        {"GET", "/api/projects?cursor=AAAA", "", 400, "bad_cursor"},
        {"GET", "/api/projects?all=true", "", 403, "forbidden"},
        {"GET", "/api/projects?a=1&a=2", "", 400, "repeated_parameter"},
        {"GET", project + "/file?path=none", "", 404, "path_not_found"},
        {"GET", project + "/file?path=notes", "", 404, "path_not_found"},
        {"GET", project + "/tree?path=app.txt", "", 404, "path_not_found"},
        {"GET", project + "/tree?ref=none", "", 404, "ref_not_found"},
        {"GET", project + "/tree?ref=refs/origind/pristine", "", 404, "ref_not_found"},
        {"GET", project + "/commits/" + std::string(40, 'a'), "", 404, "ref_not_found"},
        {"POST", project + "/merge", R"({"source":"none"})", 404, "ref_not_found"},
        {"POST",
         project + "/merge",
         R"({"source":"main","expectedHead":"x"})",
         400,
         "wrong_type",
         "expectedHead"},
        {"POST",
         project + "/commits",
         R"({"branch":"main","message":" ","files":[]})",
         422,
         "empty_message"},
        {"POST",
         project + "/commits",
         R"({"branch":"main","message":"m","files":[]})",
         422,
         "nothing_to_commit"},
        {"POST",
         project + "/commits",
         R"({"branch":"main","message":"m","files":[{"action":"delete","path":"none"}]})",
         422,
         "missing_path",
         "none"},
        {"POST",
         project + "/commits",
         R"({"branch":"main","message":"m",
             "files":[{"action":"create","path":"app.txt","content":""}]})",
         422,
         "path_exists"},
        {"POST",
         project + "/commits",
         R"({"branch":"main","message":"m",
             "files":[{"action":"create","path":"a/../b","content":""}]})",
         422,
         "bad_path"},
        {"POST",
         project + "/commits",
         R"({"branch":"main","message":"m",
             "files":[{"action":"create","path":"b","content":"***","encoding":"base64"}]})",
         422,
         "bad_encoding"},
        {"POST",
         project + "/commits",
         R"({"branch":"main","message":"m","expectedHead":"",
             "files":[{"action":"create","path":"b","content":""}]})",
         409,
         "head_moved"},
        {"PUT", project + "/targets/other", R"({"connector":"moon"})", 422, "platform_unavailable"},
        {"PUT", project + "/targets/b-x", R"({"connector":"local"})", 422, "bad_target_name"},
        {"PUT",
         project + "/targets/other",
         R"({"connector":"local","publishRoot":"../x"})",
         422,
         "bad_path"},
        {"PUT", project + "/rules", R"({"pattern":"main","target":"none"})", 404, "not_found"},
        {"PUT",
         project + "/rules",
         R"({"pattern":"a b","target":"production"})",
         422,
         "bad_ref_name"},
        {"POST", project + "/webhooks", R"({"url":"http://user@example.org/"})", 422, "bad_url"},
        {"GET", "/api/events?after=x", "", 400, "bad_cursor"},
        {"POST", "/api/clients", R"({"slug":"other"})", 403, "forbidden"},
        {"GET", "/api/clients/" + admin_.str(), "", 404, "not_found"},
        {"POST", "/api/keys", R"({"title":"t","scopes":["all"]})", 422, "unknown_scope"},
        {"POST",
         "/api/keys",
         R"({"title":"t","scopes":["admin"],"expiresAt":"soon"})",
         422,
         "bad_time"},
        {"POST",
         "/api/keys",
         R"({"title":"t","scopes":["admin"],"expiresAt":"2001-01-01T00:00:00Z"})",
         422,
         "bad_time"},
        {"GET", "/metrics", "", 403, "forbidden"},
    };
    const std::size_t runs = rows_in(store::Table::Runs);
    const std::size_t projects = rows_in(store::Table::Projects);
    const std::size_t pushes = rows_in(store::Table::Pushes);
    for (const Refused& bad : cases) {
        const Said said = ask(bad.method, bad.target, bad.body);
        EXPECT_EQ(said.status, bad.status) << bad.method << " " << bad.target << " " << said.text;
        EXPECT_EQ(said.code(), bad.code) << bad.target << " " << bad.body << " " << said.text;
        EXPECT_EQ(said.header("Content-Type"), "application/problem+json") << bad.target;
        EXPECT_NE(said.str("detail").find(bad.named), std::string::npos) << said.text;
    }
    EXPECT_EQ(rows_in(store::Table::Runs), runs);
    EXPECT_EQ(rows_in(store::Table::Projects), projects);
    EXPECT_EQ(rows_in(store::Table::Pushes), pushes);
    EXPECT_EQ(rows_in(store::Table::Webhooks), 0U);
}

TEST_F(BadInput, IncludesKeysThatAreNotKnown) {
    EXPECT_EQ(ask_as("", "GET", "/api/projects").status, 401);
    const Said malformed = ask_as("ogk_nonsense", "GET", "/api/projects");
    EXPECT_EQ(malformed.status, 401);
    EXPECT_EQ(malformed.code(), "unauthenticated");
    EXPECT_FALSE(malformed.header("WWW-Authenticate").empty());
    const std::string unknown = auth::make_key_text(KeyId::make(clock_, random_), random_).reveal();
    EXPECT_EQ(ask_as(unknown, "GET", "/api/projects").text, malformed.text);
    for (const char* open : {"/healthz", "/readyz", "/api/openapi.json"}) {
        EXPECT_EQ(ask_as("", "GET", open).status, 200) << open;
    }
    for (int i = 0; i < 5; ++i) {
        ask_as("ogk_nonsense", "GET", "/api/projects");
    }
    Said slowed = ask_as("ogk_nonsense", "GET", "/api/projects");
    if (slowed.status == 401) {  // The clock ticks with each look at it; the next wait is longer.
        slowed = ask_as("ogk_nonsense", "GET", "/api/projects");
    }
    EXPECT_EQ(slowed.status, 429);
    EXPECT_EQ(slowed.code(), "too_many_failures");
}

TEST_F(BadInput, IncludesWrongTypesLengthsAndMethods) {
    InProcessCall wanted{.method = "POST",
                         .target = "/api/projects",
                         .headers = {{"Content-Type", "text/plain"}},
                         .body = "{}"};
    const Said typed = read(call(*api_, *store_, wanted));
    EXPECT_EQ(typed.status, 415);
    EXPECT_EQ(typed.code(), "unsupported_media_type");

    wanted.headers = {{"Content-Type", "application/json; charset=utf-8"}};
    wanted.body = R"({"name":"fine"})";
    EXPECT_EQ(call(*api_, *store_, wanted).status, 201);

    wanted.body = std::string(kApiBodyBytesMax + 1, ' ');
    const Said large = read(call(*api_, *store_, wanted));
    EXPECT_EQ(large.status, 413);
    EXPECT_EQ(large.code(), "body_too_large");

    const Said method = ask("PATCH", "/api/projects", "{}");
    EXPECT_EQ(method.status, 405);
    EXPECT_EQ(method.header("Allow"), "POST, GET, HEAD");
}

TEST_F(BadInput, IncludesKeysThatMayNotDoIt) {
    const std::string app = made_app().str("projectId");
    const std::string reader = add_key(client_, *auth::Scopes::parse({"git:read"}));
    EXPECT_EQ(ask_as(reader, "GET", "/api/projects/" + app).status, 200);
    EXPECT_EQ(ask_as(reader, "POST", "/api/requirements", requirement("build x")).status, 403);
    EXPECT_EQ(ask_as(reader, "DELETE", "/api/projects/" + app).status, 403);
    EXPECT_EQ(ask_as(reader, "POST", "/api/projects", R"({"name":"x"})").status, 403);
    EXPECT_EQ(
        ask_as(reader, "POST", "/api/projects/" + app + "/merge", R"({"source":"main"})").status,
        403);

    const std::string stranger = add_key(add_client("other", false), auth::Scopes::all());
    EXPECT_EQ(ask_as(stranger, "GET", "/api/projects/" + app).status, 404);
    EXPECT_EQ(ask_as(stranger, "DELETE", "/api/projects/" + app).status, 404);
    const Said events = ask_as(stranger, "GET", "/api/events");
    EXPECT_TRUE(events.body.at("events").as_array().empty());

    const std::string bound = add_key(client_, auth::Scopes::all(), {*ProjectId::parse(app)});
    EXPECT_EQ(ask_as(bound, "GET", "/api/projects/" + app).status, 200);
    EXPECT_EQ(ask_as(bound, "POST", "/api/projects", R"({"name":"x"})").status, 403);
    EXPECT_EQ(ask_as(bound, "POST", "/api/keys", R"({"title":"t","scopes":["admin"]})").status,
              403);
}

TEST_F(BadInput, SameIdempotencyKeyMakesOneRun) {
    const std::vector<net::Header> once = {{"Idempotency-Key", "k-1"}};
    const std::string body =
        requirement("build shop", R"(,"webhook":{"url":"https://example.org/hook"})");
    const Said first = ask("POST", "/api/requirements", body, once);
    ASSERT_EQ(first.status, 202) << first.text;
    EXPECT_TRUE(first.body.at("webhook").at("secret").as_string().starts_with("whsec_"));
    const Said again = ask("POST", "/api/requirements", body, once);
    EXPECT_EQ(again.str("requestId"), first.str("requestId"));
    EXPECT_EQ(again.str("projectId"), first.str("projectId"));
    EXPECT_TRUE(again.body.at("webhook").at("secret").is_null());
    EXPECT_TRUE(again.body.at("webhook").at("secretShown").as_bool());
    EXPECT_EQ(rows_in(store::Table::Runs), 1U);
    EXPECT_EQ(rows_in(store::Table::Webhooks), 1U);

    work_off_all();
    const Said done = ask("POST", "/api/requirements", body, once);
    EXPECT_EQ(done.status, 200);
    EXPECT_EQ(done.str("status"), "complete");

    const Said other = ask("POST", "/api/requirements", requirement("build other"), once);
    EXPECT_EQ(other.status, 409);
    EXPECT_EQ(other.code(), "idempotency_key_reused");
    const Said bad = ask("POST", "/api/requirements", body, {{"Idempotency-Key", "a b"}});
    EXPECT_EQ(bad.code(), "bad_idempotency_key");
    const Said empty = ask("POST", "/api/requirements", body, {{"Idempotency-Key", ""}});
    EXPECT_EQ(empty.code(), "bad_idempotency_key");
    EXPECT_EQ(rows_in(store::Table::Runs), 1U);
}

TEST_F(BadInput, SameIdempotencyKeyAtOnceMakesOneRun) {
    const std::vector<net::Header> once = {{"Idempotency-Key", "k-2"}};
    const std::string body = requirement("build shop");
    std::vector<std::future<Said>> asked;
    for (int i = 0; i < 8; ++i) {
        asked.push_back(std::async(std::launch::async,
                                   [&] { return ask("POST", "/api/requirements", body, once); }));
    }
    std::set<std::string> ids;
    for (auto& answer : asked) {
        const Said said = answer.get();
        EXPECT_EQ(said.status, 202) << said.text;
        ids.insert(said.str("requestId"));
    }
    EXPECT_EQ(ids.size(), 1U);
    EXPECT_EQ(rows_in(store::Table::Runs), 1U);
    EXPECT_EQ(rows_in(store::Table::Projects), 1U);
}

TEST_F(BadInput, TwoFeaturesAtOnceGetBranchesOfTheirOwn) {
    const std::string app = made_app().str("projectId");
    std::vector<std::future<Said>> asked;
    for (const char* what : {"one", "two", "three"}) {
        asked.push_back(std::async(std::launch::async, [this, app, what] {
            return ask("POST",
                       "/api/requirements",
                       requirement("build " + std::string(what), ",\"projectId\":\"" + app + "\""));
        }));
    }
    std::set<std::string> branches;
    for (auto& answer : asked) {
        const Said said = answer.get();
        EXPECT_EQ(said.status, 202) << said.text;
        branches.insert(said.str("branch"));
    }
    EXPECT_EQ(branches.size(), 3U);
    work_off_all();
    const Said listed = ask("GET", "/api/projects/" + app + "/branches");
    EXPECT_EQ(listed.body.at("branches").as_array().size(), 4U);
}

}  // namespace
}  // namespace origin::api
