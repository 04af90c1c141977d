// SPDX-License-Identifier: Apache-2.0
// Goal: a commit over the API does what its actions say, each judged against the branch as it is;
// what does not fit is refused by a stable code and nothing moves.
// Method: tables of bodies against a whole API over a store in memory; trees are read back.
#include "api/commit_limits.h"
#include "api/test_server.h"

namespace origin::api {
namespace {

namespace json = boost::json;

class Commits : public TestServer {
protected:
    Commits() {
        project_ =
            "/api/projects/" + ask("POST", "/api/projects", R"({"name":"p"})").str("projectId");
        const Said first = commit(R"({"action":"create","path":"a.txt","content":"one\n"},
            {"action":"create","path":"run.sh","content":"#!\n","mode":"100755"},
            {"action":"create","path":"link","content":"a.txt","mode":"120000"},
            {"action":"create","path":"dir/x","content":"x\n"},
            {"action":"create","path":"dir/y","content":"y\n"})");
        EXPECT_EQ(first.status, 201) << first.text;
        first_ = first.str("commit");
    }

    Said commit(const std::string& files, const std::string& more = {}) {
        return ask("POST",
                   project_ + "/commits",
                   R"({"branch":"main","message":"change","files":[)" + files + "]" + more + "}");
    }

    /// "a.txt 100644 one", a line for each file below `path`.
    std::string listing(const std::string& ref = "main", const std::string& path = {}) {
        std::string out;
        const Said tree = ask("GET", project_ + "/tree?ref=" + ref + "&path=" + path);
        for (const json::value& entry : tree.body.at("entries").as_array()) {
            const std::string at(entry.at("path").as_string());
            if (entry.at("type").as_string() == "tree") {
                out += listing(ref, at);
                continue;
            }
            out += at + " " + std::string(entry.at("mode").as_string()) + " " +
                   ask("GET", project_ + "/file?ref=" + ref + "&path=" + at).text;
            out += out.ends_with('\n') ? "" : "\n";
        }
        return out;
    }

    std::string project_;
    std::string first_;
};

TEST_F(Commits, DoAllActionsInOneCommit) {
    const Said said = commit(R"(
        {"action":"update","path":"a.txt","content":"dHdvCg==","encoding":"base64"},
        {"action":"move","from":"run.sh","path":"bin/run"},
        {"action":"chmod","path":"dir/x","mode":"100755"},
        {"action":"delete","path":"dir/y"},
        {"action":"update","path":"link","content":"dir/x"},
        {"action":"create","path":"new/deep/f","content":"f\n","encoding":"utf-8"})",
                             R"(,"expectedHead":")" + first_ + "\"");
    ASSERT_EQ(said.status, 201) << said.text;
    EXPECT_EQ(said.str("branch"), "main");
    EXPECT_EQ(listing(),
              "a.txt 100644 two\nbin/run 100755 #!\ndir/x 100755 x\nlink 120000 dir/x\n"
              "new/deep/f 100644 f\n");
    const Said shown = ask("GET", project_ + "/commits/" + said.str("commit"));
    EXPECT_EQ(shown.body.at("parents").at(0).as_string(), first_);
}

TEST_F(Commits, MoveMayChangeTheFileToo) {
    ASSERT_EQ(commit(R"({"action":"move","from":"a.txt","path":"b.txt","content":"new\n",
                         "mode":"100755"})")
                  .status,
              201);
    EXPECT_TRUE(listing().starts_with("b.txt 100755 new\n")) << listing();
}

TEST_F(Commits, AFolderMakesWayForAFileBelowItAndTheReverse) {
    ASSERT_EQ(commit(R"({"action":"delete","path":"dir"},
                        {"action":"create","path":"dir/x","content":"anew\n"},
                        {"action":"delete","path":"link"},
                        {"action":"create","path":"link/z","content":"z\n"})")
                  .status,
              201);
    EXPECT_EQ(listing(),
              "a.txt 100644 one\ndir/x 100644 anew\nlink/z 100644 z\nrun.sh 100755 #!\n");
    const Said moved = commit(R"({"action":"move","from":"a.txt","path":"a.txt/inner"})");
    EXPECT_EQ(moved.status, 201) << moved.text;
    EXPECT_TRUE(listing().starts_with("a.txt/inner 100644 one\n"));
}

