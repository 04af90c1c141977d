// SPDX-License-Identifier: Apache-2.0
#include "sandbox/confine.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/syscall_filter.h"

namespace origin::sandbox {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> not_confined(const std::string& what, int error_number) {
    return std::unexpected(Error(Code::Unavailable,
                                 "the process that reads foreign repositories cannot be confined",
                                 what + ": " + std::strerror(error_number))
                               .because("not_confined"));
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ORIGIN_SHADOWED_MEMORY 1  // Sanitizers map terabytes of address space for themselves.
#endif
#endif

Status limit(int resource, std::uint64_t value, const char* name) {
    rlimit now{};
    ::getrlimit(static_cast<__rlimit_resource>(resource), &now);
    const rlimit wanted{std::min<rlim_t>(value, now.rlim_max),
                        std::min<rlim_t>(value, now.rlim_max)};
    if (::setrlimit(static_cast<__rlimit_resource>(resource), &wanted) != 0) {
        return not_confined(name, errno);
    }
    return {};
}

Status set_limits(const Confinement& confinement) {
    constexpr std::uint64_t kOpenFilesMax = 256;
#ifndef ORIGIN_SHADOWED_MEMORY
    ORIGIN_CHECK(limit(RLIMIT_AS, confinement.memory_bytes_max, "RLIMIT_AS"));
#endif
    ORIGIN_CHECK(limit(RLIMIT_CPU, confinement.cpu_seconds_max, "RLIMIT_CPU"));
    ORIGIN_CHECK(limit(RLIMIT_FSIZE, confinement.file_bytes_max, "RLIMIT_FSIZE"));
    ORIGIN_CHECK(limit(RLIMIT_NOFILE, kOpenFilesMax, "RLIMIT_NOFILE"));
    return limit(RLIMIT_CORE, 0, "RLIMIT_CORE");
}

// ---- Landlock: which files.

constexpr std::uint64_t kReadRights =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE;
constexpr std::uint64_t kFileRights =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE;
constexpr std::uint64_t kAllRights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;  // Version 1's.

int landlock(long call, const void* first, std::size_t second, std::uint32_t third) {
    return static_cast<int>(::syscall(call, first, second, third));
}

Status allow(int ruleset, const fs::path& path, std::uint64_t rights) {
    const int file = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    if (file < 0) {
        return errno == ENOENT ? Status() : Status(not_confined("open " + path.string(), errno));
    }
    struct stat status{};
    const bool is_folder = ::fstat(file, &status) == 0 && S_ISDIR(status.st_mode);
    landlock_path_beneath_attr rule{};
    rule.allowed_access = is_folder ? rights : rights & kFileRights;
    rule.parent_fd = file;
    const long added =
        ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    const int error_number = errno;
    ::close(file);
    return added == 0 ? Status() : Status(not_confined("landlock_add_rule", error_number));
}

/// Returns: false if this kernel has no Landlock.
Result<bool> confine_files(const Confinement& confinement) {
    landlock_ruleset_attr attributes{};
    attributes.handled_access_fs = kAllRights;
    const int ruleset =
        landlock(SYS_landlock_create_ruleset, &attributes, sizeof attributes.handled_access_fs, 0);
    if (ruleset < 0) {
        return false;
    }
    Status status;
    for (const fs::path& path : confinement.readable) {
        status = status ? allow(ruleset, path, kReadRights) : status;
    }
    for (const fs::path& path : confinement.writable) {
        status = status ? allow(ruleset, path, kAllRights) : status;
    }
    if (status && ::syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
        status = not_confined("landlock_restrict_self", errno);
    }
    ::close(ruleset);
    ORIGIN_CHECK(status);
    return true;
}

// ---- seccomp: which system calls.

/// Never needed by a child of ours, and of use to somebody who took it over.
constexpr std::array kDenied = {
    __NR_execve,        __NR_execveat,      __NR_kill,
    __NR_tkill,         __NR_pidfd_open,    __NR_pidfd_send_signal,
    __NR_chroot,        __NR_reboot,        __NR_swapon,
    __NR_swapoff,       __NR_acct,          __NR_quotactl,
    __NR_settimeofday,  __NR_clock_settime, __NR_sethostname,
    __NR_setdomainname, __NR_personality,   __NR_syslog,
    __NR_listen,        __NR_accept,        __NR_accept4,
#if defined(__x86_64__)
    __NR_fork,          __NR_vfork,         __NR_iopl,
    __NR_ioperm,        __NR_modify_ldt,
#endif
};

constexpr std::array kNetworkCalls = {__NR_socket, __NR_socketpair, __NR_connect, __NR_bind};

Status install_filter(Network network) {
    SyscallFilter filter;
    filter.refuse_kernel_interfaces();
    for (const auto call : kDenied) {
        filter.refuse(static_cast<std::uint32_t>(call), EPERM);
    }
    if (network == Network::None) {
        for (const auto call : kNetworkCalls) {
            filter.refuse(static_cast<std::uint32_t>(call), EPERM);
        }
    }
    // Threads yes, processes no. clone3's flags lie in memory; without it glibc uses clone.
    filter.refuse(__NR_clone3, ENOSYS);
    filter.need_flag(__NR_clone, CLONE_THREAD, EPERM);
    std::vector<sock_filter> steps = std::move(filter).finish();
    const sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        return not_confined("seccomp", errno);
    }
    return {};
}

}  // namespace

std::vector<fs::path> system_files() {
    return {"/etc",
            "/usr",
            "/lib",
            "/lib64",
            "/dev/null",
            "/dev/urandom",
            "/dev/random",
            "/run/systemd/resolve",
            "/run/resolvconf",
            "/proc/self",
            "/sys/devices/system/cpu"};
}

Result<Confined> confine(const Confinement& confinement) {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::prctl(PR_SET_DUMPABLE, 0) != 0 ||
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return not_confined("prctl", errno);
    }
    ORIGIN_CHECK(set_limits(confinement));
    ORIGIN_TRY(files, confine_files(confinement));
    ORIGIN_CHECK(install_filter(confinement.network));
    return Confined{files};
}

}  // namespace origin::sandbox
