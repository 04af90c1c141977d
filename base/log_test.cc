// SPDX-License-Identifier: Apache-2.0
// Goal: a log line is one line, parses, and never shows a secret.
// Method: log hostile fields into a pipe in both formats and read the line back.
#include "base/log.h"

#include <array>

#include <gtest/gtest.h>
#include <unistd.h>

namespace origin {
namespace {

std::string logged(LogFormat format, std::initializer_list<Field> fields) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    const SystemClock clock;
    Log log(ends[1], format, Level::Info, clock);
    log.info("it happened", fields);
    log.debug("below the level");
    ::close(ends[1]);
    std::string text(4096, '\0');
    const ssize_t size = ::read(ends[0], text.data(), text.size());
    ::close(ends[0]);
    text.resize(static_cast<std::size_t>(size));
    return text;
}

TEST(Log, SecretsPrintAsStars) {
    for (const auto format : {LogFormat::Text, LogFormat::Json}) {
        const std::string line = logged(format, {{"key", Secret("ogk_canary")}});
        EXPECT_FALSE(line.contains("canary")) << line;
        EXPECT_TRUE(line.contains("***")) << line;
    }
}

TEST(Log, HostileTextStaysOnItsLine) {
    const std::string line = logged(LogFormat::Json, {{"agent", "a\"b\\c\nd\x1b[31m"}});
    EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
    EXPECT_FALSE(line.contains('\x1b'));
    EXPECT_TRUE(line.contains(R"(a\"b\\c\\x0ad\\x1b[31m)")) << line;
}

TEST(Log, TextQuotesWhatHasSpaces) {
    EXPECT_TRUE(logged(LogFormat::Text, {{"a", "b c"}, {"n", 5}}).contains("a=\"b c\" n=5"));
}

TEST(Log, ASecretIsHiddenInTheWordsOfOthers) {
    const auto hidden = [](std::string text, std::string_view secret) {
        hide(text, secret);
        return text;
    };
    EXPECT_EQ(hidden("a token-1 b token-1token-1", "token-1"), "a *** b ******");
    EXPECT_EQ(hidden("Access Denied", "e"), "Access Denied") << "in every text";
    EXPECT_EQ(hidden("Access Denied", ""), "Access Denied");
    EXPECT_EQ(hidden("*********", "******"), "******") << "and it ends";
}

}  // namespace
}  // namespace origin
