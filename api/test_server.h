// SPDX-License-Identifier: Apache-2.0
// api/test_server: what the API's tests share: an API over a store in memory and packs in a
// temporary folder, a clock that ticks when it is read, and an engine that writes one file.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "api/api.h"
#include "api/in_process.h"
#include "auth/accounts.h"
#include "auth/key_text.h"
#include "deploy/worker.h"
#include "generator/run_worker.h"
#include "hooks/protected_branches.h"
#include "hooks/push_plan.h"
#include "hooks/push_rules.h"
#include "store/jobs.h"
#include "store/memory_store.h"
#include "store/rows/access.h"

namespace origin::api {

/// Every look at it is one second later, so that deadlines pass without waiting.
class TickingClock final : public Clock {
public:
    UnixMillis now() const override { return 1'800'000'000'000 + 1000 * ++ticks_; }
    std::chrono::steady_clock::time_point steady() const override {
        return std::chrono::steady_clock::time_point(std::chrono::seconds(++ticks_));
    }

private:
    mutable std::atomic<std::int64_t> ticks_{0};
};

/// Stands still until it is moved.
class StillClock final : public Clock {
public:
    UnixMillis now() const override { return 0; }
    std::chrono::steady_clock::time_point steady() const override { return at; }
    std::chrono::steady_clock::time_point at{std::chrono::hours(1)};
};

/// "build X": a tree with app.txt = "X" and two files beside it. Anything else is not understood.
class OneFileEngine final : public generator::Engine {
public:
    std::string_view name() const override { return "blueprint"; }
    std::string_view version() const override { return "0.0.1"; }
    Result<generator::EngineOutput> generate(const generator::EngineInput& input) const override {
        constexpr std::string_view kBuild = "build ";
        if (!input.requirement.starts_with(kBuild)) {
            return std::unexpected(
                Error(Code::InvalidInput, "this is not a web app").because("not_generated"));
        }
        const std::string what = input.requirement.substr(kBuild.size());
        generator::EngineOutput output;
        output.title = "Build " + what;
        output.project_name = what + " app";
        output.summary = "One file.";
        output.pristine = {{"app.txt", what + "\n"},
                           {"index.html", "<h1>" + what + "</h1>\n"},
                           {"notes/README.md", "# app\n"}};
        output.traceability = {
            {"L1", input.requirement, generator::LineStatus::Implemented, "", {"file:app.txt"}}};
        output.checks = {{"tests", true, ""}};
        return output;
    }
};

class TestFolder {
public:
    TestFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "origin-XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        path_ = name;
    }
    ~TestFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// An answer with its body read.
struct Said {
    int status = 0;
    boost::json::object body;
    std::string text;
    std::vector<net::Header> headers;

    std::string str(std::string_view name) const {
        const boost::json::value* value = body.if_contains(name);
        return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
    }
    std::string code() const { return str("code"); }
    std::string header(std::string_view name) const {
        for (const net::Header& header : headers) {
            if (header.name == name) {
                return header.value;
            }
        }
        return "";
    }
};

class TestServer : public testing::Test {
protected:
    TestServer() {
        admin_ = add_client("root", true);
        client_ = add_client("acme", false);
        key_ = add_key(client_, auth::Scopes::all());
    }