TEST_F(Commits, BeginBranches) {
    commit(R"({"action":"delete","path":"link"})");
    const auto on = [&](const std::string& branch, const std::string& more) {
        return ask("POST",
                   project_ + "/commits",
                   R"({"branch":")" + branch +
                       R"(","message":"m","files":[{"action":"delete","path":"a.txt"}])" + more +
                       "}");
    };
    EXPECT_EQ(on("old", R"(,"startBranch":")" + first_ + "\"").status, 201);
    EXPECT_TRUE(listing("old").contains("link")) << "it stands on the first commit";
    EXPECT_EQ(on("new", "").status, 201);
    EXPECT_FALSE(listing("new").contains("link")) << "it stands on the default branch";
    EXPECT_EQ(on("old", R"(,"startBranch":"main")").code(), "branch_exists");
    EXPECT_EQ(on("third", R"(,"startBranch":"none")").code(), "ref_not_found");
    EXPECT_EQ(on("third", R"(,"startBranch":"refs/origind/pristine")").code(), "ref_not_found");
    EXPECT_EQ(on("third", R"(,"expectedHead":")" + first_ + "\"").code(), "head_moved");
    EXPECT_EQ(on("third", R"(,"expectedHead":"")").status, 201);
    EXPECT_EQ(on("old/below", "").code(), "push_refused");
}

struct Bad {
    std::string files;
    int status;
    std::string_view code;
    std::string_view named = {};  // A part of the detail.
};

