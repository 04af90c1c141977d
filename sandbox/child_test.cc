// SPDX-License-Identifier: Apache-2.0
// Goal: a child runs with what it was given and nothing else, and never longer than it may.
// Method: /bin/sh as the child; a clock that the test turns for the time limit.
#include "sandbox/child.h"

#include <atomic>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/limits.h"

namespace origin::sandbox {
namespace {

/// Each look at it is fifty seconds later.
class RushingClock final : public Clock {
public:
    UnixMillis now() const override { return 0; }
    std::chrono::steady_clock::time_point steady() const override {
        return std::chrono::steady_clock::time_point(std::chrono::seconds(50 * ++looks_));
    }

private:
    mutable std::atomic<int> looks_{0};
};

struct Ran {
    ChildEnd end;
    std::vector<std::string> lines;
};

Ran run_shell(const std::string& script, const std::string& input = {}) {
    Ran ran;
    const auto end = run_child({.program = "/bin/sh",
                                .arguments = {"-c", script},
                                .environment = {"A=1"},
                                .folder = "/tmp",
                                .input = input,
                                .line =
                                    [&](std::string_view line) {
                                        ran.lines.emplace_back(line);
                                    }},
                               SystemClock());
    EXPECT_TRUE(end);
    ran.end = end.value_or(ChildEnd{.status = -1});
    return ran;
}

TEST(Child, SaysHowItEnded) {
    EXPECT_TRUE(run_shell("exit 0").end.ok());
    EXPECT_EQ(run_shell("exit 7").end.status, 7);
    EXPECT_EQ(run_shell("kill -9 $$").end.signal, SIGKILL);
    EXPECT_FALSE(run_shell("kill -9 $$").end.ok());
    EXPECT_FALSE(run_child({.program = "/nonexistent",
                            .arguments = {},
                            .environment = {},
                            .folder = "/",
                            .input = {},
                            .line = {}},
                           SystemClock()));
    EXPECT_FALSE(run_child({.program = "/bin/true",
                            .arguments = {},
                            .environment = {},
                            .folder = "/nonexistent",
                            .input = {},
                            .line = {}},
                           SystemClock()));
}

TEST(Child, HasItsInputItsFolderItsEnvironmentAndNoOtherFile) {
    const int mine = ::open("/dev/null", O_RDONLY);  // Not close-on-exec, on purpose.
    const Ran ran = run_shell(
        "cat; echo; pwd; env | grep -c ^A=1$; env | grep -c HOME; ls /proc/$$/fd | grep -c -v "
        "[012]; echo err >&2",
        "in");
    EXPECT_EQ(run_shell("test ! -e /proc/$$/fd/" + std::to_string(mine)).end.status, 0);
    ::close(mine);
    ASSERT_GE(ran.lines.size(), 5U);
    EXPECT_EQ(ran.lines[0], "in");
    EXPECT_EQ(ran.lines[1], "/tmp");
    EXPECT_EQ(ran.lines[2], "1");
    EXPECT_EQ(ran.lines[3], "0");
    EXPECT_EQ(ran.lines.back(), "err");
}

TEST(Child, LongLinesAreCutAndAnUnendedOneIsSaid) {
    const Ran ran = run_shell("head -c 100000 /dev/zero | tr '\\0' x; echo; printf end");
    ASSERT_EQ(ran.lines.size(), 2U);
    EXPECT_EQ(ran.lines[0], std::string(kChildLineBytesMax, 'x'));
    EXPECT_EQ(ran.lines[1], "end");
}

TEST(Child, IsKilledWhenItsTimeIsOver) {
    for (const char* script : {"exec sleep 1000", "exec sleep 1000 >&- 2>&-"}) {
        const auto end = run_child({.program = "/bin/sh",
                                    .arguments = {"-c", script},
                                    .environment = {},
                                    .folder = "/",
                                    .input = {},
                                    .time_max = std::chrono::seconds(60),
                                    .line = {}},
                                   RushingClock());
        ASSERT_TRUE(end);
        EXPECT_TRUE(end->timed_out) << script;
        EXPECT_EQ(end->signal, SIGKILL) << script;
    }
}

}  // namespace
}  // namespace origin::sandbox
