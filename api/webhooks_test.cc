// SPDX-License-Identifier: Apache-2.0
// Goal: webhooks of a project and of a client are made, shown, rotated and resumed by those who
// may,
//       and by nobody else; no answer shows a secret twice.
// Method: the API in process; deliveries and states are put into the store as the delivery does.
#include "hooks/webhooks.h"

#include "api/test_server.h"
#include "hooks/webhook_delivery.h"
#include "hooks/webhook_secret.h"
#include "store/rows/keys.h"

namespace origin::api {
namespace {

class Webhooks : public TestServer {
protected:
    const std::string wish_ = R"({"url":"https://example.org/hook"})";

    std::string make_project() {
        return "/api/projects/" +
               ask("POST", "/api/projects", R"({"name":"files"})").str("projectId");
    }
    static WebhookId id_of(const Said& said) { return *WebhookId::parse(said.str("id")); }
    static ProjectId project_in(const std::string& path) {
        constexpr std::size_t kBefore = std::string_view("/api/projects/").size();
        return *ProjectId::parse(path.substr(kBefore, 4 + kIdDigits));
    }
    store::WebhookRow row(const hooks::WebhookScope& scope, const WebhookId& id) {
        store::WebhookRow found;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(read,
                       store::need_row<store::WebhookRow>(
                           reader, store::Table::Webhooks, hooks::webhook_key(scope, id), "none"));
            found = std::move(read);
            return {};
        }));
        return found;
    }
    void put(const hooks::WebhookScope& scope, const WebhookId& id, const store::WebhookRow& row) {
        EXPECT_TRUE(store_->write([&](store::Writer& writer) {
            return store::put_row(
                writer, store::Table::Webhooks, hooks::webhook_key(scope, id), row);
        }));
    }
    std::size_t jobs() {
        std::size_t count = 0;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) {
            return reader.scan(store::Table::Jobs, {}, [&](std::string_view, std::string_view row) {
                const auto job = store::decode<store::Job>(row);
                count += job && job->kind.starts_with("webhook") ? 1 : 0;
                return true;
            });
        }));
        return count;
    }
};

TEST_F(Webhooks, OfAClientAreItsOwn) {
    const Said made = ask("POST", "/api/webhooks", wish_);
    ASSERT_EQ(made.status, 201) << made.text;
    EXPECT_EQ(made.str("clientId"), client_.str());
    EXPECT_EQ(made.header("Location"), "/api/webhooks/" + made.str("id"));
    const std::string self = "/api/webhooks/" + made.str("id");
    EXPECT_EQ(ask("GET", self).str("state"), "active");
    EXPECT_EQ(ask("GET", "/api/webhooks").body.at("webhooks").as_array().size(), 1U);
    EXPECT_EQ(ask("GET", make_project() + "/webhooks/" + made.str("id")).status, 404);
    EXPECT_EQ(ask_operator("GET", self).status, 404) << "another client's";
    EXPECT_EQ(ask_operator("GET", self + "?clientId=" + client_.str()).status, 200);
    EXPECT_EQ(ask("GET", "/api/webhooks?clientId=" + admin_.str()).code(), "client_mismatch");
    EXPECT_EQ(ask("DELETE", self).status, 204);
    EXPECT_EQ(ask("GET", self).status, 404);
}

TEST_F(Webhooks, OfAClientNeedAKeyThatIsNotBound) {
    const std::string project = make_project();
    const std::string id = project_in(project).str();
    const auto key = [&](const std::string& more) {
        return ask("POST", "/api/keys", R"({"title":"k",)" + more + "}").str("key");
    };
    const std::string bound = key(R"("scopes":["deploy"],"projects":[")" + id + R"("])");
    const std::string reader = key(R"("scopes":["git:read"])");
    EXPECT_EQ(ask_as(bound, "POST", "/api/webhooks", wish_).status, 403);
    EXPECT_EQ(ask_as(bound, "POST", project + "/webhooks", wish_).status, 201);
    EXPECT_EQ(ask_as(reader, "POST", "/api/webhooks", wish_).status, 403);
    EXPECT_EQ(ask_as(reader, "POST", project + "/webhooks", wish_).status, 403);
}

