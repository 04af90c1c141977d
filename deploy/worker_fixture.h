// SPDX-License-Identifier: Apache-2.0
// deploy/worker_fixture: a connector that does what a test says, and a worker of it over a real
// project and a clock that the test moves.
#pragma once

#include <functional>
#include <utility>

#include "deploy/releases.h"
#include "deploy/worker.h"
#include "git/serve/test_project.h"
#include "hooks/deployment_orders.h"
#include "hooks/deployments.h"
#include "hooks/push_plan.h"
#include "hooks/target_secret.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::deploy {

/// Answers what `next` says, and notes what was asked.
class Scripted final : public Connector {
public:
    explicit Scripted(std::string_view name = "scripted") : name_(name) {}

    std::string_view name() const override { return name_; }
    Reveals reveals() const override { return revealed_by; }
    Status check(const TargetSettings& /*settings*/) const override { return {}; }
    Result<UploadPlan> plan(Task& task) override {
        calls.push_back("plan");
        secret = task.secret().reveal();
        ORIGIN_CHECK(task.pace({"2 an hour", paced ? 2U : 0U, std::chrono::hours(1)}));
        if (!plans.empty()) {
            auto answer = std::move(plans.front());
            plans.erase(plans.begin());
            return answer;
        }
        return UploadPlan{.parts = {{0}}};
    }
    Status upload(Task& /*task*/, const std::vector<std::size_t>& /*part*/) override {
        calls.push_back("upload");
        if (const auto once = std::exchange(during_upload, nullptr)) {
            once();
        }
        return {};
    }
    Status publish(Task& task) override {
        calls.push_back("publish");
        happen();
        if (!publishes.empty()) {
            const Status answer = std::move(publishes.front());
            publishes.erase(publishes.begin());
            return answer;
        }
        task.row().remote.id = "remote-" + task.id().str();
        return {};
    }
    Result<Poll> poll(Task& task) override {
        calls.push_back("poll");
        happen();
        if (!polls.empty()) {
            auto answer = std::move(polls.front());
            polls.erase(polls.begin());
            return answer;
        }
        if (revealed_by == Reveals::Poll && !task.may_go_live()) {
            return Poll{.state = Poll::State::Staged};
        }
        task.row().url = "https://live.example/";
        return Poll{.state = Poll::State::Live};
    }
    Status roll_back(Task& task, const store::RemoteDeployment& earlier) override {
        calls.push_back("roll_back " + earlier.id);
        task.row().remote.id = earlier.id;
        if (!rolls_back.empty()) {
            const Status answer = std::move(rolls_back.front());
            rolls_back.erase(rolls_back.begin());
            return answer;
        }
        return gone ? std::unexpected(Error(Code::NotFound, "gone")) : Status();
    }
    void cancel(Task& /*task*/) override { calls.push_back("cancel"); }
    Status remove(Task& task) override {
        calls.push_back("remove " + task.row().remote.id);
        return {};
    }

    std::vector<std::string> calls;
    std::vector<Result<UploadPlan>> plans;
    std::vector<Status> publishes;
    std::vector<Status> rolls_back;
    std::vector<Result<Poll>> polls;
    std::function<void()> meanwhile;  // Happens while the next publish() or poll() is at work.
    std::function<void()> during_upload;
    std::string secret;
    bool gone = false;
    bool paced = false;
    Reveals revealed_by = Reveals::Publish;

private:
    void happen() {
        if (const auto once = std::exchange(meanwhile, nullptr)) {
            once();
        }
    }

    std::string name_;
};

inline std::unexpected<Error> passing() {
    return std::unexpected(Error(Code::Unavailable, "the provider sleeps"));
}