TEST_F(Commits, RefuseActionsThatDoNotFit) {
    const std::string deep = [] {
        std::string path = "d";
        for (int i = 0; i < 40; ++i) {
            path += "/d";
        }
        return path;
    }();
    const auto create = [](const std::string& path) {
        return R"({"action":"create","path":")" + path + R"(","content":""})";
    };
    const std::vector<Bad> cases = {
        {R"({"action":"rename","path":"a.txt"})", 422, "bad_action"},
        {R"({"action":"","path":"a.txt"})", 422, "bad_action"},
        {R"({"path":"a.txt"})", 400, "missing_field", "files[0].action"},
        {R"({"action":"create","content":""})", 400, "missing_field", "files[0].path"},
        {R"({"action":"create","path":"n"})", 400, "missing_field", "content"},
        {R"({"action":"update","path":"a.txt"})", 400, "missing_field", "content"},
        {R"({"action":"move","path":"n"})", 400, "missing_field", "from"},
        {R"({"action":"chmod","path":"a.txt"})", 400, "missing_field", "mode"},
        {R"({"action":"delete","path":"a.txt","content":"x"})", 400, "unknown_field", "content"},
        {R"({"action":"delete","path":"a.txt","mode":"100644"})", 400, "unknown_field", "mode"},
        {R"({"action":"create","path":"n","content":"","from":"a.txt"})", 400, "unknown_field"},
        {R"({"action":"chmod","path":"a.txt","mode":"100755","content":""})", 400, "unknown_field"},
        {R"({"action":"delete","path":"a.txt","force":true})", 400, "unknown_field", "force"},
        {R"({"action":1,"path":"n"})", 400, "wrong_type", "files[0].action"},
        {R"({"action":"create","path":["n"]})", 400, "wrong_type", "files[0].path"},
        {R"({"action":"create","path":"n","content":{}})", 400, "wrong_type", "content"},
        {R"({"action":"create","path":"n","content":"","encoding":0})", 400, "wrong_type"},
        {R"({"action":"create","path":"n","content":"","mode":33188})", 400, "wrong_type", "mode"},
        {R"({"action":"move","path":"n","from":true})", 400, "wrong_type", "from"},
        {R"("a.txt")", 400, "wrong_type", "files[0]"},
        {create(""), 422, "bad_path"},
        {create("/n"), 422, "bad_path"},
        {create("n/"), 422, "bad_path"},
        {create("a//b"), 422, "bad_path"},
        {create("."), 422, "bad_path"},
        {create("../n"), 422, "bad_path"},
        {create("n/.."), 422, "bad_path"},
        {create(".git/config"), 422, "bad_path"},
        {create("n/.GIT"), 422, "bad_path"},
        {create("git~1/x"), 422, "bad_path"},
        {create("n\\\\x"), 422, "bad_path"},
        {create("n\\u0000"), 422, "bad_path"},
        {create("n\\u202ex"), 422, "bad_path"},
        {create(std::string(256, 'n')), 422, "bad_path"},
        {create(deep), 422, "bad_path"},
        {create(std::string(1025, 'n')), 422, "bad_path"},
        {create("n\xff"), 400, "bad_json", "UTF-8"},
        {R"({"action":"delete","path":""})", 422, "bad_path"},
        {R"({"action":"delete","path":"dir/"})", 422, "bad_path"},
        {R"({"action":"delete","path":"dir//x"})", 422, "bad_path"},
        {R"({"action":"delete","path":"dir/../a.txt"})", 422, "bad_path"},
        {R"({"action":"update","path":"/a.txt","content":""})", 422, "bad_path"},
        {R"({"action":"chmod","path":".git","mode":"100755"})", 422, "bad_path"},
        {R"({"action":"move","path":"n","from":"../a.txt"})", 422, "bad_path"},
        {create("a.txt"), 422, "path_exists"},
        {create("dir"), 422, "path_exists"},
        {create("a.txt/n"), 422, "path_conflict", "'a.txt' is a file"},
        {create("n") + "," + create("n/n"), 422, "path_conflict"},
        {create("n") + "," + create("n"), 422, "path_conflict", "twice"},
        {R"({"action":"update","path":"n","content":""})", 422, "missing_path"},
        {R"({"action":"update","path":"a.txt/n","content":""})", 422, "missing_path"},
        {R"({"action":"update","path":"dir","content":""})", 422, "not_a_file"},
        {R"({"action":"delete","path":"n"})", 422, "missing_path"},
        {R"({"action":"chmod","path":"n","mode":"100755"})", 422, "missing_path"},
        {R"({"action":"chmod","path":"dir","mode":"100755"})", 422, "not_a_file"},
        {R"({"action":"chmod","path":"link","mode":"100755"})", 422, "bad_mode"},
        {R"({"action":"chmod","path":"a.txt","mode":"120000"})", 422, "bad_mode"},
        {R"({"action":"chmod","path":"a.txt","mode":"644"})", 422, "bad_mode"},
        {R"({"action":"create","path":"n","content":"","mode":"160000"})", 422, "bad_mode"},
        {R"({"action":"create","path":"n","content":"","mode":"040000"})", 422, "bad_mode"},
        {R"({"action":"move","path":"a.txt","from":"a.txt"})", 422, "path_conflict", "twice"},
        {R"({"action":"move","path":"link","from":"a.txt"})", 422, "path_exists"},
        {R"({"action":"move","path":"dir","from":"a.txt"})", 422, "path_exists"},
        {R"({"action":"move","path":"n","from":"none"})", 422, "missing_path", "none"},
        {R"({"action":"move","path":"n","from":"dir"})", 422, "not_a_file"},
        {R"({"action":"move","path":"n","from":"a.txt"},
            {"action":"update","path":"a.txt","content":""})",
         422,
         "path_conflict"},
        {R"({"action":"move","path":"link","from":"a.txt"},
            {"action":"move","path":"a.txt","from":"link"})",
         422,
         "path_conflict"},
        {R"({"action":"delete","path":"dir"},{"action":"delete","path":"dir/x"})",
         422,
         "path_conflict"},
        {R"({"action":"delete","path":"dir"},
            {"action":"move","path":"n","from":"dir/x"})",
         422,
         "path_conflict"},
        {R"({"action":"create","path":"n","content":"AP8","encoding":"base64"})",
         422,
         "bad_encoding"},
        {R"({"action":"create","path":"n","content":"A P8=","encoding":"base64"})",
         422,
         "bad_encoding"},
        {R"({"action":"create","path":"n","content":"","encoding":"gzip"})", 422, "bad_encoding"},
        {R"({"action":"create","path":".gitmodules","content":"a.txt","mode":"120000"})",
         400,
         "gitmodules_symlink"},
        {R"({"action":"update","path":"a.txt","content":"one\n"})", 422, "nothing_to_commit"},
        {R"({"action":"chmod","path":"run.sh","mode":"100755"})", 422, "nothing_to_commit"},
        {"", 422, "nothing_to_commit"},
    };
    const std::size_t pushes = rows_in(store::Table::Pushes);
    for (const Bad& bad : cases) {
        const Said said = commit(bad.files);
        EXPECT_EQ(said.status, bad.status) << bad.files << said.text;
        EXPECT_EQ(said.code(), bad.code) << bad.files << said.text;
        EXPECT_NE(said.str("detail").find(bad.named), std::string::npos) << said.text;
    }
    EXPECT_EQ(rows_in(store::Table::Pushes), pushes);
}

