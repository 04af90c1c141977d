// SPDX-License-Identifier: Apache-2.0
// Goal: `.origind.toml` says exactly what is written in it, or why not and in which line; nobody's
// secret is repeated. Anybody who may push writes this file: what is broken or hostile comes first.
// Method: tables of texts; then the file in real trees.
#include "hooks/origind_toml.h"

#include <gtest/gtest.h>

#include "git/serve/test_project.h"

namespace origin::hooks {
namespace {

struct Refused {
    std::string text;
    std::string told;  // Part of it.
};

std::string why_not(std::string_view text) {
    const auto file = parse_origind_toml(text);
    EXPECT_TRUE(file || file.error().reason() == "bad_origind_toml");
    EXPECT_TRUE(file || file.error().code() == Code::InvalidInput);
    return file ? "taken" : file.error().told_to_peer();
}

constexpr std::string_view kBuild = "[build]\ncommand = 'make'\noutput = 'dist'\n";

TEST(OrigindToml, WhatIsWrongIsToldWithItsLine) {
    const std::vector<Refused> table = {
        {"[build", ".origind.toml: line 1: "},
        {"[build]\ncommand = 'a'\ncommand = 'b'\n", "line 3: "},
        {"\n\nweb = 1", "line 3: 'web' is not known here; there are [build] and [[rule]]"},
        {"[build]\ncommand = 'make'", "line 1: [build] needs 'output'"},
        {"[build]\noutput = 'dist'", "line 1: [build] needs 'command'"},
        {"[build]\ncommand = ''\noutput = 'x'", "line 2: 'command' has to be a string of 1 to"},
        {"[build]\ncommand = ['make']\noutput = 'x'", "line 2: 'command' has to be a string"},
        {"[build]\ncommand = \"a\\nb\"\noutput = 'x'", "line 2: 'command' has to be one line"},
        {"[build]\ncommand = 'make'\noutput = 7", "line 3: 'output' has to be a string"},
        {"build = 3", "line 1: 'build' has to be a table"},
        {std::string(kBuild) + "node = '22'", "line 4: 'node' is not known here; there are comm"},
        {"rule = 'main'", "line 1: 'rule' has to be a list"},
        {"rule = ['main']", "line 1: 'rule' has to be a list of tables"},
        {"[rule]\nref = 'main'", "line 1: 'rule' has to be a list"},
        {"[[rule]]\nref = 'main'", "line 1: [[rule]] needs 'target'"},
        {"[[rule]]\ntarget = 'staging'", "line 1: [[rule]] needs 'ref'"},
        {"[[rule]]\nref = 'a..b'\ntarget = 'x'", "line 2: 'ref' has to be a branch"},
        {"[[rule]]\nref = '../x'\ntarget = 'x'", "line 2: 'ref' has to be a branch"},
        {"[[rule]]\nref = \"a\\u0000\"\ntarget = 'x'", "line 2: 'ref' has to be a branch"},
        {"[[rule]]\nref = 'a'\ntarget = 'No Target'", "line 3: 'target' has to be the name"},
        {"[[rule]]\nref = 'a'\ntarget = '" + std::string(25, 'x') + "'", "line 3: 'target' has"},
        {"[[rule]]\nref = 'a'\ntarget = 'x'\npreview = 'yes'", "line 4: 'preview' has to be true"},
        {"[[rule]]\nref = 'a'\ntarget = 'x'\npattern = 'b'", "line 4: 'pattern' is not known"},
        {std::string("a = 1\n\0 = 2", 11), "line 2: has a control character"},
        {"a = 1\r\n[b]\r\n\x1b = 2", "line 3: has a control character"},
        {"a = '\xff'", "line 1: "},
    };
    for (const Refused& row : table) {
        EXPECT_TRUE(why_not(row.text).contains(row.told)) << row.text << "\n" << why_not(row.text);
    }
}

TEST(OrigindToml, AtMostThreeMistakesAreTold) {
    EXPECT_EQ(why_not("a = 1\nb = 1\nc = 1\nd = 1\ne = 1").ends_with("; and more"), true);
    EXPECT_TRUE(why_not("b = 1\na = 1").contains("line 1: 'b'")) << "in the order of the file";
}

TEST(OrigindToml, ASecretIsRefusedAndNotRepeated) {
    for (const std::string key : {"token",
                                  "NETLIFY_AUTH_TOKEN",
                                  "apiKey",
                                  "aws-secret",
                                  "password",
                                  "private_key",
                                  "db.passphrase"}) {
        for (const std::string where : {"", "[build]\n", "[[rule]]\n"}) {
            const std::string told = why_not(where + key + " = 'hunter2value'");
            EXPECT_TRUE(told.contains("looks like a secret") || key.contains('.')) << told;
            EXPECT_FALSE(told.contains("hunter2value")) << told;
        }
    }
    EXPECT_FALSE(why_not("[build]\ncommand = ['hunter2value']").contains("hunter2value"));
    EXPECT_FALSE(why_not("token = 'hunter2value").contains("hunter2value"));
}

TEST(OrigindToml, LargeAndDeepFilesAreRefused) {
    const std::string full = std::string(kBuild) + "#";
    EXPECT_EQ(why_not(full + std::string(kOrigindTomlBytesMax - full.size(), 'x')), "taken");
    EXPECT_TRUE(why_not(full + std::string(kOrigindTomlBytesMax - full.size() + 1, 'x'))
                    .contains("more than 64 KiB"));
    std::string deep = "a";
    for (int i = 0; i < 30'000; ++i) {
        deep += ".a";
    }
    EXPECT_TRUE(why_not(deep + " = 1").contains("more than 1000 dots"));
    EXPECT_TRUE(why_not(deep.substr(0, 2001) + " = 1").contains("not known"));
    EXPECT_TRUE(why_not("a = " + std::string(60'000, '[')).contains("line 1: "));
}

TEST(OrigindToml, AHundredRulesAndNotOneMore) {
    std::string rules;
    for (int i = 0; i < 100; ++i) {
        rules += "[[rule]]\nref = 'b" + std::to_string(i) + "'\ntarget = 'staging'\n";
    }
    const auto file = parse_origind_toml(rules);
    ASSERT_TRUE(file);
    EXPECT_EQ(file->rules.size(), 100U);
    EXPECT_TRUE(why_not(rules + "[[rule]]\nref = 'x'\ntarget = 'y'").contains("at most 100"));
}

TEST(OrigindToml, SaysWhatIsWrittenInIt) {
    const auto file = parse_origind_toml(
        "# how it is built\n"
        "[build]\ncommand = \"npm ci && npm run build\"\noutput = \"packages/web/.out\"\n"
        "[[rule]]\nref = 'main'\ntarget = 'production'\n"
        "[[rule]]\nref = 'refs/tags/v*'\ntarget = 'staging'\npreview = true\n");
    ASSERT_TRUE(file) << file.error().told_to_peer();
    ASSERT_TRUE(file->build);
    EXPECT_EQ(file->build->command, "npm ci && npm run build");
    EXPECT_EQ(file->build->output, "packages/web/.out");
    const std::vector<store::TreeRule> rules = {{"refs/heads/main", "production", false},
                                                {"refs/tags/v*", "staging", true}};
    EXPECT_EQ(file->rules, rules);
    const auto slash = parse_origind_toml("[build]\ncommand = 'make'\noutput = 'dist/'\n");
    ASSERT_TRUE(slash);
    EXPECT_EQ(slash->build->output, "dist");
    const auto nothing = parse_origind_toml("");
    ASSERT_TRUE(nothing);
    EXPECT_TRUE(!nothing->build && nothing->rules.empty());
}

TEST(OrigindToml, TheOutputStaysInsideTheTree) {
    for (const std::string folder :
         {"/etc", "..", "a/../b", ".", "a//b", "a//", "./a", ".git", "a/.git/b", "a\\\\b"}) {
        const std::string told = why_not("[build]\ncommand = 'make'\noutput = \"" + folder + "\"");
        EXPECT_TRUE(told.contains("line 3: 'output' has to be a folder")) << folder << told;
    }
}

class OrigindTomlTree : public git::TestProject {};

TEST_F(OrigindTomlTree, IsReadFromTheRootOfACommit) {
    Oid with;
    Oid without;
    ASSERT_TRUE(commit_file("refs/heads/a", {}, "sub/.origind.toml", "broken", &without));
    ASSERT_TRUE(commit_file("refs/heads/a", without, ".origind.toml", std::string(kBuild), &with));
    Oid broken;
    Oid folder;
    ASSERT_TRUE(commit_file("refs/heads/a", with, ".origind.toml", "[", &broken));
    ASSERT_TRUE(commit_file("refs/heads/b", {}, ".origind.toml/x", "y", &folder));
    auto draft = git::Draft::open(service(), permit());
    ASSERT_TRUE(draft);
    const git::ObjectStore& objects = *(*draft)->objects();
    const auto none = read_origind_toml(objects, without);
    ASSERT_TRUE(none);
    EXPECT_FALSE(*none);
    const auto file = read_origind_toml(objects, with);
    ASSERT_TRUE(file && *file && (*file)->build);
    EXPECT_EQ((*file)->build->output, "dist");
    for (const Oid& bad : {broken, folder}) {
        const auto refused = read_origind_toml(objects, bad);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().reason(), "bad_origind_toml");
    }
}

}  // namespace
}  // namespace origin::hooks