class WorkerTest : public git::TestProject {
protected:
    void SetUp() override {
        git::TestProject::SetUp();
        planner_ = &plan_;
        auto scripted = std::make_unique<Scripted>();
        provider_ = scripted.get();
        connectors_.add(std::move(scripted));
        start();
        put_target("scripted");
        rule("refs/heads/main", false);
    }
    /// A server's life begins.
    void start() {
        worker_ = std::make_unique<DeployWorker>(DeployWorker::Around{.store = *store_,
                                                                      .storage = storage(),
                                                                      .urls = urls_,
                                                                      .clock = clock_,
                                                                      .schedule = clock_,
                                                                      .random = random_,
                                                                      .log = log_,
                                                                      .connectors = connectors_,
                                                                      .client = client_,
                                                                      .master_key = master_key_});
    }
    void put_target(const std::string& connector,
                    std::string_view name = store::kProductionTarget) {
        ASSERT_TRUE(store_->write([&](store::Writer& writer) {
            store::TargetRow row;
            row.connector = connector;
            row.sealed_secret =
                hooks::seal_target_secret(master_key_, project_, name, Secret("token"), random_);
            return store::put_row(
                writer, store::Table::Targets, store::target_key(project_, name), row);
        }));
    }
    void rule(const std::string& pattern,
              bool preview,
              std::string_view target = store::kProductionTarget) {
        ASSERT_TRUE(store_->write([&](store::Writer& writer) {
            return hooks::put_rule(writer, project_, {pattern, std::string(target), 0, preview});
        }));
    }
    DeploymentId push(const std::string& branch, const std::string& content) {
        const auto outcome =
            commit_file(branch, tip(branch).value_or(Oid{}), "index.html", content);
        EXPECT_TRUE(outcome && outcome->deployments.size() == 1);
        return outcome->deployments.front();
    }
    DeploymentId roll_back_to(const DeploymentId& earlier) {
        const auto id = DeploymentId::make(clock_, random_);
        EXPECT_TRUE(store_->write([&](store::Writer& writer) {
            return roll_back(writer, {id, project_, earlier, clock_.now()}, urls_);
        }));
        return id;
    }
    /// A deployment without a push.
    DeploymentId order(const Oid& commit) {
        const auto id = DeploymentId::make(clock_, random_);
        EXPECT_TRUE(store_->write([&](store::Writer& writer) {
            return hooks::order_deployment(writer,
                                           {.id = id,
                                            .project = project_,
                                            .target = std::string(store::kProductionTarget),
                                            .commit = commit,
                                            .ref = "refs/heads/main",
                                            .now = clock_.now()});
        }));
        return id;
    }
    Status cancel(const DeploymentId& id) {
        return store_->write([&](store::Writer& writer) {
            return hooks::cancel_deployment(writer, project_, id, clock_.now());
        });
    }
    Result<DeploymentId> retry(const DeploymentId& earlier) {
        const auto id = DeploymentId::make(clock_, random_);
        ORIGIN_CHECK(store_->write([&](store::Writer& writer) {
            return hooks::retry_deployment(writer, {id, project_, earlier, clock_.now()});
        }));
        return id;
    }
    void change_target(const std::function<void(store::TargetRow&)>& change,
                       std::string_view name = store::kProductionTarget) {
        ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            const std::string key = store::target_key(project_, name);
            ORIGIN_TRY(row,
                       store::need_row<store::TargetRow>(writer, store::Table::Targets, key, ""));
            change(row);
            return store::put_row(writer, store::Table::Targets, key, row);
        }));
    }
    bool delete_branch(const std::string& name) {
        auto draft = git::Draft::open(service(), permit());
        const auto outcome = (*draft)->push({.via = "api", .refs = {{name, *tip(name), Oid{}}}});
        return outcome && outcome->all_ok();
    }
    /// Claims and does the job if one is ready. Returns: was there one?
    bool work() {
        const auto job = claim(hooks::kDeployJob, clock_.now());
        if (job) {
            const Status done = worker_->work(*job);
            EXPECT_TRUE(done) << done.error().told_to_peer();
        }
        return job.has_value();
    }
    store::DeploymentRow row(const DeploymentId& id) {
        store::DeploymentRow found;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(read, hooks::need_deployment(reader, project_, id));
            found = read;
            return {};
        }));
        return found;
    }
    store::DeploymentState state(const DeploymentId& id) { return row(id).state; }
    std::size_t open() { return rows(store::Table::OpenDeployments); }
    void pass(std::chrono::minutes time) { clock_.advance(time); }

    hooks::PushPlan plan_;
    Log log_{2, LogFormat::Text, Level::Error, clock_};
    const Secret master_key_{std::string(32, 'k')};
    net::HttpClient client_{net::ClientSettings{}};
    Connectors connectors_{client_, {}};
    Scripted* provider_ = nullptr;
    auth::Urls urls_ = *auth::Urls::make("http://127.0.0.1:8080", "localhost");
    std::unique_ptr<DeployWorker> worker_;
};

}  // namespace origin::deploy
