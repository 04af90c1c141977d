// SPDX-License-Identifier: Apache-2.0
// Goal: each change of access is told to those it concerns and to nobody else, without a secret.
// Method: every such call made once; the log read by an admin, its client, a stranger, a bound key;
// the whole log searched for every key and secret that was shown.
#include <regex>
#include <set>

#include "api/test_server.h"

namespace origin::api {
namespace {

class AuditLog : public TestServer {
protected:
    Said as_admin(std::string_view method, std::string_view target, std::string_view body = {}) {
        return ask(method, target, body, {{"Authorization", "Bearer " + admin_key_}});
    }
    /// The types on one page of `target`, newest first.
    std::vector<std::string> types(const Said& said) {
        std::vector<std::string> types;
        EXPECT_EQ(said.status, 200) << said.text;
        for (const auto& row : said.body.at("audit").as_array()) {
            types.emplace_back(row.at("type").as_string());
        }
        return types;
    }
    static boost::json::object row(const Said& said, std::string_view type) {
        for (const auto& each : said.body.at("audit").as_array()) {
            if (each.at("type").as_string() == type) {
                return each.as_object();
            }
        }
        ADD_FAILURE() << "no " << type << " in " << said.text;
        return {};
    }
    void keep_secret(const Said& said) {
        for (const char* name : {"key", "secret"}) {
            if (!said.str(name).empty()) {
                secrets_.push_back(said.str(name));
            }
        }
    }

    std::string admin_key_ = add_key(admin_, auth::Scopes::all());
    std::vector<std::string> secrets_;
};

TEST_F(AuditLog, EveryChangeOfAccessIsToldWithoutSecrets) {
    const Said client = as_admin("POST", "/api/clients", R"({"slug":"guest"})");
    const std::string guest = client.str("clientId");
    as_admin("PATCH", "/api/clients/" + guest, R"({"slug":"guests","disabled":true})");
    const Said key = ask("POST", "/api/keys", R"({"title":"ci","scopes":["git:read"]})");
    ASSERT_EQ(key.status, 201) << key.text;
    keep_secret(key);
    // Somebody pastes a key where a title belongs.
    keep_secret(
        ask("POST", "/api/keys", R"({"title":")" + key.str("key") + R"(","scopes":["git:read"]})"));
    ask("POST", "/api/keys/" + key.str("keyId") + "/revoke");
    const Said project = ask("POST", "/api/projects", R"({"name":"shop","key":true})");
    ASSERT_EQ(project.status, 201) << project.text;
    keep_secret(project);
    const std::string p = "/api/projects/" + project.str("projectId");
    ask("PATCH", p, R"({"public":true,"protectedBranches":["main"]})");
    EXPECT_EQ(ask("PUT", p + "/grants/guests", R"({"access":"read"})").status, 200);
    EXPECT_EQ(ask("DELETE", p + "/grants/guests").status, 204);
    EXPECT_EQ(ask("PUT", p + "/targets/production", R"({"connector":"local"})").status, 200);
    EXPECT_EQ(ask("PUT", p + "/rules", R"({"pattern":"main","target":"production"})").status, 200);
    EXPECT_EQ(ask("DELETE", p + "/rules?pattern=main&target=production").status, 204);
    const Said hook =
        ask("POST", p + "/webhooks", R"({"url":"https://me:pw1234@93.184.216.34/token5678?x=y"})");
    if (hook.status == 201) {
        keep_secret(hook);
        ask("DELETE", p + "/webhooks/" + hook.str("id"));
    }
    EXPECT_EQ(ask("DELETE", p).status, 204);
    as_admin("DELETE", "/api/clients/" + guest);

    const Said all = as_admin("GET", "/api/audit?limit=200");
    const auto seen = types(all);
    const std::set<std::string> kinds(seen.begin(), seen.end());
    for (const char* type : {"client.created",
                             "client.changed",
                             "client.deleted",
                             "key.created",
                             "key.revoked",
                             "project.changed",
                             "project.deleted",
                             "grant.set",
                             "grant.removed",
                             "target.set",
                             "rule.set",
                             "rule.removed"}) {
        EXPECT_TRUE(kinds.contains(type)) << type;
    }
    EXPECT_EQ(seen.front(), "client.deleted") << "newest first";
    const auto revoked = row(all, "key.revoked");
    EXPECT_EQ(revoked.at("subject").as_string(), key.str("keyId"));
    EXPECT_EQ(revoked.at("actor").at("clientId").as_string(), client_.str());
    EXPECT_EQ(revoked.at("actor").at("via").as_string(), "api");
    EXPECT_EQ(revoked.at("actor").at("from").as_string(), "192.0.2.1");
    EXPECT_EQ(revoked.at("details").at("scopes").as_string(), "git:read");

    ASSERT_GE(secrets_.size(), 3U);
    secrets_.insert(secrets_.end(), {key_, admin_key_, "pw1234", "token5678"});
    EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
        for (const store::Table table : {store::Table::Audit, store::Table::Events}) {
            ORIGIN_CHECK(reader.scan(table, {}, [&](std::string_view, std::string_view value) {
                for (const std::string& secret : secrets_) {
                    EXPECT_FALSE(value.contains(secret)) << secret;
                }
                return true;
            }));
        }
        return {};
    }));
    const std::regex key_text("ogk_[0-9A-Za-z]{71}");
    EXPECT_FALSE(std::regex_search(all.text, key_text));
}

