// SPDX-License-Identifier: Apache-2.0
// Goal: a project changes its owner whole or not at all, and nobody takes one that is not theirs.
// Method: refusals first; names, grants and keys before and after; a client deleted with its heir.
#include "api/test_server.h"

namespace origin::api {
namespace {

class Transfer : public TestServer {
protected:
    std::string make_project(const std::string& name, const std::string& key) {
        const Said made = ask_as(key, "POST", "/api/projects", R"({"name":")" + name + "\"}");
        EXPECT_EQ(made.status, 201) << made.text;
        return made.str("projectId");
    }
    Said give(const std::string& key, const std::string& project, const std::string& body) {
        return ask_as(key, "POST", "/api/projects/" + project + "/transfer", body);
    }
    int sees(const std::string& key, const std::string& name) {
        return ask_as(key, "GET", "/api/projects/" + name).status;
    }

    ClientId bob_ = add_client("bob", false);
    std::string bob_key_ = add_key(bob_, auth::Scopes::all());
    std::string admin_key_ = add_key(admin_, auth::Scopes::all());
};

TEST_F(Transfer, IsTheOwnersOrAServerAdminsAlone) {
    const std::string shop = make_project("shop", key_);
    EXPECT_EQ(give(bob_key_, shop, R"({"client":"bob"})").status, 404);
    ask("PUT", "/api/projects/" + shop + "/grants/bob", R"({"access":"admin"})");
    EXPECT_EQ(give(bob_key_, shop, R"({"client":"bob"})").status, 403) << "not even with `admin`";
    const std::string reader =
        add_key(client_, auth::Scopes(static_cast<std::uint32_t>(auth::Scope::GitRead)));
    EXPECT_EQ(give(reader, shop, R"({"client":"bob"})").status, 403);

    EXPECT_EQ(give(key_, shop, R"({"client":"nobody"})").code(), "client_not_found");
    EXPECT_EQ(give(key_, shop, R"({"client":"cli_x"})").code(), "client_not_found");
    EXPECT_EQ(give(key_, shop, R"({"client":"acme"})").code(), "already_owner");
    EXPECT_EQ(give(key_, shop, R"({"client":"bob","keep":"all"})").code(), "unknown_access");
    EXPECT_EQ(give(key_, shop, "{}").code(), "missing_field");
    const ClientId off = add_client("off", false);
    ask_as(admin_key_, "PATCH", "/api/clients/" + off.str(), R"({"disabled":true})");
    EXPECT_EQ(give(key_, shop, R"({"client":"off"})").code(), "client_disabled");
    make_project("shop", bob_key_);
    EXPECT_EQ(give(key_, shop, R"({"client":"bob"})").code(), "slug_taken");
    EXPECT_EQ(sees(key_, "acme%2Fshop"), 200) << "nothing of it happened";
    EXPECT_EQ(give(admin_key_, shop, R"({"client":"root"})").status, 200);
    const Said log = ask("GET", "/api/audit?type=project.transferred");
    ASSERT_EQ(log.body.at("audit").as_array().size(), 1U) << "who lost it sees who took it";
    const auto& details = log.body.at("audit").at(0).at("details");
    EXPECT_EQ(details.at("from").as_string(), client_.str());
    EXPECT_EQ(details.at("to").as_string(), admin_.str());
}

TEST_F(Transfer, MovesTheUrlAndKeepsTheRest) {
    const std::string shop = make_project("shop", key_);
    const ClientId eve = add_client("eve", false);
    const std::string eve_key = add_key(eve, auth::Scopes::all());
    ask("PUT", "/api/projects/" + shop + "/grants/eve", R"({"access":"read"})");
    ask("PUT", "/api/projects/" + shop + "/grants/bob", R"({"access":"write"})");
    const std::string site = ask("GET", "/api/projects/" + shop).str("site");

    const Said given = give(key_, shop, R"({"client":"bob"})");
    ASSERT_EQ(given.status, 200) << given.text;
    EXPECT_EQ(given.str("fullName"), "bob/shop");
    EXPECT_EQ(given.str("site"), site);
    EXPECT_EQ(sees(bob_key_, "bob%2Fshop"), 200);
    EXPECT_EQ(sees(bob_key_, "acme%2Fshop"), 404) << "the old name is of nothing";
    EXPECT_EQ(sees(eve_key, shop), 200) << "grants stay";
    EXPECT_EQ(sees(key_, shop), 404) << "the old owner keeps nothing";
    const Said grants = ask_as(bob_key_, "GET", "/api/projects/" + shop + "/grants");
    EXPECT_EQ(grants.body.at("grants").as_array().size(), 1U) << "an owner needs none";
    EXPECT_EQ(make_project("shop", key_).substr(0, 4), "prj_") << "the slug is free";

    ask_as(bob_key_,
           "POST",
           "/api/projects/" + shop + "/transfer",
           R"({"client":"eve","keep":"write"})");
    EXPECT_EQ(sees(bob_key_, "eve%2Fshop"), 200);
    const Said log = ask_as(admin_key_, "GET", "/api/audit?type=project.transferred");
    EXPECT_EQ(log.body.at("audit").as_array().size(), 4U) << "one for each side";
    const auto last = ask_as(bob_key_, "GET", "/api/audit?type=project.transferred&limit=1");
    const auto& row = last.body.at("audit").as_array().at(0);
    EXPECT_EQ(row.at("clientId").as_string(), eve.str()) << last.text;
    EXPECT_EQ(row.at("details").at("from").as_string(), bob_.str());
    const Said events = ask_as(eve_key, "GET", "/api/projects/" + shop + "/events");
    EXPECT_TRUE(events.text.contains("project.transferred"));
}

TEST_F(Transfer, AClientIsDeletedWithAnHeirOrNotAtAll) {
    const std::string first = make_project("first", bob_key_);
    make_project("second", bob_key_);
    const std::string path = "/api/clients/" + bob_.str();
    EXPECT_EQ(ask_as(admin_key_, "DELETE", path).code(), "client_owns_projects");
    EXPECT_EQ(ask_as(admin_key_, "DELETE", path + "?transferTo=nobody").code(), "client_not_found");
    EXPECT_EQ(ask_as(admin_key_, "DELETE", path + "?transferTo=bob").code(), "already_owner");
    EXPECT_EQ(ask("DELETE", path + "?transferTo=acme").status, 403);
    const std::string mine = make_project("second", key_);
    EXPECT_EQ(ask_as(admin_key_, "DELETE", path + "?transferTo=acme").code(), "slug_taken");
    EXPECT_EQ(sees(bob_key_, "bob%2Ffirst"), 200) << "all or nothing";
    EXPECT_EQ(ask("DELETE", "/api/projects/" + mine).status, 204);
    EXPECT_EQ(ask_as(admin_key_, "DELETE", path + "?transferTo=acme").status, 204);
    EXPECT_EQ(sees(key_, "acme%2Ffirst"), 200);
    EXPECT_EQ(sees(key_, "acme%2Fsecond"), 200);
    EXPECT_EQ(sees(bob_key_, first), 401);
}

}  // namespace
}  // namespace origin::api
