// SPDX-License-Identifier: Apache-2.0
// Goal: projects, their files and history, targets, webhooks, clients and keys can be made, read
// and changed through the API; secrets are shown once.
// Method: a whole API over a store in memory.
#include "api/moment.h"
#include "api/test_server.h"

namespace origin::api {
namespace {

class Resources : public TestServer {
protected:
    Said commit(const std::string& project,
                const std::string& files,
                const std::string& more = {}) {
        return ask("POST",
                   "/api/projects/" + project + "/commits",
                   R"({"branch":"main","message":"change","files":[)" + files + "]" + more + "}");
    }
};

TEST_F(Resources, AProjectIsMadeWithAKeyOfItsOwn) {
    const std::vector<net::Header> once = {{"Idempotency-Key", "p"}};
    const std::string wish = R"({"name":"My Shop","key":true})";
    const Said made = ask("POST", "/api/projects", wish, once);
    ASSERT_EQ(made.status, 201) << made.text;
    EXPECT_EQ(made.str("slug"), "my-shop");
    EXPECT_EQ(made.str("codeUrl"), "http://127.0.0.1:8080/acme/my-shop.git");
    EXPECT_EQ(made.str("defaultBranch"), "main");
    const std::string key = made.str("key");
    EXPECT_TRUE(key.starts_with("ogk_"));
    const std::string self = "/api/projects/" + made.str("projectId");
    EXPECT_EQ(ask_as(key, "GET", self).status, 200);
    EXPECT_EQ(ask_as(key, "DELETE", self).status, 403);
    const Said again = ask("POST", "/api/projects", wish, once);
    EXPECT_EQ(again.str("projectId"), made.str("projectId"));
    EXPECT_TRUE(again.body.at("key").is_null());
    EXPECT_TRUE(again.body.at("secretShown").as_bool());
    EXPECT_EQ(rows_in(store::Table::Projects), 1U);

    EXPECT_EQ(ask("GET", "/api/projects/acme%2Fmy-shop").str("projectId"), made.str("projectId"));
    const Said changed =
        ask("PATCH", self, R"({"name":"Ours","defaultBranch":"trunk","protectedBranches":["v*"]})");
    EXPECT_EQ(changed.str("name"), "Ours") << changed.text;
    EXPECT_EQ(changed.str("defaultBranch"), "trunk");
    EXPECT_EQ(ask("DELETE", self, "", {{"Idempotency-Key", "d"}}).status, 204);
    EXPECT_EQ(ask("GET", self).status, 404);
    EXPECT_EQ(ask("DELETE", self, "", {{"Idempotency-Key", "d"}}).status, 204);
}

TEST_F(Resources, ListsComeInPages) {
    for (const char* name : {"a", "b", "c", "d", "e"}) {
        ask("POST", "/api/projects", R"({"name":")" + std::string(name) + "\"}");
    }
    std::string seen;
    std::string cursor;
    do {
        const Said page = ask("GET", "/api/projects?limit=2" + cursor);
        ASSERT_EQ(page.status, 200) << page.text;
        for (const auto& project : page.body.at("projects").as_array()) {
            seen += project.at("slug").as_string();
        }
        cursor = page.str("nextCursor").empty() ? "" : "&cursor=" + page.str("nextCursor");
    } while (!cursor.empty());
    EXPECT_EQ(seen, "abcde");
    EXPECT_EQ(ask_operator("GET", "/api/projects?all=true").body.at("projects").as_array().size(),
              5U);
    EXPECT_TRUE(ask_operator("GET", "/api/projects").body.at("projects").as_array().empty());
}

TEST_F(Resources, FilesAreReadAndWrittenWithoutACheckout) {
    const std::string id = ask("POST", "/api/projects", R"({"name":"files"})").str("projectId");
    const std::string project = "/api/projects/" + id;
    EXPECT_TRUE(ask("GET", project + "/commits").body.at("commits").as_array().empty());
    EXPECT_EQ(ask("GET", project + "/tree").code(), "ref_not_found");
    const Said first = commit(id,
                              R"({"action":"create","path":"a/x.txt","content":"one\n"},
                                 {"action":"create","path":"b.bin","content":"AP8=",
                                  "encoding":"base64"})");
    ASSERT_EQ(first.status, 201) << first.text;
    const Said second = commit(id,
                               R"({"action":"update","path":"a/x.txt","content":"two\n"})",
                               R"(,"expectedHead":")" + first.str("commit") + "\"");
    ASSERT_EQ(second.status, 201) << second.text;
    EXPECT_EQ(commit(id,
                     R"({"action":"delete","path":"b.bin"})",
                     R"(,"expectedHead":")" + first.str("commit") + "\"")
                  .code(),
              "head_moved");

    const Said file = ask("GET", project + "/file?path=a/x.txt");
    EXPECT_EQ(file.text, "two\n");
    const std::string etag = file.header("ETag");
    EXPECT_EQ(ask("GET", project + "/file?path=a/x.txt", "", {{"If-None-Match", etag}}).status,
              304);
    EXPECT_EQ(ask("GET", project + "/file?path=a/x.txt&ref=" + first.str("commit")).text, "one\n");
    const Said binary =
        ask("GET", project + "/file?path=b.bin", "", {{"Accept", "application/json"}});
    EXPECT_EQ(binary.str("content"), "AP8=");
    EXPECT_EQ(binary.str("encoding"), "base64");

    const Said tree = ask("GET", project + "/tree");
    ASSERT_EQ(tree.body.at("entries").as_array().size(), 2U) << tree.text;
    EXPECT_EQ(tree.body.at("entries").at(0).at("type").as_string(), "tree");
    const Said page = ask("GET", project + "/commits?limit=1");
    EXPECT_EQ(page.body.at("commits").at(0).at("commit").as_string(), second.str("commit"));
    const Said rest = ask("GET", project + "/commits?limit=1&cursor=" + page.str("nextCursor"));
    EXPECT_EQ(rest.body.at("commits").at(0).at("commit").as_string(), first.str("commit"));
    EXPECT_TRUE(rest.body.at("nextCursor").is_null());
    const Said shown = ask("GET", project + "/commits/" + second.str("commit"));
    EXPECT_EQ(shown.body.at("files").at(0).at("path").as_string(), "a/x.txt") << shown.text;
    const Said diff = ask(
        "GET",
        project + "/diff?patch=true&base=" + first.str("commit") + "&head=" + second.str("commit"));
    EXPECT_TRUE(diff.str("patch").contains("-one\n+two\n")) << diff.text;
}

