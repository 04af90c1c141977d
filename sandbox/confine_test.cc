// SPDX-License-Identifier: Apache-2.0
// Goal: a confined process can do its task, and nothing that a thief in it would want.
// Method: each attempt in a forked child of its own, which tells by its exit status what errno the
// kernel answered; the same attempt unconfined shows that the test could fail.
#include "sandbox/confine.h"

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace origin::sandbox {
namespace {

constexpr int kNotConfined = 200;
constexpr int kKilled = 1000;  // Plus the signal.

class Confine : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "confine-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        std::filesystem::create_directory(folder_ / "mine");
        std::filesystem::create_directory(folder_ / "theirs");
        std::ofstream(folder_ / "theirs/secret") << "secret";
        confinement_ = {.memory_bytes_max = 1ULL << 32U,
                        .cpu_seconds_max = 10,
                        .file_bytes_max = 1000,
                        .readable = system_files(),
                        .writable = {folder_ / "mine"}};
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    /// What `attempt` leaves in errno (it must set it to 0 if it worked), or how it died.
    int in_child(const std::function<void()>& attempt, bool confined = true) {
        const pid_t child = ::fork();
        if (child == 0) {
            if (confined) {
                const auto done = confine(confinement_);
                if (!done) {
                    ::_exit(kNotConfined);
                }
            }
            attempt();
            ::_exit(errno);
        }
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        return WIFSIGNALED(status) ? kKilled + WTERMSIG(status) : WEXITSTATUS(status);
    }
    bool has_landlock() {
        return in_child(
                   [&] { errno = confine(confinement_).value_or(Confined{}).files ? 0 : ENOSYS; },
                   false) == 0;
    }
    static void settle(bool worked) { errno = worked ? 0 : errno; }

    std::filesystem::path folder_;
    Confinement confinement_;
};

TEST_F(Confine, StartsNoProgramAndTouchesNoOtherProcess) {
    const auto run = [] {
        ::execl("/bin/true", "true", nullptr);
    };
    EXPECT_EQ(in_child(run, false), 0);
    EXPECT_EQ(in_child(run), EPERM);
    EXPECT_EQ(in_child([] {
                  const pid_t made = ::fork();
                  if (made == 0) {
                      ::_exit(0);
                  }
                  settle(made > 0);
              }),
              EPERM);
    EXPECT_EQ(in_child([] { settle(::kill(::getppid(), 0) == 0); }), EPERM);
    EXPECT_EQ(in_child([] { settle(::kill(::getppid(), 0) == 0); }, false), 0);
    EXPECT_EQ(in_child([] { settle(::ptrace(PTRACE_TRACEME, 0, 0, 0) == 0); }), EPERM);
    EXPECT_EQ(in_child([] { settle(::chroot("/") == 0); }), EPERM);
}

TEST_F(Confine, HasANetworkOnlyIfItMay) {
    const auto connectable = [] {
        settle(::socket(AF_INET, SOCK_STREAM, 0) >= 0);
    };
    EXPECT_EQ(in_child(connectable), EPERM);
    confinement_.network = Network::Clients;
    EXPECT_EQ(in_child(connectable), 0);
    EXPECT_EQ(in_child([] {
                  const int one = ::socket(AF_INET, SOCK_STREAM, 0);
                  settle(::listen(one, 1) == 0);
              }),
              EPERM);
}

TEST_F(Confine, WritesNoLargeFile) {
    const auto write = [&] {
        const int file = ::open((folder_ / "mine/large").c_str(), O_WRONLY | O_CREAT, 0600);
        const std::string bytes(2000, 'x');
        ::signal(SIGXFSZ, SIG_IGN);
        settle(file >= 0 && ::write(file, bytes.data(), 1000) == 1000 &&
               ::write(file, bytes.data(), 1000) == 1000);
    };
    EXPECT_EQ(in_child(write), EFBIG);
    EXPECT_EQ(in_child(write, false), 0);
}

TEST_F(Confine, SeesOnlyItsOwnFolder) {
    if (!has_landlock()) {
        GTEST_SKIP() << "this kernel has no Landlock";
    }
    const auto read = [](const std::filesystem::path& path) {
        return [path] {
            settle(::open(path.c_str(), O_RDONLY) >= 0);
        };
    };
    EXPECT_EQ(in_child(read(folder_ / "theirs/secret"), false), 0);
    EXPECT_EQ(in_child(read(folder_ / "theirs/secret")), EACCES);
    EXPECT_EQ(in_child(read(folder_ / "mine")), 0);
    EXPECT_EQ(in_child(read("/etc/passwd")), 0);
    EXPECT_EQ(in_child([] { settle(::open("/etc/x", O_WRONLY | O_CREAT, 0600) >= 0); }), EACCES);
    EXPECT_EQ(
        in_child([&] {
            settle(::open((folder_ / "mine/new").c_str(), O_WRONLY | O_CREAT, 0600) >= 0 &&
                   ::rename((folder_ / "mine/new").c_str(), (folder_ / "mine/old").c_str()) == 0 &&
                   ::unlink((folder_ / "mine/old").c_str()) == 0);
        }),
        0);
}

}  // namespace
}  // namespace origin::sandbox
