// SPDX-License-Identifier: Apache-2.0
#include "sandbox/warden.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/box_port.h"

namespace origin::sandbox {
namespace {

namespace fs = std::filesystem;

/// What a process has for itself alone, in bytes; 0: it is gone.
std::uint64_t own_bytes(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    std::uint64_t shared = 0;
    if (!(file >> size >> resident >> shared) || shared > resident) {
        return 0;
    }
    return (resident - shared) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// Threads may have children too: all of them are looked for.
std::uint64_t bytes_below(pid_t top) {
    constexpr std::size_t kProcessesMax = 10'000;
    std::vector<pid_t> seen = {top};
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < seen.size() && seen.size() < kProcessesMax; ++i) {
        bytes += own_bytes(seen[i]);
        std::error_code gone;
        const std::string tasks = "/proc/" + std::to_string(seen[i]) + "/task";
        for (fs::directory_iterator task(tasks, gone), end; !gone && task != end;
             task.increment(gone)) {
            std::ifstream file(task->path() / "children");
            for (pid_t child = 0; file >> child;) {
                seen.push_back(child);
            }
        }
    }
    return bytes;
}

}  // namespace

Result<Ends> Ends::make() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return std::unexpected(
            Error(Code::Internal, "a pipe cannot be made", std::strerror(errno)));
    }
    return Ends{Fd(ends[0]), Fd(ends[1])};
}

std::string read_back(const Fd& file) {
    std::array<char, 256> buffer{};
    const ssize_t got = ::pread(file.get(), buffer.data(), buffer.size(), 0);
    return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
}

std::string megabytes(std::uint64_t bytes) {
    return std::to_string(bytes >> 20) + " MiB";
}

std::string Warden::look(pid_t outer) {
    if (boxed_.give_up && boxed_.give_up()) {
        return "it was given up";
    }
    if (std::string wrong = find_inner(outer); inner_ == 0) {
        return wrong;
    }
    if (bytes_below(inner_) > boxed_.limits.memory_bytes_max) {
        return "its processes took more than " + megabytes(boxed_.limits.memory_bytes_max) +
               " of memory";
    }
    struct statvfs work{};
    const std::string path = "/proc/" + std::to_string(inner_) + "/root/box";
    // Before the launcher reports, its root is the machine's.
    if (!read_back(report_).empty() && ::statvfs(path.c_str(), &work) == 0 &&
        work.f_files - work.f_ffree > boxed_.limits.files_max) {
        return "it made more than " + std::to_string(boxed_.limits.files_max) + " files";
    }
    return {};
}

void Warden::empty() const {
    if (ending_.get() >= 0) {
        ::syscall(SYS_pidfd_send_signal, ending_.get(), SIGKILL, nullptr, 0);
        pollfd waiting{ending_.get(), POLLIN, 0};
        while (::poll(&waiting, 1, -1) < 0 && errno == EINTR) {
        }
    }
}

std::string Warden::find_inner(pid_t outer) {
    constexpr int kPatienceMs = 10'000;
    constexpr std::string_view kBefore = "\"child-pid\":";
    if (inner_ != 0) {
        return {};
    }
    const Fd whole(static_cast<int>(::syscall(SYS_pidfd_open, outer, 0)));
    std::array<pollfd, 2> waiting{{{born_.reading.get(), POLLIN, 0}, {whole.get(), POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), kPatienceMs) <= 0 || waiting[0].revents == 0) {
        return {};
    }
    std::array<char, 512> buffer{};
    const ssize_t got = ::read(born_.reading.get(), buffer.data(), buffer.size());
    const std::string text(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    const std::size_t at = text.find(kBefore);
    if (at == std::string::npos) {
        return {};
    }
    const auto pid =
        static_cast<pid_t>(std::strtol(text.c_str() + at + kBefore.size(), nullptr, 10));
    ending_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (pid <= 0 || ending_.get() < 0) {
        return {};
    }
    if (boxed_.port.serve) {
        auto listening = listen_in(ending_, boxed_.port.number);
        if (!listening) {
            return listening.error().told_to_peer() + ": " + listening.error().kept_in_log();
        }
        boxed_.port.serve(std::move(*listening));
    }
    inner_ = ::write(go_.writing.get(), "g", 1) == 1 ? pid : 0;
    return {};
}

}  // namespace origin::sandbox