TEST_F(Resources, ConflictsAreToldAndNothingMoves) {
    const std::string id = ask("POST", "/api/projects", R"({"name":"files"})").str("projectId");
    const std::string project = "/api/projects/" + id;
    commit(id, R"({"action":"create","path":"x","content":"base\n"})");
    const Said side = ask("POST",
                          project + "/commits",
                          R"({"branch":"side","message":"m",
            "files":[{"action":"update","path":"x","content":"s\n"}]})");
    ASSERT_EQ(side.status, 201) << side.text;
    const Said ours = commit(id, R"({"action":"update","path":"x","content":"m\n"})");
    const Said preview = ask("POST", project + "/merge", R"({"source":"side","preview":true})");
    EXPECT_EQ(preview.status, 200);
    EXPECT_EQ(preview.str("result"), "conflicted") << preview.text;
    EXPECT_EQ(preview.body.at("conflicts").at(0).at("path").as_string(), "x");
    const Said merged = ask("POST", project + "/merge", R"({"source":"side"})");
    EXPECT_EQ(merged.status, 409);
    EXPECT_EQ(merged.code(), "merge_conflict");
    EXPECT_EQ(merged.body.at("conflicts").as_array().size(), 1U);
    const Said compare = ask("GET", project + "/compare?base=main&head=side");
    EXPECT_EQ(compare.body.at("ahead").as_int64(), 1) << compare.text;
    EXPECT_EQ(compare.body.at("behind").as_int64(), 1);
    EXPECT_EQ(ask("GET", project + "/commits?limit=1").body.at("commits").at(0).at("commit"),
              ours.body.at("commit"));
}

TEST_F(Resources, TargetsAndRulesDecideWhatDeploys) {
    const std::string id = ask("POST", "/api/projects", R"({"name":"files"})").str("projectId");
    const std::string project = "/api/projects/" + id;
    const Said target =
        ask("PUT", project + "/targets/staging", R"({"connector":"local","publishRoot":"site"})");
    ASSERT_EQ(target.status, 200) << target.text;
    const std::string url = target.str("url");
    EXPECT_TRUE(url.starts_with("http://staging--files.localhost:8080/?")) << "a link: " << url;
    const Said rule = ask("PUT", project + "/rules", R"({"pattern":"main","target":"staging"})");
    EXPECT_EQ(rule.str("pattern"), "refs/heads/main") << rule.text;
    const Said made = commit(id, R"({"action":"create","path":"site/index.html","content":"x"})");
    EXPECT_EQ(made.body.at("deployments").as_array().size(), 1U);
    work_off_all();
    const Said listed = ask("GET", project + "/deployments");
    ASSERT_EQ(listed.body.at("deployments").as_array().size(), 1U) << listed.text;
    EXPECT_EQ(listed.body.at("deployments").at(0).at("state").as_string(), "live");
    const std::string deployment(listed.body.at("deployments").at(0).at("id").as_string());
    EXPECT_FALSE(
        ask("GET", project + "/deployments/" + deployment).body.at("log").as_array().empty());
    EXPECT_EQ(ask("DELETE", project + "/rules?target=staging&pattern=main").status, 204);
    EXPECT_TRUE(ask("GET", project + "/rules").body.at("rules").as_array().empty());
    EXPECT_EQ(ask("GET", project + "/targets").body.at("targets").as_array().size(), 1U);
    ASSERT_EQ(ask("PUT", project + "/rules", R"({"pattern":"main","target":"staging"})").status,
              200);
    EXPECT_EQ(ask("DELETE", project + "/targets/staging").status, 204);
    EXPECT_EQ(ask("DELETE", project + "/targets/staging").status, 204) << "twice is once";
    EXPECT_TRUE(ask("GET", project + "/targets").body.at("targets").as_array().empty());
    EXPECT_TRUE(ask("GET", project + "/rules").body.at("rules").as_array().empty());
}

