// SPDX-License-Identifier: Apache-2.0
// Goal: what runs in a box reaches nothing outside it, takes no more than it may, and leaves
// nothing behind. Method: hostile shell scripts in real boxes, looked at from outside.
#include "sandbox/bubblewrap.h"

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace origin::sandbox {
namespace {

namespace fs = std::filesystem;
using Why = BoxEnd::Why;

class BoxTest : public testing::Test {
protected:
    void SetUp() override {
        const Status works = box_.self_test();
        ASSERT_TRUE(works) << works.error().told_to_peer();
    }

    BoxedProgram shell(const std::string& script) {
        return {.command = {"/bin/sh", "-c", script}, .line = [this](std::string_view line) {
                    said_ += std::string(line) + "\n";
                }};
    }
    BoxEnd run(const BoxedProgram& boxed) {
        said_.clear();
        const auto end = box_.run(boxed);
        EXPECT_TRUE(end) << end.error().told_to_peer();
        return end.value_or(BoxEnd{.why = Why::Killed, .text = "not begun"});
    }
    BoxEnd run(const std::string& script) { return run(shell(script)); }

    SystemClock clock_;
    Bubblewrap box_{clock_};
    std::string said_;
    std::future<void> answering_;
};

/// Processes of this machine whose command line has `word` in it.
std::size_t processes_with(const std::string& word) {
    std::size_t found = 0;
    std::error_code gone;
    for (const auto& each : fs::directory_iterator("/proc", gone)) {
        std::ostringstream line;  // Its << does not throw if the process ends between two calls.
        line << std::ifstream(each.path() / "cmdline").rdbuf();
        found += line.view().contains(word) && each.path() != "/proc/self" ? 1 : 0;
    }
    return found;
}

TEST_F(BoxTest, SaysHowTheProgramEnded) {
    EXPECT_TRUE(run("true").ok());
    EXPECT_EQ(run("exit 7").status, 7);
    EXPECT_EQ(run("kill -9 $$").status, 137);
    EXPECT_EQ(run(BoxedProgram{.command = {"/nonexistent"}}).status, 127);
}

TEST_F(BoxTest, SeesNothingOfTheMachine) {
    const fs::path secret = fs::temp_directory_path() / "origind-box-secret";
    std::ofstream(secret) << "secret";
    EXPECT_EQ(run("cat " + secret.string() + " /etc/shadow /root/* /var/* /box/* 2>/dev/null; env")
                  .status,
              0);
    EXPECT_FALSE(said_.contains("secret"));
    EXPECT_FALSE(said_.contains("root:"));
    EXPECT_TRUE(said_.contains("HOME=/home\n"));
    EXPECT_FALSE(said_.contains("USER="));
    EXPECT_NE(run("echo x >/usr/x || echo x >/bin/x || mount -t tmpfs x /box").status, 0);
    EXPECT_NE(run("kill -0 " + std::to_string(::getpid())).status, 0);
    fs::remove(secret);
}

TEST_F(BoxTest, HasNoNetworkAndNoRightsToMakeOne) {
    EXPECT_NE(
        run("python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 1), 1)'").status,
        0);
    EXPECT_EQ(run("python3 -c 'import socket; socket.socket(socket.AF_NETLINK, 3, 0)' 2>&1 | grep "
                  "-q 'not supported'")
                  .status,
              0);
    EXPECT_NE(run("unshare -Un true").status, 0);
    EXPECT_NE(run("ip link add x type dummy").status, 0);
}

TEST_F(BoxTest, APortOfItsOwnIsAnsweredFromOutsideAndNoOther) {
    BoxedProgram boxed = shell(
        "python3 -c '\n"
        "import socket\n"
        "one = socket.create_connection((\"127.0.0.1\", 4873), 10)\n"
        "one.sendall(b\"ask\")\n"
        "print(one.recv(100).decode())\n"
        "try: socket.create_connection((\"127.0.0.1\", 4874), 1)\n"
        "except ConnectionRefusedError: print(\"refused\")'");
    std::atomic<int> served{0};
    boxed.port = {
        .number = 4873, .serve = [&](Fd listening) {
            const timeval patience{.tv_sec = 20, .tv_usec = 0};
            ::setsockopt(listening.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
            answering_ =
                std::async(std::launch::async, [&served, listening = std::move(listening)] {
                    const Fd one(::accept(listening.get(), nullptr, nullptr));
                    std::array<char, 10> asked{};
                    ::read(one.get(), asked.data(), asked.size());
                    served += std::string_view(asked.data()) == "ask" ? 1 : 0;
                    EXPECT_EQ(::write(one.get(), "answer", 6), 6);
                });
        }};
    EXPECT_TRUE(run(boxed).ok());
    EXPECT_EQ(said_, "answer\nrefused\n");
    answering_.wait();
    EXPECT_EQ(served, 1);
}

TEST_F(BoxTest, ReadsWhatItIsLentAndWritesNothingThere) {
    std::string folder = (fs::temp_directory_path() / "origind-lent-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    std::ofstream(fs::path(folder) / "a") << "lent";
    BoxedProgram boxed = shell("cat /lent/a; echo; echo x >/lent/a || rm /lent/a");
    boxed.lent = {{folder, "/lent"}};
    boxed.user = BoxUser::Server;  // The folder is its own alone.
    EXPECT_NE(run(boxed).status, 0);
    EXPECT_TRUE(said_.starts_with("lent\n"));
    std::ifstream file(fs::path(folder) / "a");
    const std::string after((std::istreambuf_iterator<char>(file)), {});
    EXPECT_EQ(after, "lent");
    fs::remove_all(folder);
}

TEST_F(BoxTest, EndsWhatNeverEndsWithAllThatItStarted) {
    BoxedProgram boxed = shell("setsid sleep 98765 & sleep 98765");
    boxed.limits.time_max = std::chrono::seconds(2);
    const BoxEnd end = run(boxed);
    EXPECT_EQ(end.why, Why::Killed);
    EXPECT_EQ(end.text, "it took longer than 2 seconds");
    EXPECT_EQ(processes_with("98765"), 0U);
    // And what a program that ended well has left running.
    EXPECT_TRUE(run("setsid sleep 87654 >/dev/null 2>&1 & exit 0").ok());
    EXPECT_EQ(processes_with("87654"), 0U);
    EXPECT_TRUE(run("sleep 76543 & exit 0").ok());
    EXPECT_EQ(processes_with("76543"), 0U);
}

TEST_F(BoxTest, IsGivenUpWhenAsked) {
    BoxedProgram boxed = shell("sleep 98764");
    std::atomic<int> looks{0};
    boxed.give_up = [&] {
        return ++looks > 3;
    };
    EXPECT_EQ(run(boxed).text, "it was given up");
    EXPECT_EQ(processes_with("98764"), 0U);
}

TEST_F(BoxTest, ForksNoMoreThanItMay) {
    BoxedProgram boxed = shell(
        "python3 -c '\n"
        "import os, time\n"
        "n = 0\n"
        "try:\n"
        "    while n < 5000:\n"
        "        if os.fork() == 0: time.sleep(1000); os._exit(0)\n"
        "        n += 1\n"
        "except OSError: pass\n"
        "print(n)'");
    boxed.limits.processes_max = 40;
    EXPECT_TRUE(run(boxed).ok());
    EXPECT_LE(std::stoi("0" + said_), 40) << said_;
    EXPECT_GE(std::stoi("0" + said_), 20) << said_;
}

TEST_F(BoxTest, TakesNoMoreMemoryThanItMay) {
    const std::string eats = "x = b'x' * (1 << 20) * ";
    BoxedProgram one = shell("exec python3 -c \"" + eats + "400\"");
    one.limits.memory_bytes_max = 200 << 20;
    EXPECT_NE(run(one).status, 0);
    EXPECT_TRUE(said_.contains("MemoryError"));
    // Each below the limit, and together above it.
    BoxedProgram many = shell("for i in 1 2 3 4 5 6; do python3 -c \"" + eats +
                              "100; import time; time.sleep(1000)\" & done; wait");
    many.limits.memory_bytes_max = 200 << 20;
    const BoxEnd end = run(many);
    EXPECT_EQ(end.why, Why::Killed);
    EXPECT_EQ(end.text, "its processes took more than 200 MiB of memory");
}

TEST_F(BoxTest, FillsItsOwnFoldersOnly) {
    BoxedProgram boxed = shell(
        "for f in /box/f /tmp/f /home/f; do head -c 100m /dev/zero >$f; stat -c %s $f; done; "
        "echo x >/x 2>/dev/null; true");
    boxed.limits.work_bytes_max = 8 << 20;
    boxed.limits.tmp_bytes_max = 4 << 20;
    EXPECT_TRUE(run(boxed).ok());
    EXPECT_TRUE(said_.contains("8388608\n")) << said_;
    EXPECT_TRUE(said_.contains("4194304\n")) << said_;
    boxed = shell("head -c 100m /dev/zero >/box/f");
    boxed.limits.file_bytes_max = 1 << 20;
    EXPECT_NE(run(boxed).status, 0);
    boxed = shell("i=0; while :; do mkdir /box/$i; i=$((i + 1)); done");
    boxed.limits.files_max = 1000;
    EXPECT_EQ(run(boxed).text, "it made more than 1000 files");
}

TEST_F(BoxTest, PrintsNoMoreThanItMay) {
    BoxedProgram boxed = shell("yes");
    boxed.limits.output_bytes_max = 1 << 20;
    boxed.line = {};
    EXPECT_EQ(run(boxed).text, "it printed more than 1048576 bytes");
    boxed = shell("tr '\\0' x </dev/zero");  // One line.
    boxed.limits.output_bytes_max = 1 << 20;
    EXPECT_EQ(run(boxed).text, "it printed more than 1048576 bytes");
}

TEST_F(BoxTest, FilesGoInAndOut) {
    const auto first = nameless_file(fs::temp_directory_path());
    ASSERT_TRUE(first);
    BoxedProgram boxed = shell("mkdir -p d/e; echo 1 >d/a; ln d/a d/e/b; ln -s a d/c; cat >d/in");
    const auto input = file_of("from stdin");
    boxed.input_file = input->get();
    boxed.archive_out = first->get();
    boxed.out_folder = "d";
    EXPECT_TRUE(run(boxed).ok());
    const auto second = nameless_file(fs::temp_directory_path());
    ASSERT_TRUE(second);
    ::lseek(first->get(), 0, SEEK_SET);
    boxed = shell("cat a e/b in; readlink c; ls -A | wc -l; find . -links +1 -type f | wc -l");
    boxed.archive_in = first->get();
    EXPECT_TRUE(run(boxed).ok());
    EXPECT_EQ(said_, "1\n1\nfrom stdina\n4\n0\n");
}

TEST_F(BoxTest, NamesAFolderOfItsOwnOrNone) {
    for (const std::string script : {"true",
                                     "echo >dist",
                                     "ln -s /usr dist",
                                     "ln -s .. dist",
                                     "ln -s dist dist",
                                     "mkdir dist; cd dist; mkdir a; chmod 0 a"}) {
        const auto out = nameless_file(fs::temp_directory_path());
        BoxedProgram boxed = shell(script);
        boxed.archive_out = out->get();
        boxed.out_folder = "dist";
        EXPECT_EQ(run(boxed).why, Why::NoFolder) << script;
    }
    const auto out = nameless_file(fs::temp_directory_path());
    BoxedProgram boxed = shell("mkdir dist; head -c 3m /dev/zero >dist/a; cp dist/a dist/b");
    boxed.archive_out = out->get();
    boxed.out_folder = "dist";
    boxed.limits.file_bytes_max = 4 << 20;
    EXPECT_EQ(run(boxed).why, Why::TooLarge);
}

TEST_F(BoxTest, AnArchiveThatDoesNotFitIsSaid) {
    const auto in = file_of(std::string(10'000, 'x'));
    BoxedProgram boxed = shell("true");
    boxed.archive_in = in->get();
    EXPECT_EQ(run(boxed).why, Why::BadArchive);
}

TEST_F(BoxTest, WhatAKilledServerLeftIsEndedByTheNextAndNothingElse) {
    const Bubblewrap other(clock_, "another-owner");
    std::atomic<bool> over{false};
    BoxedProgram runs_on = shell("sleep 65433");
    runs_on.line = {};
    runs_on.give_up = [&] {
        return over.load();
    };
    auto neighbour = std::async(std::launch::async, [&] { return other.run(runs_on); });
    while (processes_with("65433") == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    const Bubblewrap box(clock_, "an-owner");
    for (int i = 0; i < 30; ++i) {
        const pid_t server = ::fork();
        EXPECT_GE(server, 0);
        if (server < 0) {
            break;
        }
        if (server == 0) {
            ::_exit(box.run({.command = {"/bin/sleep", "65432"}}) ? 0 : 1);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2 * i));
        ::kill(server, SIGKILL);
        ::waitpid(server, nullptr, 0);
    }
    // One may be on its way still.
    constexpr int kTries = 500;
    for (int i = 0; i < kTries && (box.end_leftovers() > 0 || processes_with("65432") > 0); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_EQ(processes_with("65432"), 0U);
    EXPECT_EQ(processes_with("an-owner"), 0U);
    EXPECT_GT(processes_with("65433"), 0U);
    over = true;
    EXPECT_EQ(neighbour.get()->text, "it was given up");
}

TEST(Box, IsRefusedWithAReasonWhereItCannotBe) {
    SystemClock clock;
    for (const char* program : {"/nonexistent/bwrap", "/bin/false"}) {
        const Bubblewrap box(clock, {}, program);
        const Status works = box.self_test();
        ASSERT_FALSE(works);
        EXPECT_EQ(works.error().reason(), "no_sandbox");
        EXPECT_TRUE(works.error().told_to_peer().contains("cannot run programs in a sandbox"));
    }
    // A bwrap that makes no box.
    std::string fake = (fs::temp_directory_path() / "origind-bwrap-XXXXXX").string();
    const int file = ::mkstemp(fake.data());
    const std::string_view script =
        "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done\nshift\nexec \"$@\"\n";
    ASSERT_EQ(::write(file, script.data(), script.size()), static_cast<ssize_t>(script.size()));
    ::fchmod(file, 0755);
    ::close(file);
    const Status works = Bubblewrap(clock, {}, fake).self_test();
    ASSERT_FALSE(works);
    EXPECT_TRUE(works.error().told_to_peer().contains("it is not a user of its own"));
    fs::remove(fake);
}

}  // namespace
}  // namespace origin::sandbox