    ClientId add_client(const std::string& slug, bool admin) {
        const ClientId id = ClientId::make(clock_, random_);
        EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(auth::create_client(
                writer,
                {.id = id, .slug = slug, .name = {}, .email = {}, .admin = admin, .now = 1}));
            return {};
        }));
        return id;
    }

    std::string add_key(const ClientId& client,
                        auth::Scopes scopes,
                        std::vector<ProjectId> projects = {}) {
        const KeyId id = KeyId::make(clock_, random_);
        const auth::NewKey key{.id = id,
                               .text = auth::make_key_text(id, random_),
                               .client = client,
                               .title = "test",
                               .scopes = scopes,
                               .projects = std::move(projects),
                               .expires_at = 0,
                               .now = 1};
        EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(auth::create_key(writer, key));
            return {};
        }));
        return key.text.reveal();
    }

    /// A call with `key_` over the network; `headers` may replace what it would send.
    Said ask(std::string_view method,
             std::string_view target,
             std::string_view body = {},
             std::vector<net::Header> headers = {}) {
        return ask_as(key_, method, target, body, std::move(headers));
    }
    Said ask_as(const std::string& key,
                std::string_view method,
                std::string_view target,
                std::string_view body = {},
                std::vector<net::Header> headers = {}) {
        InProcessCall wanted{.method = std::string(method),
                             .target = std::string(target),
                             .headers = std::move(headers),
                             .body = std::string(body),
                             .local_operator = false,
                             .peer = "192.0.2.1"};
        wanted.headers.push_back({"Content-Type", "application/json"});
        wanted.headers.push_back({"Authorization", "Bearer " + key});
        return read(call(*api_, *store_, wanted));
    }
    Said ask_operator(std::string_view method,
                      std::string_view target,
                      std::string_view body = {}) {
        return read(call(*api_, *store_, method, target, body));
    }

    static Said read(net::Response response) {
        Said said{.status = response.status,
                  .body = {},
                  .text = response.body,
                  .headers = response.headers};
        boost::system::error_code error;
        const boost::json::value value = boost::json::parse(response.body, error);
        if (!error && value.is_object()) {
            said.body = value.as_object();
        }
        return said;
    }

    /// Does every waiting job of a kind.
    void work_off(std::string_view kind) {
        while (true) {
            std::optional<store::Job> job;
            EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
                ORIGIN_TRY(claimed,
                           store::claim(writer,
                                        {.kind = kind,
                                         .now = clock_.now(),
                                         .lease = Milliseconds(1'000'000),
                                         .owner = 1}));
                job = claimed;
                return {};
            }));
            if (!job) {
                return;
            }
            const Status done =
                kind == generator::kRunJob ? worker_.work(*job) : deployer_.work(*job);
            EXPECT_TRUE(done) << done.error().told_to_peer();
        }
    }
    void work_off_all() {
        work_off(generator::kRunJob);
        work_off("deploy");
    }

    std::size_t rows_in(store::Table table) {
        std::size_t count = 0;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) {
            count = 0;
            return reader.scan(
                table, {}, [&](std::string_view, std::string_view) { return ++count > 0; });
        }));
        return count;
    }

    std::string requirement(std::string_view text, std::string_view more = {}) const {
        return R"({"clientId":")" + client_.str() + R"(","requirements":")" + std::string(text) +
               "\"" + std::string(more) + "}";
    }

    /// A project with one committed run, live on `production`.
    Said made_app(const std::string& what = "shop") {
        const Said posted =
            ask("POST",
                "/api/requirements",
                requirement("build " + what, R"(,"deployment":{"platform":"local"})"));
        EXPECT_EQ(posted.status, 202) << posted.text;
        work_off_all();
        return ask("GET", "/api/requirements/" + posted.str("requestId"));
    }

    std::unique_ptr<auth::RateLimits> made_limits(const auth::Rates& rates) {
        return std::make_unique<auth::RateLimits>(rates, limits_clock_, random_, metrics_);
    }
    std::unique_ptr<Api> made_api() {
        return std::make_unique<Api>(Around{.store = *store_,
                                            .storage = storage_,
                                            .pushes = pushes_,
                                            .gatekeeper = gatekeeper_,
                                            .limits = *limits_,
                                            .runs = runs_,
                                            .urls = urls_,
                                            .preview_links = links_,
                                            .outbound = {},
                                            .connectors = connectors_,
                                            .master_key = master_key_,
                                            .clock = clock_,
                                            .random = random_,
                                            .log = log_,
                                            .metrics = metrics_,
                                            .server_version = "0.0.1"});
    }
    /// From here on these limits are in force.
    void limit(const auth::Rates& rates) {
        limits_ = made_limits(rates);
        api_ = made_api();
    }

    TickingClock clock_;
    StillClock limits_clock_;
    SystemRandom random_;
    Log log_{2, LogFormat::Text, Level::Error, clock_};
    Metrics metrics_;
    TestFolder folder_;
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    git::Storage storage_{folder_.path()};
    auth::Gatekeeper gatekeeper_{*store_, clock_, metrics_};
    hooks::ProtectedBranches protected_branches_;
    hooks::PushRules push_rules_{*store_, clock_};
    hooks::PushPlan plan_;
    git::PushService pushes_{{.store = *store_,
                              .storage = storage_,
                              .gatekeeper = gatekeeper_,
                              .clock = clock_,
                              .schedule = clock_,
                              .random = random_,
                              .metrics = metrics_,
                              .gates = {&protected_branches_, &push_rules_},
                              .planner = &plan_}};
    OneFileEngine engine_;
    generator::Runs runs_{{.pushes = pushes_,
                           .gatekeeper = gatekeeper_,
                           .clock = clock_,
                           .random = random_,
                           .engines = {{"blueprint", &engine_}}}};
    generator::RunWorker worker_{{.runs = runs_,
                                  .pushes = pushes_,
                                  .gatekeeper = gatekeeper_,
                                  .log = log_,
                                  .server_version = "0.0.1"}};
    const Secret master_key_{"abcdefghijklmnopqrstuvwxyz012345"};
    const net::HttpClient http_client_{net::ClientSettings{}};
    const deploy::Connectors connectors_{http_client_, {}};
    auth::Urls urls_ = *auth::Urls::make("http://127.0.0.1:8080", "localhost");
    auth::PreviewLinks links_{Secret("0123456789abcdef0123456789abcdef")};
    deploy::DeployWorker deployer_{{.store = *store_,
                                    .storage = storage_,
                                    .urls = urls_,
                                    .clock = clock_,
                                    .schedule = clock_,
                                    .random = random_,
                                    .log = log_,
                                    .connectors = connectors_,
                                    .client = http_client_,
                                    .master_key = master_key_}};
    std::unique_ptr<auth::RateLimits> limits_ = made_limits({});
    std::unique_ptr<Api> api_ = made_api();
    ClientId admin_;
    ClientId client_;
    std::string key_;
};

}  // namespace origin::api
