// SPDX-License-Identifier: Apache-2.0
// Goal: the main story works through the API alone: a requirement becomes a commit, is deployed,
// grows a feature, is merged, rolled back, reverted; and events tell of it.
// Method: a whole API over a store in memory; jobs are done by hand between the calls.
#include <future>
#include <set>

#include "api/test_server.h"
#include "store/event_log.h"

namespace origin::api {
namespace {

class Story : public TestServer {
protected:
    std::string file(const std::string& project, const std::string& query) {
        return ask("GET", "/api/projects/" + project + "/file?" + query).text;
    }
    std::string live(const std::string& project) {
        const Said said = ask("GET", "/api/projects/" + project + "/targets/production");
        return said.str("live");
    }
};

TEST_F(Story, ARequirementBecomesACommitAndIsLive) {
    const Said posted = ask("POST",
                            "/api/requirements",
                            requirement("build shop", R"(,"deployment":{"platform":"local"})"));
    ASSERT_EQ(posted.status, 202) << posted.text;
    EXPECT_EQ(posted.str("status"), "pending");
    EXPECT_EQ(posted.str("branch"), "main");
    EXPECT_EQ(posted.str("codeUrl"), "http://127.0.0.1:8080/acme/shop-app.git");
    EXPECT_TRUE(posted.str("previewUrl")
                    .starts_with("http://b-main--shop-app.localhost:8080/?origin_ticket="));
    EXPECT_EQ(posted.header("Location"), "/api/requirements/" + posted.str("requestId"));

    work_off(generator::kRunJob);
    const std::string self = "/api/requirements/" + posted.str("requestId");
    EXPECT_EQ(ask("GET", self).str("status"), "pending") << "its deployment is not live yet";
    work_off("deploy");
    const Said done = ask("GET", self);
    EXPECT_EQ(done.str("status"), "complete");
    EXPECT_EQ(done.str("state"), "committed");
    EXPECT_EQ(done.str("deploymentUrl"), "http://shop-app.localhost:8080/");
    EXPECT_EQ(done.body.at("deployment").at("state").as_string(), "live");
    EXPECT_EQ(done.body.at("counts").at("implemented").as_int64(), 1);
    EXPECT_TRUE(done.str("previewUrl")
                    .starts_with("http://c-" + done.str("commit").substr(0, 12) +
                                 "--shop-app.localhost:8080/?"));
    EXPECT_EQ(file(done.str("projectId"), "path=app.txt"), "shop\n");
}

TEST_F(Story, PreferWaitHoldsUntilItIsLive) {
    auto waiting = std::async(std::launch::async, [this] {
        return ask("POST",
                   "/api/requirements",
                   requirement("build shop", R"(,"deployment":{"platform":"local"})"),
                   {{"Prefer", "respond-async, wait=60"}});
    });
    while (rows_in(store::Table::Runs) == 0) {
        store_->wait_for_change(store_->version(), Milliseconds(5));
    }
    work_off_all();
    const Said said = waiting.get();
    EXPECT_EQ(said.status, 200) << said.text;
    EXPECT_EQ(said.str("status"), "complete");
    EXPECT_EQ(said.header("Preference-Applied"), "wait=60");
}

TEST_F(Story, PreferWaitGivesUpInTime) {
    const Said said =
        ask("POST", "/api/requirements", requirement("build shop"), {{"Prefer", "wait=3"}});
    EXPECT_EQ(said.status, 202) << said.text;
    EXPECT_EQ(said.str("status"), "pending");
}

TEST_F(Story, ADryRunStoresNothing) {
    const Said said =
        ask("POST", "/api/requirements", requirement("build shop", R"(,"dryRun":true)"));
    EXPECT_EQ(said.status, 200) << said.text;
    EXPECT_EQ(said.body.at("files").as_array().size(), 3U);
    EXPECT_EQ(said.body.at("traceability").as_array().size(), 1U);
    EXPECT_EQ(rows_in(store::Table::Runs), 0U);
    EXPECT_EQ(rows_in(store::Table::Projects), 0U);
    EXPECT_EQ(rows_in(store::Table::Events), 0U);
}

TEST_F(Story, AFeatureIsMergedRolledBackAndReverted) {
    const Said app = made_app();
    const std::string id = app.str("projectId");
    const std::string project = "/api/projects/" + id;
    const std::string first_live = live(id);
    const Said feature = ask(
        "POST", "/api/requirements", requirement("build store", ",\"projectId\":\"" + id + "\""));
    ASSERT_EQ(feature.status, 202) << feature.text;
    const std::string branch = feature.str("branch");
    EXPECT_TRUE(branch.starts_with("feature/build-store-")) << branch;
    work_off_all();
    EXPECT_EQ(file(id, "path=app.txt"), "shop\n") << "main is left alone";
    EXPECT_EQ(file(id, "path=app.txt&ref=" + branch), "store\n");

    const std::string wish = R"({"source":")" + branch + "\"";
    const Said preview = ask("POST", project + "/merge", wish + R"(,"preview":true})");
    EXPECT_EQ(preview.str("result"), "fast_forward") << preview.text;
    EXPECT_EQ(file(id, "path=app.txt"), "shop\n");
    const Said merged =
        ask("POST", project + "/merge", wish + "}", {{"Idempotency-Key", "merge-1"}});
    ASSERT_EQ(merged.status, 200) << merged.text;
    EXPECT_EQ(merged.body.at("deployments").as_array().size(), 1U);
    work_off_all();
    EXPECT_EQ(file(id, "path=app.txt"), "store\n");
    EXPECT_NE(live(id), first_live);
    const Said again =
        ask("POST", project + "/merge", wish + "}", {{"Idempotency-Key", "merge-1"}});
    EXPECT_EQ(again.text, merged.text);
    EXPECT_EQ(ask("POST", project + "/merge", wish + "}").str("result"), "already_merged");

