// SPDX-License-Identifier: Apache-2.0
// Goal: a path means one project and one call, or nothing; no trick with dots, escapes or slashes
// reaches another project.
// Method: tables of paths.
#include "githttp/git_path.h"

#include <gtest/gtest.h>

namespace origin::githttp {
namespace {

constexpr std::string_view kId = "prj_01jbfz8q2v0g3m5n7p9r1s3t5v";

TEST(GitPath, FindsProjectAndCall) {
    struct Row {
        std::string path;
        std::string project;
        GitCall call;
    };
    const std::string id(kId);
    for (const Row& row : {Row{"/alice/app.git/info/refs", "alice/app", GitCall::InfoRefs},
                           Row{"/alice/app/info/refs", "alice/app", GitCall::InfoRefs},
                           Row{"/alice/app.git/git-upload-pack", "alice/app", GitCall::UploadPack},
                           Row{"/alice/app/git-receive-pack", "alice/app", GitCall::ReceivePack},
                           Row{"/alice/app.git/info/lfs/objects/batch", "alice/app", GitCall::Lfs},
                           Row{"/alice/app.git", "alice/app", GitCall::Page},
                           Row{"/alice/app/", "alice/app", GitCall::Page},
                           Row{"/alice/app.git/HEAD", "alice/app", GitCall::Unknown},
                           Row{"/alice/app.git//info/refs", "alice/app", GitCall::Unknown},
                           Row{"/alice/app.git/info/refs/", "alice/app", GitCall::Unknown},
                           Row{"/alice/app.git/.git/info/refs", "alice/app", GitCall::Unknown},
                           Row{"/" + id + ".git/info/refs", id, GitCall::InfoRefs},
                           Row{"/" + id + "/git-upload-pack", id, GitCall::UploadPack},
                           Row{"/" + id, id, GitCall::Page}}) {
        const auto parsed = parse_git_path(row.path);
        ASSERT_TRUE(parsed) << row.path;
        EXPECT_EQ(parsed->project, row.project) << row.path;
        EXPECT_EQ(parsed->call, row.call) << row.path;
    }
}

TEST(GitPath, RefusesWhatNoProjectIsCalled) {
    for (const std::string& path : {std::string(""),
                                    std::string("/"),
                                    std::string("/alice"),
                                    std::string("/alice/"),
                                    std::string("//app/info/refs"),
                                    std::string("/alice//info/refs"),
                                    std::string("/../alice/app/info/refs"),
                                    std::string("/alice/../app.git/info/refs"),
                                    std::string("/alice/%2e%2e/info/refs"),
                                    std::string("/alice/app%2egit/info/refs"),
                                    std::string("/alice/app.git.git/info/refs"),
                                    std::string("/alice.git/app.git/info/refs"),
                                    std::string("/alice\\app/info/refs"),
                                    std::string("/alice/.git/info/refs"),
                                    std::string("/alice/a..;/info/refs"),
                                    "/alice/" + std::string(300, 'a') + ".git/info/refs"}) {
        EXPECT_FALSE(parse_git_path(path)) << path;
    }
}

}  // namespace
}  // namespace origin::githttp
