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
#include "sandbox/fd.h"

namespace origin::sandbox {
namespace {

std::unexpected<Error> cannot(const char* what, int error_number) {
    return std::unexpected(Error(Code::Internal,
                                 "a child process cannot be started",
                                 std::string(what) + ": " + std::strerror(error_number)));
}

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

/// Copies with numbers so high that none is in the way of where the child wants them.
Result<std::vector<Fd>> out_of_the_way(const std::vector<int>& files) {
    constexpr int kAbove = 64;
    std::vector<Fd> copies;
    for (const int file : files) {
        copies.emplace_back(::fcntl(file, F_DUPFD_CLOEXEC, kAbove));
        if (copies.back().get() < 0) {
            return cannot("dup", errno);
        }
    }
    return copies;
}

Result<pid_t> start(const ChildProgram& child, int input, const Pipe& output) {
    std::vector<std::string> arguments = child.arguments;
    arguments.insert(arguments.begin(), child.program.string());
    std::vector<std::string> environment = child.environment;
    ORIGIN_TRY(files, out_of_the_way(child.files));
    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output.writing.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output.writing.get(), STDERR_FILENO);
    int next = STDERR_FILENO + 1;
    for (const Fd& file : files) {
        ::posix_spawn_file_actions_adddup2(&actions, file.get(), next++);
    }
    ::posix_spawn_file_actions_addclosefrom_np(&actions, next);
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

/// Waits for the child, and looks whether it may go on.
class Patience {
public:
    Patience(const ChildProgram& child, pid_t pid, const Clock& clock)
        : child_(child), pid_(pid), clock_(clock), deadline_(clock.steady() + child.time_max) {
        look();
    }

    /// Waits until `fd` can be read. Returns: false if the child is to be killed first.
    bool wait_for(int fd, ChildEnd& end) {
        const std::int64_t look_again_ms = child_.watch ? 100 : 1000;
        for (;;) {
            const auto now = clock_.steady();
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - now).count();
            if (left <= 0) {
                end.timed_out = true;
                return false;
            }
            if (now - looked_ >= std::chrono::milliseconds(look_again_ms)) {
                look();
            }
            if (!why_.empty()) {
                end.killed_for = why_;
                return false;
            }
            pollfd waiting{fd, POLLIN, 0};
            if (::poll(&waiting, 1, static_cast<int>(std::min(left, look_again_ms))) > 0) {
                return true;
            }
        }
    }

private:
    void look() {
        looked_ = clock_.steady();
        why_ = child_.watch ? child_.watch(pid_) : std::string();
    }

    const ChildProgram& child_;
    const pid_t pid_;
    const Clock& clock_;
    const std::chrono::steady_clock::time_point deadline_;
    std::chrono::steady_clock::time_point looked_;
    std::string why_;
};

/// Reads until the child closes its end. Returns: false if it is to be killed first.
bool read_all(int fd, const ChildProgram& child, Patience& patience, ChildEnd& end) {
    Lines lines(child.line);
    std::array<char, 65536> buffer{};
    std::uint64_t bytes = 0;
    for (;;) {
        if (!patience.wait_for(fd, end)) {
            return false;
        }
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return true;
        }
        const auto size = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
        bytes += size;
        if (child.output_bytes_max != 0 && bytes > child.output_bytes_max) {
            end.killed_for =
                "it printed more than " + std::to_string(child.output_bytes_max) + " bytes";
            return false;
        }
        lines.add({buffer.data(), size});
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
    const int stdin_file = child.input_file >= 0 ? child.input_file : input.reading.get();
    ORIGIN_TRY(pid, start(child, stdin_file, output));
    input.reading.close();
    input.writing.close();
    output.writing.close();
    ChildEnd end;
    // It may have closed its output and go on.
    const Fd ending(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    Patience patience(child, pid, clock);
    if (!read_all(output.reading.get(), child, patience, end) ||
        (ending.get() >= 0 && !patience.wait_for(ending.get(), end))) {
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
