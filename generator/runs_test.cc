// SPDX-License-Identifier: Apache-2.0
// Goal: a requirement becomes exactly one commit on exactly one branch, human edits kept, or a run
// that says why not; nothing is stored for what is refused at once.
// Method: a small engine of the test's own (its output is the requirement's text) over a real
// project.
#include "generator/runs.h"

#include <tuple>

#include "generator/base_commit.h"
#include "generator/run_worker.h"
#include "git/serve/test_project.h"
#include "store/jobs.h"
#include "store/rows/access.h"

namespace origin::generator {
namespace {

using store::RunState;
using store::Table;

/// "path=content;path=content": the whole pristine tree. "refuse": not_generated. "evil": `.git`.
class TextEngine final : public Engine {
public:
    std::string_view name() const override { return "blueprint"; }
    std::string_view version() const override { return "9"; }
    Result<EngineOutput> generate(const EngineInput& input) const override {
        const std::string& text = input.requirement;
        if (text == "refuse") {
            return std::unexpected(
                Error(Code::InvalidInput, "not an app").because("not_generated"));
        }
        EngineOutput output;
        output.title = "Text " + text.substr(0, text.find('='));
        output.project_name = "My App";
        output.traceability = {{"L1", text, LineStatus::Implemented, "", {"page:index"}}};
        output.checks = {{"parses", true, ""}};
        if (text == "evil") {
            output.pristine[".git/hooks/post-checkout"] = "x";
            return output;
        }
        for (std::string_view rest = text; !rest.empty();) {
            const std::string_view item = rest.substr(0, rest.find(';'));
            rest.remove_prefix(std::min(item.size() + 1, rest.size()));
            output.pristine[std::string(item.substr(0, item.find('=')))] =
                std::string(item.substr(item.find('=') + 1)) + "\n";
        }
        return output;
    }
};

class RunsTest : public git::TestProject {
protected:
    void SetUp() override {
        git::TestProject::SetUp();
        runs_ = std::make_unique<Runs>(
            Runs::Around{service(), gatekeeper_, clock_, random_, {{"blueprint", &engine_}}});
        worker_ = std::make_unique<RunWorker>(
            RunWorker::Around{*runs_, service(), gatekeeper_, log_, "0"});
    }

    Result<Submitted> submit(const std::string& text,
                             std::optional<ProjectId> project = {},
                             const std::string& branch = {}) {
        Requirement requirement;
        requirement.text = text;
        requirement.project = project;
        requirement.branch = branch;
        return runs_->submit(identity(), requirement, {});
    }
    std::string refusal(const Requirement& requirement) {
        const auto submitted = runs_->submit(identity(), requirement, {});
        return submitted ? "" : std::string(submitted.error().reason());
    }
    store::RunRow work(const RunId& id) {
        const auto job = claim(kRunJob, clock_.now() + 1000);
        EXPECT_TRUE(job);
        const Status done = worker_->work(*job);
        EXPECT_TRUE(done) << done.error().told_to_peer() << done.error().kept_in_log();
        return row(id);
    }
    store::RunRow row(const RunId& id) {
        store::RunRow found;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(run, need_run(reader, id));
            found = run;
            return {};
        }));
        return found;
    }
    std::string file(const ProjectId& project, const Oid& commit, const std::string& path) {
        std::string content = "(none)";
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(objects, storage().open(reader, project));
            ORIGIN_TRY(links, objects->commit_links(commit));
            ORIGIN_TRY(read, CommitTree(objects, links.tree).read(path));
            content = read.value_or("(none)");
            return {};
        }));
        return content;
    }
    std::optional<Oid> tip_of(const ProjectId& project, const std::string& name) {
        project_ = project;
        return tip(name);
    }

    TextEngine engine_;
    Log log_{2, LogFormat::Text, Level::Error, clock_};
    std::unique_ptr<Runs> runs_;
    std::unique_ptr<RunWorker> worker_;
};