TEST_F(Commits, RefuseBodiesThatDoNotFit) {
    const std::string files = R"(,"files":[{"action":"delete","path":"a.txt"}])";
    const std::vector<Bad> cases = {
        {R"({"message":"m")" + files + "}", 400, "missing_field", "branch"},
        {R"({"branch":"main")" + files + "}", 400, "missing_field", "message"},
        {R"({"branch":"main","message":"m"})", 400, "missing_field", "files"},
        {R"({"branch":1,"message":"m")" + files + "}", 400, "wrong_type", "branch"},
        {R"({"branch":"main","message":[])" + files + "}", 400, "wrong_type", "message"},
        {R"({"branch":"main","message":"m","files":{}})", 400, "wrong_type", "files"},
        {R"({"branch":"main","message":"m","startBranch":0)" + files + "}", 400, "wrong_type"},
        {R"({"branch":"main","message":"m","expectedHead":0)" + files + "}", 400, "wrong_type"},
        {R"({"branch":"main","message":"m","expectedHead":"main")" + files + "}",
         400,
         "wrong_type",
         "expectedHead"},
        {R"({"branch":"main","message":"m","expectedHead":")" + std::string(40, 'a') + "\"" +
             files + "}",
         409,
         "head_moved",
         first_},
        {R"({"branch":"main","message":"m","author":"me")" + files + "}",
         400,
         "unknown_field",
         "author"},
        {R"({"branch":"a..b","message":"m")" + files + "}", 422, "bad_ref_name"},
        {R"({"branch":"","message":"m")" + files + "}", 422, "bad_ref_name"},
        {R"({"branch":"main","message":"\n \n")" + files + "}", 422, "empty_message"},
        {R"({"branch":"main","message":")" + std::string(kCommitMessageBytesMax + 1, 'm') + "\"" +
             files + "}",
         413,
         "message_too_large"},
        {"[]", 400, "wrong_type"},
        {"{", 400, "bad_json"},
    };
    for (const Bad& bad : cases) {
        const Said said = ask("POST", project_ + "/commits", bad.files);
        EXPECT_EQ(said.status, bad.status) << bad.files.substr(0, 200) << said.text;
        EXPECT_EQ(said.code(), bad.code) << bad.files.substr(0, 200) << said.text;
        EXPECT_NE(said.str("detail").find(bad.named), std::string::npos) << said.text;
    }
    EXPECT_EQ(ask("POST", project_ + "/commits", std::string(kApiBodyBytesMax + 1, ' ')).code(),
              "body_too_large");
}

TEST_F(Commits, TakeTenThousandActionsAndNotOneMore) {
    const auto many = [](std::size_t count) {
        std::string files;
        for (std::size_t i = 0; i < count; ++i) {
            files += (files.empty() ? "" : ",") + std::string(R"({"action":"create","path":"m/)") +
                     std::to_string(i) + R"(","content":""})";
        }
        return files;
    };
    EXPECT_EQ(commit(many(kCommitActionsMax + 1)).code(), "too_many_items");
    const Said said = commit(many(kCommitActionsMax));
    EXPECT_EQ(said.status, 201) << said.text;
    EXPECT_EQ(commit(R"({"action":"delete","path":"m"})").status, 201);
    EXPECT_EQ(ask("GET", project_ + "/tree?path=m").code(), "path_not_found");
}

TEST_F(Commits, NeedGitWriteAndKeepToTheRulesOfBranches) {
    const std::string reader = add_key(client_, *auth::Scopes::parse({"git:read"}));
    const std::string stranger = add_key(add_client("other", false), auth::Scopes::all());
    const std::string body =
        R"({"branch":"main","message":"m","files":[{"action":"delete","path":"a.txt"}]})";
    EXPECT_EQ(ask_as(reader, "POST", project_ + "/commits", body).status, 403);
    EXPECT_EQ(ask_as(stranger, "POST", project_ + "/commits", body).status, 404);
    EXPECT_EQ(ask_as("", "POST", project_ + "/commits", body).status, 401);
    EXPECT_EQ(ask("PATCH", project_, R"({"protectedBranches":["main"]})").status, 200);
    EXPECT_EQ(ask("POST", project_ + "/commits", body).status, 201) << "it is no force-push";
}

}  // namespace
}  // namespace origin::api
