// SPDX-License-Identifier: Apache-2.0
// Goal: keys end by themselves unless asked otherwise, are replaced by exactly one other, tell
// their last use, and a leaked one is revoked with all that it moved. Method: calls of an API over
// a store in memory; refusals first; many requests at once.
#include <future>

#include "api/test_server.h"

namespace origin::api {
namespace {

constexpr const char* kSshKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl a";

class Keys : public TestServer {
protected:
    Said make(const std::string& more = {}) {
        return ask(
            "POST", "/api/keys", R"({"title":"ci","scopes":["git:read","git:write"])" + more + "}");
    }
    Said as(const std::string& key,
            std::string_view method,
            std::string_view target,
            std::string_view body = {}) {
        return ask(method, target, body, {{"Authorization", "Bearer " + key}});
    }
    std::string make_project() {
        return ask("POST", "/api/projects", R"({"name":"shop"})").str("projectId");
    }
    Said make_leaked() {
        return ask(
            "POST", "/api/keys", R"({"title":"x","scopes":["git:read","git:write","admin"]})");
    }
    void commit(const std::string& key, const std::string& project, const std::string& branch) {
        const Said said = as(key,
                             "POST",
                             project + "/commits",
                             R"({"branch":")" + branch +
                                 R"(","message":"m","files":[{"action":"create","path":")" +
                                 branch + R"(","content":"x"}]})");
        EXPECT_EQ(said.status, 201) << said.text;
    }
    static std::string year_of(const Said& said) { return said.str("expiresAt").substr(0, 4); }
    void flush() { EXPECT_TRUE(gatekeeper_.notes().flush(*store_)); }
};

TEST_F(Keys, EndInAYearUnlessAskedOtherwise) {
    for (const char* bad : {"\"\"", "\"soon\"", "\"2001-01-01T00:00:00Z\"", "5", "true", "{}"}) {
        const Said said = make(std::string(",\"expiresAt\":") + bad);
        EXPECT_EQ(said.status / 100, 4) << bad << said.text;
    }
    const Said made = make();
    EXPECT_EQ(made.str("createdAt").substr(0, 4), "2027") << made.text;
    EXPECT_EQ(year_of(made), "2028");
    EXPECT_TRUE(make(R"(,"expiresAt":null)").body.at("expiresAt").is_null());
    EXPECT_EQ(make(R"(,"expiresAt":"2031-01-01T00:00:00Z")").str("expiresAt"),
              "2031-01-01T00:00:00.000Z");
    const std::string ssh = std::string(R"({"publicKey":")") + kSshKey + "\"";
    const Said ssh_key = ask("POST", "/api/ssh-keys", ssh + "}");
    EXPECT_EQ(year_of(ssh_key), "2028") << ssh_key.text;
    ask("DELETE", "/api/ssh-keys/" + ssh_key.str("keyId"));
    EXPECT_TRUE(
        ask("POST", "/api/ssh-keys", ssh + R"(,"expiresAt":null})").body.at("expiresAt").is_null());
}

TEST_F(Keys, OfOneKindAreNotThereForAnother) {
    const std::string body = std::string(R"({"publicKey":")") + kSshKey + "\"}";
    const Said signing = ask("POST", "/api/signing-keys", body);
    ASSERT_EQ(signing.status, 201) << signing.text;
    EXPECT_FALSE(signing.body.contains("scopes"));
    EXPECT_FALSE(signing.body.contains("lastUse"));
    const std::string id = signing.str("keyId");
    EXPECT_EQ(ask("DELETE", "/api/ssh-keys/" + id).status, 404);
    EXPECT_EQ(ask("DELETE", "/api/jwt-keys/" + id).status, 404);
    EXPECT_EQ(ask("POST", "/api/keys/" + id + "/revoke").status, 404);
    EXPECT_TRUE(ask("GET", "/api/ssh-keys").body.at("sshKeys").as_array().empty());
    EXPECT_EQ(ask("GET", "/api/signing-keys").body.at("signingKeys").as_array().size(), 1U);
    EXPECT_EQ(ask("DELETE", "/api/signing-keys/" + id).status, 204);
    EXPECT_EQ(ask("DELETE", "/api/signing-keys/" + id).status, 404);
}

