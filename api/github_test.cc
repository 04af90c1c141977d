// SPDX-License-Identifier: Apache-2.0
// Goal: tools that speak GitHub's deployments API see and make ours, and a commit's statuses say
// what became of them. Method: a `local` target, asked at GitHub's paths.
#include <boost/json.hpp>

#include "api/test_server.h"

namespace origin::api {
namespace {

namespace json = boost::json;

class Github : public TestServer {
protected:
    void SetUp() override {
        const Said made = ask("POST", "/api/projects", R"({"name":"site"})");
        ASSERT_EQ(made.status, 201) << made.text;
        project_ = "/api/projects/" + made.str("projectId");
        ASSERT_EQ(ask("PUT", project_ + "/targets/production", R"({"connector":"local"})").status,
                  200);
        ASSERT_EQ(
            ask("PUT", project_ + "/rules", R"({"pattern":"main","target":"production"})").status,
            200);
        const Said commit = ask("POST",
                                project_ + "/commits",
                                R"({"branch":"main","message":"one","files":[
                                    {"action":"create","path":"index.html","content":"1"}]})");
        ASSERT_EQ(commit.status, 201) << commit.text;
        commit_ = commit.str("commit");
    }
    json::array list(const std::string& query = "") {
        const Said said = ask("GET", base_ + query);
        EXPECT_EQ(said.status, 200) << said.text;
        return json::parse(said.text).as_array();
    }
    std::string state_of_commit() {
        const Said said = ask("GET", project_ + "/commits/" + commit_ + "/statuses");
        const json::array& statuses = said.body.at("statuses").as_array();
        return statuses.empty() ? "" : std::string(statuses.at(0).at("state").as_string());
    }

    const std::string base_ = "/api/v3/repos/acme/site/deployments";
    std::string project_;
    std::string commit_;
};

TEST_F(Github, WhatAPushDeploysIsListedShownAndHasStates) {
    EXPECT_EQ(state_of_commit(), "pending");
    work_off("deploy");
    EXPECT_EQ(state_of_commit(), "success");
    const json::array all = list();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all.at(0).at("sha").as_string(), commit_);
    EXPECT_EQ(all.at(0).at("ref").as_string(), "refs/heads/main");
    EXPECT_EQ(all.at(0).at("environment").as_string(), "production");
    const std::string number = std::to_string(all.at(0).at("id").as_int64());
    const std::string node(all.at(0).at("node_id").as_string());
    for (const std::string& name : {number, node}) {
        const Said one = ask("GET", base_ + "/" + name);
        EXPECT_EQ(one.status, 200) << one.text;
        EXPECT_EQ(one.str("node_id"), node);
        const json::array states =
            json::parse(ask("GET", base_ + "/" + name + "/statuses").text).as_array();
        ASSERT_EQ(states.size(), 2U);
        EXPECT_EQ(states.at(0).at("state").as_string(), "success");
        EXPECT_EQ(states.at(0).at("environment_url").as_string(), "http://site.localhost:8080/");
        EXPECT_EQ(states.at(1).at("state").as_string(), "queued");
    }
    EXPECT_EQ(list("?ref=main&sha=" + commit_ + "&environment=production").size(), 1U);
    EXPECT_EQ(list("?ref=other").size(), 0U);
    EXPECT_EQ(list("?environment=staging").size(), 0U);
    EXPECT_EQ(list("?page=2&per_page=1").size(), 0U);
}

TEST_F(Github, ADeploymentIsMadeOfARef) {
    work_off("deploy");
    const Said made =
        ask("POST", base_, R"({"ref":"main","auto_merge":false,"required_contexts":[]})");
    ASSERT_EQ(made.status, 201) << made.text;
    EXPECT_EQ(made.str("sha"), commit_);
    work_off("deploy");
    EXPECT_EQ(list().size(), 2U);
    const Said live = ask("GET", project_ + "/targets/production");
    EXPECT_EQ(live.str("live"), made.str("node_id"));
    EXPECT_EQ(live.body.at("releases").as_int64(), 2);
}

TEST_F(Github, WhatIsWrongIsRefused) {
    EXPECT_EQ(ask("POST", base_, R"({"ref":"nothing"})").code(), "ref_not_found");
    EXPECT_EQ(ask("POST", base_, R"({"ref":"main","environment":"moon"})").status, 404);
    EXPECT_EQ(ask("POST", base_, R"({"ref":"main","required_contexts":["ci/build"]})").code(),
              "statuses_missing");
    EXPECT_EQ(ask("POST", base_, R"({"ref":"main","odd":1})").code(), "unknown_field");
    EXPECT_EQ(ask("GET", base_ + "?page=0").code(), "bad_limit");
    EXPECT_EQ(ask("GET", base_ + "/12345").status, 404);
    EXPECT_EQ(ask("GET", "/api/v3/repos/acme/other/deployments").status, 404);
    const std::string reader = add_key(client_, *auth::Scopes::parse({"git:read"}));
    EXPECT_EQ(ask_as(reader, "POST", base_, R"({"ref":"main"})").status, 403);
    EXPECT_EQ(ask("POST",
                  project_ + "/commits/" + commit_ + "/statuses",
                  R"({"context":"deploy/production","state":"success"})")
                  .code(),
              "reserved_context");
}

}  // namespace
}  // namespace origin::api
