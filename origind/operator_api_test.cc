// SPDX-License-Identifier: Apache-2.0
// Goal: only the operator at the socket reaches import and export, and gets a clear answer to
// every malformed request.
// Method: the handler alone, with a stand-in for the API behind it, over a real store in memory and
// real repositories in a temporary folder.
#include "origind/operator_api.h"

#include <gtest/gtest.h>

#include "api/in_process.h"
#include "git/odb/test_git.h"
#include "git/serve/import.h"
#include "git/serve/test_project.h"

namespace origin {
namespace {

class ApiBehind final : public net::Handler {
public:
    net::Begun begin(const net::RequestHead&) override {
        return net::Reply(net::Response{.status = 404, .body = "behind"});
    }
};

class Operator : public git::TestProject {
protected:
    net::Response post(const std::string& target, const std::string& body, bool local = true) {
        if (!handler_) {
            upkeep_ = std::make_unique<git::Upkeep>(
                git::Upkeep::Around{*store_, storage(), clock_, clock_, log_, metrics_});
            handler_ = std::make_unique<OperatorApi>(
                OperatorApi::Around{behind_, service(), *upkeep_, gatekeeper_, random_, clock_});
        }
        return api::call(*handler_,
                         *store_,
                         {.method = "POST",
                          .target = target,
                          .headers = {{"Content-Type", "application/json"}},
                          .body = body,
                          .local_operator = local});
    }
    void add_admin() {
        ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(auth::create_client(writer,
                                             {.id = ClientId::make(clock_, random_),
                                              .slug = "root",
                                              .name = {},
                                              .email = {},
                                              .admin = true,
                                              .now = 1}));
            return {};
        }));
    }

    ApiBehind behind_;
    Log log_{2, LogFormat::Text, Level::Error, clock_};
    std::unique_ptr<git::Upkeep> upkeep_;
    std::unique_ptr<OperatorApi> handler_;
};

TEST_F(Operator, NobodyElseLearnsOfIt) {
    EXPECT_EQ(post("/api/operator/export", R"({"folder":"/tmp/x"})", false).body, "behind");
    EXPECT_EQ(post("/api/operator/import", "{}", false).body, "behind");
    EXPECT_EQ(post("/api/operator/other", "{}").body, "behind");
    EXPECT_EQ(post("/api/operatorexport", "{}").body, "behind");
    EXPECT_EQ(post("/api/projects", "{}").body, "behind");
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

TEST_F(Operator, MalformedRequestsAreNamed) {
    add_admin();
    struct Row {
        const char* target;
        const char* body;
        const char* code;
    };
    const Row rows[] = {
        {"export", "", "missing_field"},
        {"export", "{", "bad_json"},
        {"export", R"({"folder":7})", "wrong_type"},
        {"export", R"({"folder":"/tmp/x","what":1})", "unknown_field"},
        {"export", R"({"folder":"relative"})", "bad_folder"},
        {"export", R"({"folder":""})", "bad_folder"},
        {"import", R"({"staged":"/tmp"})", "missing_field"},
        {"import", R"({"staged":"x","project":"p"})", "bad_folder"},
        {"import", R"({"staged":"/nonexistent","project":"p"})", "not_staged"},
        {"import", R"({"staged":"/tmp","project":"-"})", "bad_slug"},
        {"import", R"({"staged":"/tmp","project":"p","client":"nobody"})", "not_found"},
    };
    for (const Row& row : rows) {
        const net::Response answer = post(std::string("/api/operator/") + row.target, row.body);
        EXPECT_GE(answer.status, 400) << row.body;
        EXPECT_NE(answer.body.find("\"code\":\"" + std::string(row.code) + "\""), std::string::npos)
            << row.body << " " << answer.body;
    }
}

TEST_F(Operator, ImportsForTheNamedClientAndExportsAll) {
    add_admin();
    git::test::make_repository(folder_ / "work");
    std::filesystem::create_directories(folder_ / "staged");
    ASSERT_TRUE(git::stage_import(folder_ / "work", folder_ / "staged", {}));
    const std::string staged = "{\"staged\":\"" + (folder_ / "staged").string() + "\",";
    const auto mine = post("/api/operator/import", staged + R"("project":"one","client":"ann"})");
    EXPECT_EQ(mine.status, 201) << mine.body;
    EXPECT_NE(mine.body.find("\"name\":\"ann/one\""), std::string::npos) << mine.body;
    const auto by_id = post("/api/operator/import",
                            staged + R"("project":"two","client":")" + client_.str() + "\"}");
    EXPECT_EQ(by_id.status, 201) << by_id.body;
    const auto first_admin = post("/api/operator/import", staged + R"("project":"one"})");
    EXPECT_EQ(first_admin.status, 201) << first_admin.body;
    const auto twice = post("/api/operator/import", staged + R"("project":"one"})");
    EXPECT_EQ(twice.status, 409) << twice.body;

    const auto exported =
        post("/api/operator/export", "{\"folder\":\"" + (folder_ / "out").string() + "\"}");
    EXPECT_EQ(exported.status, 200) << exported.body;
    for (const char* name : {"ann/shop", "ann/one", "ann/two", "root/one"}) {
        EXPECT_EQ(git::test::run(folder_ / "out" / (std::string(name) + ".git"),
                                 "git fsck --full --strict")
                      .status,
                  0)
            << name;
    }
}

}  // namespace
}  // namespace origin