TEST_F(AuditLog, OthersSeeWhatConcernsThemAndNoForeignAddress) {
    const ClientId other = add_client("other", false);
    const std::string other_key = add_key(other, auth::Scopes::all());
    const std::vector<net::Header> as_other = {{"Authorization", "Bearer " + other_key}};
    const std::string p =
        "/api/projects/" + ask("POST", "/api/projects", R"({"name":"shop"})").str("projectId");
    ask("POST", "/api/keys", R"({"title":"mine","scopes":["git:read"]})");
    EXPECT_TRUE(types(ask("GET", "/api/audit", "", as_other)).empty());

    ask("PUT", p + "/grants/other", R"({"access":"write"})");
    ask("PUT", p + "/targets/production", R"({"connector":"local"})");
    const Said granted = ask("GET", "/api/audit", "", as_other);
    EXPECT_EQ(types(granted), std::vector<std::string>{"grant.set"});
    EXPECT_TRUE(row(granted, "grant.set").at("actor").at("from").is_null())
        << "where its owner sits is nobody's business";
    ask("PUT", p + "/grants/other", R"({"access":"admin"})");
    const Said wider = ask("GET", "/api/audit", "", as_other);
    EXPECT_EQ(types(wider), (std::vector<std::string>{"grant.set", "target.set", "grant.set"}))
        << "who administrates a project sees what was changed in it, not the owner's keys";
    EXPECT_EQ(ask("GET", "/api/audit?clientId=" + client_.str(), "", as_other).code(),
              "client_mismatch");
    EXPECT_EQ(ask("GET", "/api/audit?clientId=" + other.str(), "", as_other).status, 200);

    const auto project = ProjectId::parse(p.substr(p.rfind('/') + 1));
    const std::string bound = add_key(client_, auth::Scopes::all(), {*project});
    for (const std::string& type :
         types(ask("GET", "/api/audit", "", {{"Authorization", "Bearer " + bound}}))) {
        EXPECT_NE(type, "key.created") << "a bound key sees its project alone";
    }
    const std::string reader =
        add_key(client_, auth::Scopes(static_cast<std::uint32_t>(auth::Scope::GitRead)));
    EXPECT_EQ(ask("GET", "/api/audit", "", {{"Authorization", "Bearer " + reader}}).status, 403);
}

TEST_F(AuditLog, TheEventStreamShowsNoneOfIt) {
    ask("POST", "/api/keys", R"({"title":"mine","scopes":["git:read"]})");
    const Said events = as_admin("GET", "/api/events");
    EXPECT_EQ(events.status, 200);
    EXPECT_FALSE(events.text.contains("key.created"));
}

TEST_F(AuditLog, PagesFiltersAndBadQuestions) {
    for (int i = 0; i < 5; ++i) {
        ask("POST", "/api/keys", R"({"title":"mine","scopes":["git:read"]})");
    }
    ask("POST", "/api/projects", R"({"name":"shop","key":true})");
    std::set<std::int64_t> numbers;
    std::string cursor;
    for (int page = 0; page < 10; ++page) {
        const Said said = ask("GET", "/api/audit?limit=2" + cursor);
        ASSERT_EQ(said.status, 200) << said.text;
        for (const auto& each : said.body.at("audit").as_array()) {
            EXPECT_TRUE(numbers.insert(each.at("number").to_number<std::int64_t>()).second);
        }
        if (said.str("nextCursor").empty()) {
            break;
        }
        cursor = "&cursor=" + said.str("nextCursor");
    }
    EXPECT_EQ(numbers.size(), 6U);
    EXPECT_EQ(types(ask("GET", "/api/audit?type=key.*")).size(), 6U);
    EXPECT_EQ(types(ask("GET", "/api/audit?type=grant.*")).size(), 0U);
    const std::string third(ask("GET", "/api/audit").body.at("audit").at(2).at("time").as_string());
    EXPECT_EQ(types(ask("GET", "/api/audit?since=" + third)).size(), 3U);
    EXPECT_EQ(types(ask("GET", "/api/audit?since=1h")).size(), 6U);
    EXPECT_EQ(types(ask("GET", "/api/audit?since=0s")).size(), 0U);
    for (const char* since : {"h", "1", "1w", "-1h", "99999999999999999999d", "yesterday", "1h1"}) {
        EXPECT_EQ(ask("GET", std::string("/api/audit?since=") + since).code(), "bad_time") << since;
    }
    EXPECT_EQ(ask("GET", "/api/audit?cursor=x").code(), "bad_cursor");
    EXPECT_EQ(ask("GET", "/api/audit?limit=0").code(), "bad_limit");
    EXPECT_EQ(ask("GET", "/api/audit?clientId=cli_x").code(), "client_mismatch");
    EXPECT_EQ(ask("POST", "/api/audit", "{}").status, 405);
}

}  // namespace
}  // namespace origin::api