TEST_F(Webhooks, AreMadeWithFiltersFormatAndSignature) {
    const std::string hooks = make_project() + "/webhooks";
    const Said made = ask("POST",
                          hooks,
                          R"({"url":"https://example.org/","events":["push"],
                              "refs":["feature/*","refs/tags/v*"],"format":"github"})");
    ASSERT_EQ(made.status, 201) << made.text;
    EXPECT_EQ(made.str("format"), "github");
    EXPECT_EQ(jobs(), 1U) << "a ping, as GitHub sends one";
    EXPECT_EQ(made.body.at("refs").as_array().at(0).as_string(), "refs/heads/feature/*");
    EXPECT_EQ(made.body.at("refs").as_array().at(1).as_string(), "refs/tags/v*");
    const Said ed = ask("POST", hooks, R"({"url":"https://example.org/","signature":"v1a"})");
    ASSERT_EQ(ed.status, 201) << ed.text;
    EXPECT_TRUE(ed.str("publicKey").starts_with("whpk_"));
    EXPECT_FALSE(ed.body.contains("secret")) << "the private key stays here";
    EXPECT_TRUE(ed.str("keysUrl").ends_with("/api/webhook-keys/" + project_in(hooks).str() + "/" +
                                            ed.str("id")));
    const auto refused = [&](const std::string& more) {
        return ask("POST", hooks, R"({"url":"https://example.org/",)" + more + "}").code();
    };
    EXPECT_EQ(refused(R"("format":"gitlab")"), "bad_format");
    EXPECT_EQ(refused(R"("signature":"v2")"), "bad_signature");
    EXPECT_EQ(refused(R"("signature":"v1a","format":"github")"), "bad_signature");
    EXPECT_EQ(refused(R"("refs":[""])"), "bad_ref_name");
    EXPECT_EQ(refused(R"("events":[""])"), "bad_name");
}

TEST_F(Webhooks, ARotationLeavesTheSecretBeforeItForAWhile) {
    const std::string project = make_project();
    const Said made = ask("POST", project + "/webhooks", wish_);
    const std::string rotate = project + "/webhooks/" + made.str("id") + "/rotate";
    const Said fresh = ask("POST", rotate, R"({"overlapSeconds":60})", {{"Idempotency-Key", "r"}});
    ASSERT_EQ(fresh.status, 200) << fresh.text;
    EXPECT_TRUE(fresh.str("secret").starts_with("whsec_"));
    EXPECT_NE(fresh.str("secret"), made.str("secret"));
    EXPECT_FALSE(fresh.str("previousUntil").empty());
    const Said again = ask("POST", rotate, R"({"overlapSeconds":60})", {{"Idempotency-Key", "r"}});
    EXPECT_TRUE(again.body.at("secret").is_null());
    const auto keys = hooks::open_signing_keys(Secret("abcdefghijklmnopqrstuvwxyz012345"),
                                               id_of(made),
                                               row(project_in(project), id_of(made)),
                                               clock_.now());
    ASSERT_TRUE(keys);
    EXPECT_EQ(keys->size(), 2U);
    const Said hard = ask("POST", rotate, R"({"overlapSeconds":0})");
    EXPECT_FALSE(hard.body.contains("previousUntil")) << "at once";
    EXPECT_EQ(ask("POST", rotate, R"({"overlapSeconds":604801})").status, 400);
}

TEST_F(Webhooks, AreResumed) {
    const std::string project = make_project();
    const Said made = ask("POST", project + "/webhooks", wish_);
    store::WebhookRow hook = row(project_in(project), id_of(made));
    hook.state = store::WebhookState::Paused;
    hook.reason = "too many failures";
    put(project_in(project), id_of(made), hook);
    const std::string self = project + "/webhooks/" + made.str("id");
    EXPECT_EQ(ask("GET", self).str("state"), "paused");
    EXPECT_EQ(ask("GET", self).str("reason"), "too many failures");
    const Said resumed = ask("POST", self + "/resume");
    EXPECT_EQ(resumed.str("state"), "active") << resumed.text;
    EXPECT_FALSE(resumed.body.contains("reason"));
    EXPECT_EQ(jobs(), 1U);
    EXPECT_EQ(ask("POST", project + "/webhooks/whk_x/resume").status, 404);
}

TEST_F(Webhooks, ArePingedOncePerKey) {
    const std::string project = make_project();
    const Said made = ask("POST", project + "/webhooks", wish_);
    const std::string ping = project + "/webhooks/" + made.str("id") + "/ping";
    const Said first = ask("POST", ping, "", {{"Idempotency-Key", "p"}});
    ASSERT_EQ(first.status, 202) << first.text;
    EXPECT_EQ(ask("POST", ping, "", {{"Idempotency-Key", "p"}}).text, first.text);
    EXPECT_EQ(jobs(), 1U);
}

TEST_F(Webhooks, ShowDeliveriesAndSendThemAgain) {
    const std::string project = make_project();
    const Said made = ask("POST", project + "/webhooks", wish_);
    const WebhookId id = id_of(made);
    ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
        // As version 1 wrote it: event 7, attempt 2, in the key; then one of now.
        ORIGIN_CHECK(writer.put(
            store::Table::Deliveries,
            store::key(id, std::uint64_t{7}, std::uint32_t{2}),
            std::string("\x01\0\0\0\4push\0\0\0\xcc\0\0\0\0\0\0\0\x0c\0\0\0\1\2\3\4\5", 29)));
        return hooks::note_delivery(writer,
                                    id,
                                    {.event_type = "push",
                                     .status = 500,
                                     .event = 9,
                                     .attempt = 3,
                                     .message_id = "evt_9",
                                     .request_head = "webhook-id: evt_9\n",
                                     .request_body = "{}",
                                     .response_body = "oops"});
    }));
    const std::string self = project + "/webhooks/" + made.str("id");
    const auto list = ask("GET", self).body.at("deliveries").as_array();
    ASSERT_EQ(list.size(), 2U);
    EXPECT_EQ(list[0].at("delivery"), 8);
    EXPECT_EQ(list[0].at("attempt"), 3);
    EXPECT_EQ(list[1].at("delivery"), 7);
    EXPECT_EQ(list[1].at("attempt"), 2) << "of version 1";
    EXPECT_FALSE(list[0].as_object().contains("request"));
    const Said whole = ask("GET", self + "/deliveries/8");
    ASSERT_EQ(whole.status, 200) << whole.text;
    EXPECT_EQ(whole.body.at("request").at("head").as_string(), "webhook-id: evt_9\n");
    EXPECT_EQ(whole.body.at("response").at("body").as_string(), "oops");
    for (const char* number : {"8", "7"}) {
        const Said again = ask("POST", self + "/deliveries/" + number + "/redeliver");
        EXPECT_EQ(again.status, 202) << again.text;
        EXPECT_EQ(again.str("messageId"), number[0] == '8' ? "evt_9" : "evt_7");
    }
    EXPECT_EQ(jobs(), 2U);
    for (const char* none : {"9", "0", "x", "8x", "99999999999999999999"}) {
        EXPECT_EQ(ask("GET", self + "/deliveries/" + none).status, 404) << none;
    }
}