TEST_F(Resources, AWebhookShowsItsSecretOnce) {
    const std::string id = ask("POST", "/api/projects", R"({"name":"files"})").str("projectId");
    const std::string hooks = "/api/projects/" + id + "/webhooks";
    const std::string wish = R"({"url":"https://example.org/hook","events":["push"]})";
    const Said made = ask("POST", hooks, wish, {{"Idempotency-Key", "w"}});
    ASSERT_EQ(made.status, 201) << made.text;
    EXPECT_TRUE(made.str("secret").starts_with("whsec_"));
    EXPECT_TRUE(ask("POST", hooks, wish, {{"Idempotency-Key", "w"}}).body.at("secret").is_null());
    const std::string self = hooks + "/" + made.str("id");
    const Said shown = ask("GET", self);
    EXPECT_FALSE(shown.body.contains("secret"));
    EXPECT_TRUE(shown.body.at("deliveries").as_array().empty());
    for (int i = 1; i < static_cast<int>(kWebhooksPerProjectMax); ++i) {
        EXPECT_EQ(ask("POST", hooks, wish).status, 201);
    }
    EXPECT_EQ(ask("POST", hooks, wish).code(), "too_many_webhooks");
    EXPECT_EQ(ask("DELETE", self).status, 204);
    EXPECT_EQ(ask("GET", self).status, 404);
}

TEST_F(Resources, ClientsAndKeysAreManaged) {
    const Said made = ask_operator("POST", "/api/clients", R"({"slug":"newco","name":"New Co"})");
    ASSERT_EQ(made.status, 201) << made.text;
    EXPECT_EQ(ask_operator("GET", "/api/clients").body.at("clients").as_array().size(), 3U);
    const Said key =
        ask_operator("POST",
                     "/api/keys",
                     R"({"title":"ci","scopes":["git:read"],"clientId":")" + made.str("clientId") +
                         R"(","expiresAt":"2099-01-01T00:00:00Z"})");
    ASSERT_EQ(key.status, 201) << key.text;
    const std::string text = key.str("key");
    EXPECT_EQ(ask_as(text, "GET", "/api/clients/" + made.str("clientId")).status, 200);
    EXPECT_EQ(ask_as(text, "GET", "/api/keys").status, 403);
    const Said own = ask("POST", "/api/keys", R"({"title":"t","scopes":["git:read"]})");
    EXPECT_EQ(own.str("clientId"), client_.str());
    const Said listed = ask("GET", "/api/keys");
    EXPECT_EQ(listed.body.at("keys").as_array().size(), 2U);
    EXPECT_FALSE(listed.text.contains(own.str("key")));
    EXPECT_EQ(ask("POST", "/api/keys/" + key.str("keyId") + "/revoke").status, 404);
    const Said revoked = ask_operator("POST", "/api/keys/" + key.str("keyId") + "/revoke");
    EXPECT_FALSE(revoked.body.at("revokedAt").is_null()) << revoked.text;
    EXPECT_EQ(ask_as(text, "GET", "/api/projects").status, 401);
}

TEST(Moment, IsReadStrictly) {
    EXPECT_EQ(parse_moment("1970-01-01T00:00:00Z").value(), 0);
    EXPECT_EQ(parse_moment("2026-11-22T12:34:56.789Z").value(), 1795350896789);
    EXPECT_EQ(parse_moment("2026-11-22T14:34:56+02:00").value(), 1795350896000);
    for (const char* bad : {"",
                            "2026-11-22",
                            "2026-11-22T12:34:56",
                            "2026-11-31T00:00:00Z",
                            "2026-13-01T00:00:00Z",
                            "2026-11-22T24:00:00Z",
                            "2026-11-22T12:34:60Z",
                            "2026-11-22T12:34:56.Z",
                            "2026-11-22T12:34:56Zx",
                            "2026-11-22T12:34:56+2"}) {
        EXPECT_FALSE(parse_moment(bad)) << bad;
    }
}

}  // namespace
}  // namespace origin::api
