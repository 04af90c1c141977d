// SPDX-License-Identifier: Apache-2.0
// Goal: a commit is built once, in a sandbox, and whatever a build does harms nothing but its own
// deployment. Method: hostile build commands in real sandboxes, over a real project.
#include "deploy/builds.h"

#include "deploy/worker.h"
#include "git/serve/refs.h"
#include "git/serve/test_project.h"
#include "hooks/deployments.h"
#include "hooks/push_plan.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::deploy {
namespace {

using store::DeploymentRow;
using store::DeploymentState;

class BuildsTest : public git::TestProject {
protected:
    void SetUp() override {
        git::TestProject::SetUp();
        const Status works = box_.self_test();
        ASSERT_TRUE(works) << works.error().told_to_peer();
        planner_ = &plan_;
        ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            store::TargetRow row;
            row.connector = "local";
            ORIGIN_CHECK(store::put_row(
                writer, store::Table::Targets, store::target_key(project_, "production"), row));
            return store::put_row(writer,
                                  store::Table::Rules,
                                  store::rule_key(project_, "production", "refs/heads/main"),
                                  store::RuleRow{"refs/heads/main", "production", 0, false});
        }));
        make();
    }
    void make(Status usable = {}) {
        builds_ = std::make_unique<Builds>(Builds::Around{.store = *store_,
                                                          .storage = storage(),
                                                          .quotas = nullptr,
                                                          .clock = clock_,
                                                          .schedule = clock_,
                                                          .box = box_,
                                                          .usable = [usable] { return usable; },
                                                          .folder = folder_,
                                                          .settings = settings_});
        worker_ = std::make_unique<DeployWorker>(DeployWorker::Around{.store = *store_,
                                                                      .storage = storage(),
                                                                      .urls = urls_,
                                                                      .clock = clock_,
                                                                      .schedule = clock_,
                                                                      .random = random_,
                                                                      .log = log_,
                                                                      .connectors = connectors_,
                                                                      .client = client_,
                                                                      .master_key = master_key_,
                                                                      .builds = builds_.get()});
    }
    /// Pushes a commit with this build.
    void push(const std::string& command, const std::string& output = "dist") {
        const auto parent = tip("refs/heads/main");
        const std::string toml = "[build]\ncommand = '''" + command + "'''\noutput = \"" + output +
                                 "\"\n# " + std::to_string(++pushes_) + "\n";
        ASSERT_TRUE(commit_file(
            "refs/heads/main", parent.value_or(Oid{}), ".origind.toml", toml, &commit_));
    }
    void work() {
        const auto job = claim(hooks::kDeployJob, clock_.now());
        ASSERT_TRUE(job);
        ASSERT_TRUE(worker_->work(*job));
    }
    DeploymentRow newest() {
        DeploymentRow row;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(
                rows,
                store::scan_rows<DeploymentRow>(
                    reader, store::Table::Deployments, store::Range::prefix(project_.view())));
            row = rows.back().second;
            return {};
        }));
        return row;
    }
    /// Pushes a commit with this build, and deploys it.
    DeploymentRow deploy(const std::string& command, const std::string& output = "dist") {
        push(command, output);
        work();
        return newest();
    }
    std::vector<std::string> files() {
        std::vector<std::string> paths;
        const auto built = tip(git::build_ref(commit_));
        if (!built) {
            return paths;
        }
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(objects, storage().open(reader, project_));
            ORIGIN_TRY(site, list_site(*objects, *built, ""));
            for (const SiteFile& file : site.files) {
                paths.push_back(file.path);
            }
            return {};
        }));
        return paths;
    }
    static std::string log_of(const DeploymentRow& row) {
        std::string log;
        for (const store::LogLine& line : row.log) {
            log += line.text + "\n";
        }
        return log;
    }

    sandbox::Bubblewrap box_{clock_};
    BuildSettings settings_{.time_max = std::chrono::seconds(60),
                            .memory_bytes_max = std::uint64_t{300} << 20,
                            .folder_bytes_max = std::uint64_t{16} << 20};
    hooks::PushPlan plan_;
    auth::Urls urls_ = *auth::Urls::make("http://127.0.0.1:8080", "localhost");
    Log log_{2, LogFormat::Text, Level::Error, clock_};
    const net::HttpClient client_{net::ClientSettings{}};
    const Connectors connectors_{client_, {}};
    const Secret master_key_{"abcdefghijklmnopqrstuvwxyz012345"};
    std::unique_ptr<Builds> builds_;
    std::unique_ptr<DeployWorker> worker_;
    Oid commit_;
    int pushes_ = 0;
};

TEST_F(BuildsTest, WhatABuildDoesWrongIsTheDeploymentsEnd) {
    struct Case {
        const char* command;
        const char* error;
    };
    const Case cases[] = {
        {"echo almost; echo broken >&2; exit 3", "exit code 3): almost | broken"},
        {"true", "there is no folder 'dist'"},
        {"mkdir dist", "no file in 'dist'"},
        {"ln -s / dist", "there is no folder 'dist'"},
        {"mkdir dist; mkfifo dist/pipe", "'pipe' is a FIFO"},
        {"mkdir dist; printf x >\"dist/$(printf '\\377')\"", "is not UTF-8"},
        {"mkdir -p dist/.git; echo x >dist/.git/config", ".git"},
        {"mkdir dist; mknod dist/d b 8 0", "exit code 1"},
        {"mkdir dist; head -c 100m /dev/zero >dist/a", "exit code 1"},
        {"head -c 70m /dev/zero", "it printed more than"},
        {"curl -m 5 http://127.0.0.1/ || wget -T 5 http://127.0.0.1/ || exit 9", "exit code 9"},
    };
    for (const Case& each : cases) {
        const DeploymentRow row = deploy(each.command);
        EXPECT_EQ(row.state, DeploymentState::Failed) << each.command;
        EXPECT_TRUE(row.error.contains(each.error)) << each.command << ": " << row.error;
        EXPECT_FALSE(tip(git::build_ref(commit_))) << each.command;
    }
}