TEST_F(Webhooks, TellOfThemselvesToThoseWhoMayDeploy) {
    const std::string project = make_project();
    ASSERT_TRUE(store_->write([&](store::Writer& writer) {
        return hooks::tell_of_webhook(writer,
                                      project_in(project),
                                      WebhookId(),
                                      {.state = store::WebhookState::Paused, .reason = "why"},
                                      5);
    }));
    const auto sees = [&](const Said& said) {
        return said.text.contains("webhook.paused");
    };
    EXPECT_TRUE(sees(ask("GET", project + "/events")));
    EXPECT_TRUE(sees(ask("GET", "/api/audit")));
    const Said other = ask_operator("POST", "/api/clients", R"({"slug":"guest"})");
    const std::string key = ask_operator("POST",
                                         "/api/keys",
                                         R"({"title":"g","scopes":["git:read"],"clientId":")" +
                                             other.str("clientId") + "\"}")
                                .str("key");
    const auto grant = [&](const std::string& access) {
        EXPECT_LT(ask("PUT",
                      project + "/grants/" + other.str("clientId"),
                      R"({"access":")" + access + "\"}")
                      .status,
                  300);
    };
    grant("write");
    EXPECT_FALSE(sees(ask_as(key, "GET", project + "/events")));
    grant("deploy");
    EXPECT_TRUE(sees(ask_as(key, "GET", project + "/events")));
}

}  // namespace
}  // namespace origin::api