TEST_F(Keys, TellTheirLastUse) {
    const Said made = make();
    EXPECT_TRUE(made.body.at("lastUse").is_null());
    as(made.str("key"), "GET", "/api/projects");
    flush();
    for (const auto& row : ask("GET", "/api/keys").body.at("keys").as_array()) {
        if (row.at("keyId").as_string() == made.str("keyId")) {
            EXPECT_EQ(row.at("lastUse").at("from").as_string(), "192.0.2.1");
        }
    }
}

TEST_F(Keys, AreReplacedOnceAndBothWorkMeanwhile) {
    const Said made = make();
    const std::string path = "/api/keys/" + made.str("keyId") + "/rotate";
    for (const char* bad : {R"({"overlap":-1})",
                            R"({"overlap":2592001})",
                            R"({"overlap":1.5})",
                            R"({"overlap":"1"})",
                            R"({"other":1})",
                            "[]"}) {
        EXPECT_EQ(ask("POST", path, bad).status, 400) << bad;
    }
    EXPECT_EQ(ask("POST", "/api/keys/key_0000000000000000000000/rotate").status, 404);
    EXPECT_EQ(ask("POST", "/api/keys/x/rotate").status, 404);
    EXPECT_EQ(as(made.str("key"), "POST", path).status, 403) << "it has no scope for that";
    const ClientId other = add_client("other", false);
    EXPECT_EQ(as(add_key(other, auth::Scopes::all()), "POST", path).status, 404);

    const Said next = ask("POST", path, R"({"overlap":3600})");
    ASSERT_EQ(next.status, 201) << next.text;
    EXPECT_EQ(next.str("title"), "ci");
    EXPECT_EQ(next.str("replaces"), made.str("keyId"));
    EXPECT_NE(next.str("key"), made.str("key"));
    EXPECT_EQ(as(made.str("key"), "GET", "/api/projects").status, 200);
    EXPECT_EQ(as(next.str("key"), "GET", "/api/projects").status, 200);
    EXPECT_EQ(ask("POST", path).code(), "key_rotated");

    const Said ended = make();
    ask("POST", "/api/keys/" + ended.str("keyId") + "/revoke");
    EXPECT_EQ(ask("POST", "/api/keys/" + ended.str("keyId") + "/rotate").code(), "key_ended");
}

TEST_F(Keys, ManyWhoReplaceOneAtOnceGetOneSuccessor) {
    const Said made = make();
    const std::string path = "/api/keys/" + made.str("keyId") + "/rotate";
    std::vector<std::future<Said>> asked;
    for (int i = 0; i < 8; ++i) {
        asked.push_back(std::async(std::launch::async, [&] { return ask("POST", path); }));
    }
    int done = 0;
    for (auto& each : asked) {
        const Said said = each.get();
        done += said.status == 201 ? 1 : 0;
        EXPECT_TRUE(said.status == 201 || said.code() == "key_rotated") << said.text;
    }
    EXPECT_EQ(done, 1);

    const std::string again = "/api/keys/" + make().str("keyId") + "/rotate";
    const std::vector<net::Header> once = {{"Idempotency-Key", "twin"}};
    const Said first = ask("POST", again, "", once);
    const Said second = ask("POST", again, "", once);
    EXPECT_EQ(first.status, 201);
    EXPECT_EQ(second.status, 201);
    EXPECT_EQ(second.str("keyId"), first.str("keyId"));
    EXPECT_TRUE(second.body.at("key").is_null()) << "a secret is shown once";
}