TEST_F(RunsTest, WhatIsRefusedAtOnceStoresNothing) {
    const std::size_t projects = rows(Table::Projects);
    EXPECT_EQ(refusal({.project = {}, .text = ""}), "not_generated");
    EXPECT_EQ(refusal({.project = {}, .text = " \n\t"}), "not_generated");
    EXPECT_EQ(refusal({.project = {}, .text = "refuse"}), "not_generated");
    EXPECT_EQ(refusal({.project = {}, .text = std::string(300'000, 'a')}), "requirement_too_large");
    EXPECT_EQ(refusal({.project = {}, .text = "\xff"}), "requirement_not_text");
    EXPECT_EQ(refusal({.project = {}, .text = "a=1", .engine = "llm"}), "engine_unavailable");
    EXPECT_EQ(refusal({.project = {},
                       .text = "a=1",
                       .engine = {},
                       .branch = {},
                       .deployment = {.platform = "moon",
                                      .check =
                                          [] {
                                              return std::unexpected(
                                                  Error(Code::InvalidInput, "no moon")
                                                      .because("platform_unavailable"));
                                          }}}),
              "platform_unavailable");
    EXPECT_EQ(refusal({.project = {}, .text = "a=1", .engine = {}, .branch = "a..b"}),
              "bad_ref_name");
    EXPECT_EQ(rows(Table::Projects), projects);
    EXPECT_EQ(rows(Table::Runs), 0U);
    EXPECT_EQ(rows(Table::Jobs), 0U);
}

TEST_F(RunsTest, AnEngineCannotWriteWhereItMayNot) {
    const auto submitted = submit("evil");
    ASSERT_TRUE(submitted);
    const auto run = work(submitted->id);
    EXPECT_EQ(run.state, RunState::Failed);
    EXPECT_EQ(run.error_code, "bad_path");
    EXPECT_EQ(rows(Table::Pushes), 0U);
    EXPECT_FALSE(claim(kRunJob, clock_.now() + 1000)) << "a run that is settled has no job";
}

TEST_F(RunsTest, ANewProjectGetsOneCommitOnMain) {
    const auto submitted = submit("index.html=hello;a/b=1");
    ASSERT_TRUE(submitted) << submitted.error().told_to_peer();
    EXPECT_EQ(submitted->run.branch, "refs/heads/main");
    const auto run = work(submitted->id);
    ASSERT_EQ(run.state, RunState::Committed) << run.error_text;
    EXPECT_EQ(tip_of(run.project, "refs/heads/main"), run.commit);
    EXPECT_EQ(file(run.project, run.commit, "index.html"), "hello\n");
    EXPECT_EQ(rows(Table::Pushes), 1U);
    ASSERT_EQ(run.traceability.size(), 1U);
    EXPECT_EQ(run.traceability[0].status, "implemented");
}

TEST_F(RunsTest, AFeatureGetsABranchOfItsOwnAndKeepsHumanEdits) {
    const auto first = work(submit("a=1\n2\n3\n4\n5;b=1")->id);
    project_ = first.project;
    Oid edited;
    ASSERT_TRUE(commit_file("refs/heads/main", first.commit, "mine.txt", "mine", &edited));
    const auto submitted = submit("a=1\n2\n3\n4\nFIVE;b=1;c=new", first.project);
    ASSERT_TRUE(submitted) << submitted.error().told_to_peer();
    EXPECT_TRUE(submitted->run.branch.starts_with("refs/heads/feature/")) << submitted->run.branch;
    const auto run = work(submitted->id);
    ASSERT_EQ(run.state, RunState::Committed) << run.error_text;
    EXPECT_EQ(tip("refs/heads/main"), edited) << "main is left alone";
    EXPECT_EQ(tip(submitted->run.branch), run.commit);
    EXPECT_EQ(run.base_commit, edited);
    EXPECT_EQ(file(first.project, run.commit, "mine.txt"), "mine");
    EXPECT_EQ(file(first.project, run.commit, "c"), "new\n");
    EXPECT_TRUE(file(first.project, run.commit, "a").ends_with("FIVE\n"));
}

TEST_F(RunsTest, TwoFeaturesAtOnceGetTwoBranches) {
    const auto first = work(submit("a=1")->id);
    const auto one = submit("a=2", first.project);
    const auto two = submit("a=2", first.project);
    ASSERT_TRUE(one && two);
    EXPECT_NE(one->run.branch, two->run.branch);
    std::set<RunId> left = {one->id, two->id};
    for (int i = 0; i < 2; ++i) {
        const auto job = claim(kRunJob, clock_.now() + 1000);
        ASSERT_TRUE(job);
        ASSERT_TRUE(worker_->work(*job));
    }
    EXPECT_EQ(row(one->id).state, RunState::Committed);
    EXPECT_EQ(row(two->id).state, RunState::Committed);
}

TEST_F(RunsTest, AConflictWithAHumanEditCommitsNothing) {
    const auto first = work(submit("a=1")->id);
    project_ = first.project;
    ASSERT_TRUE(commit_file("refs/heads/main", first.commit, "a", "human\n"));
    const auto submitted = submit("a=2", first.project);
    ASSERT_TRUE(submitted);
    const auto run = work(submitted->id);
    EXPECT_EQ(run.state, RunState::Conflict);
    EXPECT_TRUE(run.error_text.contains(" a")) << run.error_text;
    EXPECT_EQ(tip(run.branch), std::nullopt);
}

TEST_F(RunsTest, TheSameTreeAgainIsAlreadySatisfied) {
    const auto first = work(submit("a=1")->id);
    const auto run = work(submit("a=1", first.project)->id);
    EXPECT_EQ(run.state, RunState::AlreadySatisfied);
    EXPECT_EQ(rows(Table::Pushes), 1U);
}

TEST_F(RunsTest, ARunInARepositoryThatWasNotGeneratedHereIsNotApplicable) {
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "human\n"));
    const auto submitted = submit("a=2", project_);
    ASSERT_TRUE(submitted);
    EXPECT_EQ(work(submitted->id).error_code, "not_applicable");
}

TEST_F(RunsTest, CancelledBeforeTheCommitMeansNoCommit) {
    const auto submitted = submit("a=1");
    const auto job = claim(kRunJob, clock_.now() + 1000);
    ASSERT_TRUE(job);
    ASSERT_TRUE(runs_->cancel(submitted->id));
    std::ignore = worker_->work(*job);  // It had begun already.
    EXPECT_EQ(row(submitted->id).state, RunState::Cancelled);
    EXPECT_EQ(rows(Table::Pushes), 0U);
    ASSERT_TRUE(runs_->retry(submitted->id));
    EXPECT_EQ(work(submitted->id).state, RunState::Committed);
    EXPECT_FALSE(runs_->cancel(submitted->id));
}

TEST_F(RunsTest, AWorkerThatLostItsLeaseCommitsNothing) {
    const auto submitted = submit("a=1");
    const auto stale = claim(kRunJob, clock_.now() + 1000);
    ASSERT_TRUE(stale);
    ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
        ORIGIN_TRY(job,
                   store::claim(writer, {kRunJob, clock_.now() + 100'000, Milliseconds(1), 2}));
        EXPECT_TRUE(job);
        return {};
    }));
    std::ignore = worker_->work(*stale);
    EXPECT_EQ(rows(Table::Pushes), 0U);
    EXPECT_EQ(row(submitted->id).state, RunState::Pending);
}

TEST_F(RunsTest, TheSameRunDoneAgainMakesTheSameCommit) {
    const auto submitted = submit("a=1");
    const auto first = work(submitted->id);
    ASSERT_TRUE(store_->write([&](store::Writer& writer) {
        return store::enqueue(writer,
                              {.id = JobId{submitted->id.raw},
                               .kind = std::string(kRunJob),
                               .subject = std::string(submitted->id.view()),
                               .lease = {},
                               .payload = {}});
    }));
    EXPECT_EQ(work(submitted->id).commit, first.commit);
    EXPECT_EQ(rows(Table::Pushes), 1U) << "a settled run is not run again";
}

TEST_F(RunsTest, AutoMergeBringsItIntoTheDefaultBranch) {
    const auto first = work(submit("a=1")->id);
    project_ = first.project;
    Requirement requirement{.project = first.project, .text = "a=1;b=2"};
    requirement.auto_merge = true;
    const auto submitted = runs_->submit(identity(), requirement, {});
    ASSERT_TRUE(submitted);
    const auto run = work(submitted->id);
    EXPECT_EQ(run.state, RunState::Committed);
    EXPECT_EQ(tip("refs/heads/main"), run.commit);
    EXPECT_FALSE(claim(kRunJob, clock_.now() + 1000));
}

}  // namespace
}  // namespace origin::generator
