// SPDX-License-Identifier: Apache-2.0
// Goal: an SSH client can name a Git service and a path, and can say nothing else.
// Method: two tables; the refused one first.
#include "git/wire/ssh_command.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace origin::git {
namespace {

TEST(SshCommand, RefusesEverythingElse) {
    for (const std::string_view line : {
             std::string_view(""),
             std::string_view("git"),
             std::string_view("git-upload-pack"),
             std::string_view("git-upload-pack "),
             std::string_view("git-upload-pack ''"),
             std::string_view("git-upload-pack '/x'; id"),
             std::string_view("git-upload-pack '/x' '/y'"),
             std::string_view("git-upload-pack '/x' "),
             std::string_view("git-upload-pack  '/x'"),
             std::string_view(" git-upload-pack '/x'"),
             std::string_view("git-upload-pack '/x"),
             std::string_view("git-upload-pack '/x''"),
             std::string_view("git-upload-pack /x'"),
             std::string_view("git-upload-pack '/a'b"),
             std::string_view("git-upload-pack '/a'\\''b"),
             std::string_view("git-upload-pack '/a'\\x'b'"),
             std::string_view("git-upload-pack $(id)"),
             std::string_view("git-upload-pack `id`"),
             std::string_view("git-upload-pack /x;id"),
             std::string_view("git-upload-pack /x|id"),
             std::string_view("git-upload-pack \"/x\""),
             std::string_view("git-upload-pack /a b"),
             std::string_view("git-upload-pack /a\\ b"),
             std::string_view("git-upload-pack --help"),
             std::string_view("git-upload-pack '--help'"),
             std::string_view("git-upload-pack --strict '/x'"),
             std::string_view("git-upload-pack '/x'\n"),
             std::string_view("git-upload-pack '/x\ny'"),
             std::string_view("git-upload-pack '/x\0y'", 22),
             std::string_view("git-upload-pack\0'/x'", 20),
             std::string_view("git -c core.x=y upload-pack '/x'"),
             std::string_view("git  upload-pack '/x'"),
             std::string_view("git --upload-pack '/x'"),
             std::string_view("GIT-UPLOAD-PACK '/x'"),
             std::string_view("/usr/bin/git-upload-pack '/x'"),
             std::string_view("git-upload-packs '/x'"),
             std::string_view("git-shell"),
             std::string_view("git-shell -c 'git-upload-pack /x'"),
             std::string_view("git-lfs-authenticate '/x' download"),
             std::string_view("sh"),
             std::string_view("sh -c id"),
             std::string_view("scp -t /tmp"),
         }) {
        const auto parsed = parse_ssh_command(line);
        ASSERT_FALSE(parsed) << line;
        EXPECT_EQ(parsed.error().code(), Code::InvalidInput) << line;
    }
}

TEST(SshCommand, ReadsWhatGitClientsSend) {
    struct Case {
        std::string_view line;
        Service service;
        std::string_view path;
    };
    for (const auto& [line, service, path] : {
             Case{"git-upload-pack '/demo/shop.git'", Service::UploadPack, "/demo/shop.git"},
             Case{"git upload-pack '/demo/shop.git'", Service::UploadPack, "/demo/shop.git"},
             Case{"git-receive-pack 'demo/shop'", Service::ReceivePack, "demo/shop"},
             Case{"git receive-pack '~demo/shop'", Service::ReceivePack, "~demo/shop"},
             Case{"git-upload-archive '/a'", Service::UploadArchive, "/a"},
             Case{"git-upload-pack /demo/shop.git", Service::UploadPack, "/demo/shop.git"},
             Case{"git-upload-pack ~/a_b-c,d", Service::UploadPack, "~/a_b-c,d"},
             Case{"git-upload-pack '/it'\\''s'", Service::UploadPack, "/it's"},
             Case{"git-upload-pack 'wow'\\!''", Service::UploadPack, "wow!"},
             Case{"git-upload-pack '/a'\\'''\\!'b'", Service::UploadPack, "/a'!b"},
             Case{"git-upload-pack '/a b;$(id)'", Service::UploadPack, "/a b;$(id)"},
             Case{"git-upload-pack '/\xc3\xbc'", Service::UploadPack, "/\xc3\xbc"},
         }) {
        const auto parsed = parse_ssh_command(line);
        ASSERT_TRUE(parsed) << line;
        EXPECT_EQ(parsed->service, service) << line;
        EXPECT_EQ(parsed->path, path) << line;
    }
}

TEST(SshCommand, KnowsItsLengthAndOneBeyond) {
    const std::string prefix = "git-upload-pack ";
    const std::string longest = prefix + std::string(kSshCommandBytesMax - prefix.size(), 'a');
    EXPECT_TRUE(parse_ssh_command(longest));
    const auto beyond = parse_ssh_command(longest + "a");
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().code(), Code::LimitExceeded);
}

}  // namespace
}  // namespace origin::git