TEST_F(Keys, ALeakedOneIsQuarantinedAndItsMovesTakenBack) {
    const std::string project = ask("POST", "/api/projects", R"({"name":"shop"})").str("projectId");
    const std::string p = "/api/projects/" + project;
    const auto commit =
        [&](const std::string& key, const std::string& action, const std::string& text) {
            const Said said = as(key,
                                 "POST",
                                 p + "/commits",
                                 R"({"branch":"main","message":"m","files":[{"action":")" + action +
                                     R"(","path":"f","content":")" + text + "\"}]}");
            EXPECT_EQ(said.status, 201) << said.text;
            return said.str("commit");
        };
    const std::string good = commit(key_, "create", "good");
    const Said leaked =
        ask("POST", "/api/keys", R"({"title":"x","scopes":["git:read","git:write","admin"]})");
    commit(leaked.str("key"), "update", "bad");
    commit(leaked.str("key"), "update", "worse");
    const Said made =
        as(leaked.str("key"), "POST", "/api/keys", R"({"title":"y","scopes":["git:read"]})");
    ASSERT_EQ(made.status, 201) << made.text;
    const std::string path = "/api/keys/" + leaked.str("keyId") + "/quarantine";

    for (const char* bad : {R"({"since":"x"})", R"({"since":5})", R"({"other":1})"}) {
        EXPECT_EQ(ask("POST", path, bad).status / 100, 4) << bad;
    }
    EXPECT_EQ(ask("POST", path + "/undo").code(), "key_not_quarantined");
    EXPECT_EQ(ask("POST", "/api/keys/key_0000000000000000000000/quarantine").status, 404);
    const ClientId other = add_client("other", false);
    const std::string other_key = add_key(other, auth::Scopes::all());
    EXPECT_EQ(as(other_key, "POST", path).status, 404);
    EXPECT_EQ(as(other_key, "GET", "/api/keys/" + leaked.str("keyId") + "/moves").status, 404);

    const Said told = ask("POST", path, R"({"since":"30d"})");
    ASSERT_EQ(told.status, 200) << told.text;
    EXPECT_EQ(as(leaked.str("key"), "GET", "/api/projects").status, 401);
    const auto& moves = told.body.at("moves").as_array();
    ASSERT_EQ(moves.size(), 2U);
    EXPECT_TRUE(moves[0].at("stillThere").as_bool());
    EXPECT_FALSE(moves[1].at("stillThere").as_bool());
    EXPECT_EQ(moves[1].at("before").as_string(), good);
    EXPECT_EQ(moves[0].at("project").as_string(), "acme/shop");
    ASSERT_EQ(told.body.at("keysMade").as_array().size(), 1U);
    EXPECT_EQ(told.body.at("keysMade").at(0).at("keyId").as_string(), made.str("keyId"));
    const Said page = ask("GET", "/api/keys/" + leaked.str("keyId") + "/moves?limit=1&since=30d");
    EXPECT_EQ(page.body.at("moves").as_array().size(), 1U);
    EXPECT_FALSE(page.str("nextCursor").empty());

    const Said plan = ask("POST", path + "/undo", R"({"since":"30d","dryRun":true})");
    EXPECT_EQ(plan.body.at("undone").to_number<int>(), 1) << plan.text;
    EXPECT_TRUE(plan.body.at("refs").at(0).at("push").is_null());
    const Said undone = ask("POST", path + "/undo", R"({"since":"30d"})");
    EXPECT_EQ(undone.body.at("refs").at(0).at("outcome").as_string(), "undone") << undone.text;
    EXPECT_EQ(undone.body.at("refs").at(0).at("after").as_string(), good);
    EXPECT_EQ(ask("GET", p + "/file?path=f").text.contains("worse"), false);
    const Said again = ask("POST", path + "/undo", R"({"since":"30d"})");
    EXPECT_EQ(again.body.at("refs").at(0).at("outcome").as_string(), "already_undone")
        << again.text;
    const Said log = ask("GET", "/api/audit?type=key.*");
    EXPECT_TRUE(log.text.contains("key.quarantined"));
    EXPECT_TRUE(log.text.contains("key.moves_undone"));
}

