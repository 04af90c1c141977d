// SPDX-License-Identifier: Apache-2.0
#include "sandbox/child.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"

namespace origin::sandbox {
namespace {

std::unexpected<Error> cannot(const char* what, int error_number) {
    return std::unexpected(Error(Code::Internal,
                                 "a child process cannot be started",
                                 std::string(what) + ": " + std::strerror(error_number)));
}

class Fd {
public:
    explicit Fd(int fd = -1) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { close(); }
    int get() const { return fd_; }
    void close() {
        if (fd_ >= 0) {
            ::close(std::exchange(fd_, -1));
        }
    }

private:
    int fd_;
};

struct Pipe {
    Fd reading;
    Fd writing;
};

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return cannot("pipe", errno);
    }
    return Pipe{Fd(ends[0]), Fd(ends[1])};
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (std::string& text : texts) {
        pointers.push_back(text.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

/// Cuts what comes into lines.
class Lines {
public:
    explicit Lines(const std::function<void(std::string_view)>& line) : line_(line) {}
    ~Lines() { flush(); }
    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;

    void add(std::string_view bytes) {
        for (const char c : bytes) {
            if (c == '\n') {
                flush();
            } else if (text_.size() < kChildLineBytesMax) {
                text_ += c;
            }
        }
    }

private:
    void flush() {
        if (!text_.empty() && line_) {
            line_(text_);
        }
        text_.clear();
    }

    const std::function<void(std::string_view)>& line_;
    std::string text_;
};

Result<pid_t> start(const ChildProgram& child, const Pipe& input, const Pipe& output) {
    std::vector<std::string> arguments = child.arguments;
    arguments.insert(arguments.begin(), child.program.string());
    std::vector<std::string> environment = child.environment;
    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_adddup2(&actions, input.reading.get(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output.writing.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output.writing.get(), STDERR_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    ::posix_spawn_file_actions_addchdir_np(&actions, child.folder.c_str());
    sigset_t none;
    sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    pid_t pid = 0;
    const int failed = ::posix_spawn(&pid,
                                     child.program.c_str(),
                                     &actions,
                                     &attributes,
                                     pointers_to(arguments).data(),
                                     pointers_to(environment).data());
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    if (failed != 0) {
        return cannot("posix_spawn", failed);
    }
    return pid;
}

using Deadline = std::chrono::steady_clock::time_point;

/// Waits until `fd` can be read. Returns: false if the time ran out first.
bool wait_for(int fd, Deadline deadline, const Clock& clock) {
    constexpr std::int64_t kLookAgainMs = 1000;
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock.steady());
        if (left.count() <= 0) {
            return false;
        }
        pollfd waiting{fd, POLLIN, 0};
        if (::poll(&waiting, 1, static_cast<int>(std::min(left.count(), kLookAgainMs))) > 0) {
            return true;
        }
    }
}

/// Reads until the child closes its end. Returns: false if the time ran out first.
bool read_all(int fd, Lines& lines, Deadline deadline, const Clock& clock) {
    std::array<char, 4096> buffer{};
    for (;;) {
        if (!wait_for(fd, deadline, clock)) {
            return false;
        }
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return true;
        }
        lines.add({buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))});
    }
}

}  // namespace

Result<ChildEnd> run_child(const ChildProgram& child, const Clock& clock) {
    if (child.input.size() > kChildInputBytesMax) {
        return std::unexpected(Error(Code::InvalidInput, "too much input for a child process"));
    }
    ORIGIN_TRY(input, make_pipe());
    ORIGIN_TRY(output, make_pipe());
    // It fits the pipe, so nobody has to read for this to return.
    if (::write(input.writing.get(), child.input.data(), child.input.size()) !=
        static_cast<ssize_t>(child.input.size())) {
        return cannot("write to pipe", errno);
    }
    ORIGIN_TRY(pid, start(child, input, output));
    input.reading.close();
    input.writing.close();
    output.writing.close();
    ChildEnd end;
    const auto deadline = clock.steady() + child.time_max;
    {
        Lines lines(child.line);
        end.timed_out = !read_all(output.reading.get(), lines, deadline, clock);
    }
    // It may have closed its output and go on.
    const Fd ending(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    end.timed_out =
        end.timed_out || (ending.get() >= 0 && !wait_for(ending.get(), deadline, clock));
    if (end.timed_out) {
        ::kill(pid, SIGKILL);
    }
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    end.status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return end;
}

}  // namespace origin::sandbox
