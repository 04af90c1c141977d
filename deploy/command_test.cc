// SPDX-License-Identifier: Apache-2.0
// Goal: a target may name the operator's programs only, and says what it likes in variables and
// nothing else. Method: settings, good and hostile. What the program does is told by
// tests/scenarios/deploy_command_story.py.
#include "deploy/command.h"

#include <gtest/gtest.h>

namespace origin::deploy {
namespace {

using Settings = std::map<std::string, std::string>;

std::string refused(const Settings& settings) {
    const SystemClock clock;
    const Command command({.programs = {{"rsync", "/usr/local/bin/deploy"}}}, clock);
    const Status checked = command.check({.settings = settings});
    return checked ? "" : std::string(checked.error().reason());
}

TEST(Command, OnlyAProgramOfTheOperatorsMayBeNamed) {
    EXPECT_EQ(refused({}), "missing_setting");
    EXPECT_EQ(refused({{"program", "other"}}), "bad_setting");
    EXPECT_EQ(refused({{"program", "/bin/sh"}}), "bad_setting");
    EXPECT_EQ(refused({{"program", "rsync"}}), "");
}

TEST(Command, SettingsAreNamesAndLines) {
    const auto with = [](const std::string& name, const std::string& value) {
        return refused({{"program", "rsync"}, {name, value}});
    };
    EXPECT_EQ(with("siteRoot", "/srv/www and more"), "");
    EXPECT_EQ(with("LD_PRELOAD", "x"), "unknown_setting");
    EXPECT_EQ(with("a=b", "x"), "unknown_setting");
    EXPECT_EQ(with("", "x"), "unknown_setting");
    EXPECT_EQ(with("1a", "x"), "unknown_setting");
    EXPECT_EQ(with("a", "x\ny"), "bad_setting");
    EXPECT_EQ(with("a", "\xff"), "bad_setting");
    EXPECT_EQ(with("a", std::string(4097, 'x')), "bad_setting");
    EXPECT_EQ(with("a", std::string(4096, 'x')), "");
}

TEST(Command, AVariableIsNamedAfterItsSetting) {
    EXPECT_EQ(variable_of_setting("siteRoot"), "ORIGIN_SETTING_SITE_ROOT");
    EXPECT_EQ(variable_of_setting("path"), "ORIGIN_SETTING_PATH");
    EXPECT_EQ(variable_of_setting("PATH"), "ORIGIN_SETTING_PATH");
    EXPECT_EQ(variable_of_setting("keep5"), "ORIGIN_SETTING_KEEP5");
}

}  // namespace
}  // namespace origin::deploy