TEST_F(Keys, MovesOfWhatALeakedOneMadeAreFoundAlsoWhenThatIsGone) {
    const std::string p = "/api/projects/" + make_project();
    commit(key_, p, "main");
    const Said leaked = make_leaked();
    const Said token = as(leaked.str("key"), "POST", p + "/tokens", "{}");
    const std::string admin_key = R"({"title":"y","scopes":["git:read","git:write","admin"]})";
    const Said child = as(leaked.str("key"), "POST", "/api/keys", admin_key);
    const Said grandchild = as(child.str("key"), "POST", "/api/keys", admin_key);
    commit(token.str("key"), p, "by-token");
    commit(child.str("key"), p, "by-child");
    commit(grandchild.str("key"), p, "by-grandchild");
    EXPECT_EQ(ask("POST", "/api/keys/" + child.str("keyId") + "/revoke").status, 200);
    const auto token_id = *KeyId::parse(token.str("keyId"));
    EXPECT_TRUE(
        store_->write([&](store::Writer& writer) { return auth::erase_key(writer, token_id); }));

    const Said gone = ask("GET", "/api/keys/" + token_id.str() + "/moves");
    ASSERT_EQ(gone.status, 200) << "the audit log knows it" << gone.text;
    EXPECT_EQ(gone.body.at("moves").as_array().size(), 1U);
    const std::string other = add_key(add_client("other", false), auth::Scopes::all());
    EXPECT_EQ(as(other, "GET", "/api/keys/" + token_id.str() + "/moves").status, 404);

    const std::string path = "/api/keys/" + leaked.str("keyId") + "/quarantine";
    const Said told = ask("POST", path);
    ASSERT_EQ(told.status, 200) << told.text;
    EXPECT_EQ(told.body.at("moves").as_array().size(), 3U) << told.text;
    EXPECT_TRUE(told.body.at("keysMadeComplete").as_bool());
    const auto& made = told.body.at("keysMade").as_array();
    ASSERT_EQ(made.size(), 3U) << told.text;
    EXPECT_FALSE(made[0].at("stillGood").as_bool()) << "the token";
    EXPECT_FALSE(made[1].at("stillGood").as_bool());
    EXPECT_TRUE(made[1].at("revokedAt").is_string());
    EXPECT_TRUE(made[2].at("stillGood").as_bool()) << "nobody revoked it";
    EXPECT_EQ(made[2].at("madeBy").as_string(), child.str("keyId"));

    const Said first = ask("POST", "/api/keys/" + token_id.str() + "/quarantine/undo");
    EXPECT_EQ(first.body.at("undone").to_number<int>(), 1) << first.text;
    const Said undone = ask("POST", path + "/undo");
    EXPECT_EQ(undone.body.at("undone").to_number<int>(), 2) << undone.text;
}

TEST_F(Keys, MovesInProjectsThatTheCallerMayNotReadAnyMoreAreOnlyCounted) {
    const ClientId bob = add_client("bob", false);
    const std::string bob_key = add_key(bob, auth::Scopes::all());
    const Said theirs = as(bob_key, "POST", "/api/projects", R"({"name":"vault"})");
    const std::string p = "/api/projects/" + theirs.str("projectId");
    as(bob_key, "PUT", p + "/grants/acme", R"({"access":"write"})");
    commit(bob_key, p, "main");
    const Said leaked = make_leaked();
    commit(leaked.str("key"), p, "secret-plan");
    const std::string key = "/api/keys/" + leaked.str("keyId");
    EXPECT_EQ(ask("GET", key + "/moves").body.at("hiddenMoves").to_number<int>(), 0);
    EXPECT_EQ(as(bob_key, "DELETE", p + "/grants/acme").status, 204);

    for (const Said& said : {ask("POST", key + "/quarantine"),
                             ask("GET", key + "/moves"),
                             ask("POST", key + "/quarantine/undo")}) {
        ASSERT_EQ(said.status, 200) << said.text;
        EXPECT_EQ(said.body.at("hiddenMoves").to_number<int>(), 1) << said.text;
        EXPECT_FALSE(said.text.contains("secret-plan"));
        EXPECT_FALSE(said.text.contains(theirs.str("projectId")));
    }
    const std::string root = add_key(admin_, auth::Scopes::all());
    const Said undone = as(root, "POST", key + "/quarantine/undo");
    EXPECT_EQ(undone.body.at("undone").to_number<int>(), 1) << undone.text;
}

}  // namespace
}  // namespace origin::api