TEST_F(BuildsTest, OneThatNeverEndsIsEnded) {
    settings_.time_max = std::chrono::seconds(1);
    make();
    const DeploymentRow row = deploy("echo begun; sleep 1000");
    EXPECT_EQ(row.error, "the build was ended: it took longer than 1 seconds: begun");
}

TEST_F(BuildsTest, WhatComesOutIsDeployedAndKept) {
    const DeploymentRow row = deploy(
        "mkdir dist; echo hi >dist/index.html; ln -s index.html dist/link; "
        "cp /bin/true dist/run; chmod 4755 dist/run; echo \"target $ORIGIN_TARGET\"; "
        "printf 'a\\033b\\n'");
    EXPECT_EQ(row.state, DeploymentState::Live) << row.error;
    EXPECT_EQ(files(), (std::vector<std::string>{"index.html", "link", "run"}));
    EXPECT_TRUE(log_of(row).contains("target production\n")) << log_of(row);
    EXPECT_FALSE(log_of(row).contains('\033'));
}

TEST_F(BuildsTest, ACommitIsBuiltOnce) {
    ASSERT_EQ(deploy("mkdir dist; date +%N >dist/a").state, DeploymentState::Live);
    const auto built = tip(git::build_ref(commit_));
    ASSERT_TRUE(built);
    ASSERT_TRUE(store_->write([&](store::Writer& writer) {
        return hooks::queue_deployment(writer,
                                       {.id = DeploymentId::make(clock_, random_),
                                        .project = project_,
                                        .target = "production",
                                        .commit = commit_,
                                        .ref = "refs/heads/main",
                                        .push = 9,
                                        .now = clock_.now()});
    }));
    work();
    EXPECT_EQ(newest().state, DeploymentState::Live);
    EXPECT_EQ(tip(git::build_ref(commit_)), built);
    EXPECT_FALSE(log_of(newest()).contains("$ mkdir"));
}

TEST_F(BuildsTest, OneThatMissesANetworkIsToldWhoMayAllowIt) {
    const std::string missing = "echo 'npm error code ENOTFOUND' >&2; exit 1";
    EXPECT_TRUE(deploy(missing).error.ends_with(
        "; a build has no network: this server's operator may allow a package registry "
        "(build.registry)"));
    EXPECT_FALSE(deploy("echo wrong; exit 1").error.contains("network"));
    settings_.registry = *RegistryUrl::parse("http://127.0.0.1:9/npm/");
    make();
    EXPECT_TRUE(
        deploy(missing).error.ends_with("; a build has no network but the package registry"));
}

TEST_F(BuildsTest, ReadsTheRegistryAndNothingElse) {
    settings_.registry = *RegistryUrl::parse("http://127.0.0.1:9/npm/");  // Nobody there.
    make();
    const DeploymentRow row = deploy(
        "env | grep ^npm_config_registry; curl -s ${ORIGIN_REGISTRY}a; echo; curl -sm 5 "
        "http://127.0.0.1:9/ || exit 9");
    EXPECT_TRUE(log_of(row).contains("npm_config_registry=http://127.0.0.1:4873/npm/\n"));
    EXPECT_TRUE(log_of(row).contains("{\"error\":\"the registry cannot be read")) << log_of(row);
    EXPECT_TRUE(row.error.contains("exit code 9")) << row.error;
    EXPECT_TRUE(
        row.error.ends_with("; package registry: GET /npm/a: the registry cannot be read: "
                            "Nobody answers there."))
        << row.error;
}

TEST_F(BuildsTest, LongLogsAreCut) {
    const DeploymentRow row =
        deploy("mkdir dist; echo >dist/a; seq 100000; head -c 9999 /dev/zero | tr '\\0' x; echo");
    EXPECT_EQ(row.state, DeploymentState::Live) << row.error;
    EXPECT_LE(row.log.size(), 200U);
    EXPECT_TRUE(log_of(row).contains("98001 more lines, the last:\n")) << log_of(row);
    EXPECT_TRUE(log_of(row).contains("\n100000\n"));
    for (const store::LogLine& line : row.log) {
        EXPECT_LE(line.text.size(), 400U);
    }
}

TEST_F(BuildsTest, WithoutASandboxNothingIsBuilt) {
    make(std::unexpected(Error(Code::Unavailable, "there is no bwrap").because("no_sandbox")));
    const DeploymentRow row = deploy("mkdir dist; echo >dist/a");
    EXPECT_EQ(row.state, DeploymentState::Failed);
    EXPECT_EQ(row.error, "this server cannot build: there is no bwrap");
}

}  // namespace
}  // namespace origin::deploy
