// SPDX-License-Identifier: Apache-2.0
// Goal: no engine's output can leave its project, disguise itself or carry a credential.
// Method: a table of hostile paths and contents, each with its reason; then the limits.
#include "generator/validator.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace origin::generator {
namespace {

std::string reason_for(const Files& files) {
    const Status valid = validate_files(files);
    return valid ? "" : std::string(valid.error().reason());
}

TEST(Validator, RefusesHostilePaths) {
    for (const std::string path : {"",
                                   "/etc/passwd",
                                   "../x",
                                   "a/../b",
                                   "a//b",
                                   "a/",
                                   "./a",
                                   ".git/config",
                                   ".GIT/config",
                                   "a/.Git/hooks/x",
                                   "git~1/config",
                                   ".git./x",
                                   ".git /x",
                                   "a\\b",
                                   "c:x",
                                   "con",
                                   "aux.txt",
                                   "com1.js",
                                   "a.",
                                   "a ",
                                   "x\xE2\x80\x8By",
                                   "a\nb",
                                   "\xff",
                                   "a\x7f"}) {
        EXPECT_EQ(reason_for({{path, "x"}}), "bad_path") << path;
    }
    EXPECT_EQ(reason_for({{std::string(1025, 'a'), "x"}}), "bad_path");
    EXPECT_EQ(reason_for({{std::string(256, 'a'), "x"}}), "bad_path");
    std::string deep = "f";
    for (int i = 0; i < 32; ++i) {
        deep = "d/" + deep;
    }
    EXPECT_EQ(reason_for({{deep, "x"}}), "bad_path");
}

TEST(Validator, RefusesFilesThatActOnOtherPeoplesMachines) {
    for (const std::string path : {".github/workflows/x.yml",
                                   ".gitmodules",
                                   "sub/.gitattributes",
                                   "Dockerfile",
                                   ".claude/settings.json",
                                   "CODEOWNERS"}) {
        EXPECT_EQ(reason_for({{path, "x"}}), "sensitive_path") << path;
    }
}

TEST(Validator, RefusesCollisions) {
    EXPECT_EQ(reason_for({{"A.txt", "x"}, {"a.txt", "y"}}), "path_collision");
    EXPECT_EQ(reason_for({{"a", "x"}, {"a/b", "y"}}), "path_collision");
}

TEST(Validator, RefusesContentThatIsNotText) {
    EXPECT_EQ(reason_for({{"a", std::string("x\0y", 3)}}), "bad_content");
    EXPECT_EQ(reason_for({{"a", "\xff"}}), "bad_content");
    EXPECT_EQ(reason_for({{"a", std::string(kGeneratedLineBytesMax + 1, 'x')}}), "bad_content");
    EXPECT_EQ(reason_for({{"a", std::string(kGeneratedLineBytesMax, 'x') + "\n"}}), "");
}

TEST(Validator, RefusesCredentials) {
    EXPECT_EQ(reason_for({{"a", "key=ogk_" + std::string(71, 'a')}}), "secret_found");
    EXPECT_EQ(reason_for({{"a", "-----BEGIN PRIVATE KEY-----"}}), "secret_found");
    EXPECT_EQ(reason_for({{"a", "keys begin with ogk_"}}), "");
}

TEST(Validator, HoldsTheLimits) {
    Files many;
    for (std::size_t i = 0; i <= kGeneratedFilesMax; ++i) {
        many["f" + std::to_string(i)] = "x";
    }
    EXPECT_EQ(reason_for(many), "overlay_too_large");
    many.erase(many.begin());
    EXPECT_EQ(reason_for(many), "");
    std::string big;
    while (big.size() <= kGeneratedFileBytesMax) {
        big += "a line of text\n";
    }
    EXPECT_EQ(reason_for({{"a", big}}), "overlay_too_large");
}

}  // namespace
}  // namespace origin::generator