    const Said back = ask("POST", project + "/deployments/" + first_live + "/rollback");
    ASSERT_EQ(back.status, 200) << back.text;
    EXPECT_EQ(back.str("state"), "live");
    EXPECT_EQ(back.str("commit"), app.str("commit"));
    EXPECT_EQ(live(id), back.str("id"));
    EXPECT_EQ(ask("GET", project + "/releases").body.at("releases").as_array().size(), 3U);
    // Rolling back what is live goes to the release before it.
    const Said forth = ask("POST", project + "/deployments/" + back.str("id") + "/rollback");
    EXPECT_EQ(forth.str("commit"), merged.str("commit")) << forth.text;

    const std::string run = "/api/requirements/" + feature.str("requestId");
    const Said reverted = ask("POST", run + "/revert", R"({"branch":"main"})");
    ASSERT_EQ(reverted.status, 201) << reverted.text;
    EXPECT_EQ(file(id, "path=app.txt"), "shop\n");
    EXPECT_EQ(ask("POST", run + "/revert", R"({"branch":"main"})").code(), "nothing_to_revert");
}

TEST_F(Story, TwinsWithOneIdempotencyKeyMergeAndCommitOnce) {
    const std::string id = made_app().str("projectId");
    const std::string project = "/api/projects/" + id;
    const std::size_t pushes = rows_in(store::Table::Pushes);
    const auto all_at_once = [&](const std::string& path, const std::string& body) {
        std::vector<std::future<Said>> asked;
        for (int i = 0; i < 6; ++i) {
            asked.push_back(std::async(std::launch::async, [&] {
                return ask("POST", project + path, body, {{"Idempotency-Key", "twin"}});
            }));
        }
        std::set<std::string> said;
        for (auto& answer : asked) {
            said.insert(answer.get().text);
        }
        EXPECT_EQ(said.size(), 1U) << *said.begin();
    };
    all_at_once("/commits",
                R"({"branch":"side","message":"m",
                    "files":[{"action":"create","path":"side.txt","content":"s"}]})");
    all_at_once("/merge", R"({"source":"side"})");
    EXPECT_EQ(rows_in(store::Table::Pushes), pushes + 2);
    EXPECT_EQ(file(id, "path=side.txt"), "s");
}

TEST_F(Story, ARollbackNeedsAnEarlierRelease) {
    const std::string id = made_app().str("projectId");
    const Said said = ask("POST", "/api/projects/" + id + "/deployments/" + live(id) + "/rollback");
    EXPECT_EQ(said.status, 409);
    EXPECT_EQ(said.code(), "no_earlier_release");
}

TEST_F(Story, ARunIsCancelledAndRetried) {
    const Said posted = ask("POST", "/api/requirements", requirement("build shop"));
    const std::string self = "/api/requirements/" + posted.str("requestId");
    EXPECT_EQ(ask("POST", self + "/retry").code(), "run_not_failed");
    const Said cancelled = ask("POST", self + "/cancel");
    EXPECT_EQ(cancelled.str("status"), "error") << cancelled.text;
    EXPECT_EQ(cancelled.body.at("error").at("code").as_string(), "cancelled");
    work_off_all();
    EXPECT_EQ(ask("GET", self).str("state"), "cancelled");
    EXPECT_EQ(ask("POST", self + "/revert").code(), "run_not_committed");
    const std::vector<net::Header> once = {{"Idempotency-Key", "r"}};
    EXPECT_EQ(ask("POST", self + "/retry", "", once).status, 202);
    EXPECT_EQ(ask("POST", self + "/retry", "", once).status, 202);
    work_off_all();
    EXPECT_EQ(ask("GET", self).str("state"), "committed");
    EXPECT_EQ(ask("POST", self + "/cancel").code(), "run_settled");
}

TEST_F(Story, ItsEventsAreStreamedAndResumed) {
    const Said app = made_app();
    const std::string stream = "/api/requirements/" + app.str("requestId") + "/events";
    const Said all = ask("GET", stream);
    EXPECT_EQ(all.header("Content-Type"), "text/event-stream");
    std::size_t place = 0;
    for (const char* type :
         {"run.pending", "run.committed", "deployment.queued", "deployment.live"}) {
        const std::size_t found = all.text.find("event: " + std::string(type) + "\n");
        EXPECT_NE(found, std::string::npos) << type << "\n" << all.text;
        place = std::max(place, found);
    }
    const std::size_t id = all.text.rfind("id: ", place);
    const std::string last = all.text.substr(id + 4, all.text.find('\n', id) - id - 4);
    EXPECT_EQ(ask("GET", stream, "", {{"Last-Event-ID", last}}).text, "");
    EXPECT_EQ(ask("GET", stream, "", {{"Last-Event-ID", "x"}}).code(), "bad_cursor");
}

TEST_F(Story, EventsComeInPagesAndOldCursorsExpire) {
    const std::string id = made_app().str("projectId");
    const Said first = ask("GET", "/api/events?limit=2");
    ASSERT_EQ(first.body.at("events").as_array().size(), 2U);
    EXPECT_EQ(first.body.at("events").at(0).at("type").as_string(), "project.created");
    const Said next = ask("GET", "/api/events?limit=2&after=" + first.str("nextCursor"));
    EXPECT_NE(next.body.at("events").at(0), first.body.at("events").at(0));
    EXPECT_FALSE(
        ask("GET", "/api/projects/" + id + "/events").body.at("events").as_array().empty());
    ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(store::trim_events(writer, INT64_MAX, 4));
        return {};
    }));
    const Said expired = ask("GET", "/api/events?after=" + first.str("nextCursor"));
    EXPECT_EQ(expired.status, 410) << expired.text;
    EXPECT_EQ(expired.code(), "cursor_expired");
    EXPECT_EQ(ask("GET", "/api/events").status, 200);
}

TEST_F(Story, AServerAdminActsForAClient) {
    const std::string wanted = requirement("build shop");
    const Said said = ask_operator("POST", "/api/requirements", wanted);
    EXPECT_EQ(said.status, 202) << said.text;
    EXPECT_EQ(said.str("clientId"), client_.str());
    const std::string key = add_key(admin_, auth::Scopes::all());
    EXPECT_EQ(ask_as(key, "POST", "/api/requirements", wanted).status, 202);
    EXPECT_EQ(ask_operator("GET", "/metrics").status, 200);
    EXPECT_EQ(ask_as(key, "GET", "/metrics").status, 200);
    work_off_all();
    EXPECT_EQ(ask("GET", "/api/requirements/" + said.str("requestId")).str("status"), "complete");
}

}  // namespace
}  // namespace origin::api
