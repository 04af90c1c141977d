// SPDX-License-Identifier: Apache-2.0
#include "sandbox/syscall_filter.h"

#include <cerrno>
#include <cstddef>
#include <utility>

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

namespace origin::sandbox {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "say which AUDIT_ARCH_ this machine is"
#endif

constexpr unsigned kReturn = BPF_RET | BPF_K;
constexpr unsigned kIfEqual = BPF_JMP | BPF_JEQ | BPF_K;

constexpr std::array kKernelInterfaces = {
    __NR_ptrace,
    __NR_process_vm_readv,
    __NR_process_vm_writev,
    __NR_kcmp,
    __NR_mount,
    __NR_umount2,
    __NR_pivot_root,
    __NR_open_tree,
    __NR_move_mount,
    __NR_fsopen,
    __NR_fsconfig,
    __NR_fsmount,
    __NR_fspick,
    __NR_bpf,
    __NR_perf_event_open,
    __NR_userfaultfd,
    __NR_keyctl,
    __NR_add_key,
    __NR_request_key,
    __NR_setns,
    __NR_unshare,
    __NR_io_uring_setup,
    __NR_io_uring_enter,
    __NR_io_uring_register,
    __NR_kexec_load,
    __NR_init_module,
    __NR_finit_module,
    __NR_delete_module,
    __NR_name_to_handle_at,
    __NR_open_by_handle_at,
};

std::uint32_t errno_of(int error_number) {
    return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error_number);
}

}  // namespace

SyscallFilter::SyscallFilter() {
    load(offsetof(seccomp_data, arch));
    add(kIfEqual, kArchitecture, 1, 0);
    add(kReturn, SECCOMP_RET_KILL_PROCESS, 0, 0);
    load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
    constexpr std::uint32_t kX32Bit = 0x40000000;
    add(BPF_JMP | BPF_JGE | BPF_K, kX32Bit, 0, 1);
    add(kReturn, SECCOMP_RET_KILL_PROCESS, 0, 0);
#endif
}

void SyscallFilter::refuse(std::uint32_t call, int error_number) {
    add(kIfEqual, call, 0, 1);
    add(kReturn, errno_of(error_number), 0, 0);
}

void SyscallFilter::refuse_kernel_interfaces() {
    for (const auto call : kKernelInterfaces) {
        refuse(static_cast<std::uint32_t>(call), EPERM);
    }
}

void SyscallFilter::need_flag(std::uint32_t call, std::uint32_t flags, int error_number) {
    add(kIfEqual, call, 0, 4);
    load(offsetof(seccomp_data, args));  // The low half: little-endian.
    add(BPF_JMP | BPF_JSET | BPF_K, flags, 1, 0);
    add(kReturn, errno_of(error_number), 0, 0);
    add(kReturn, SECCOMP_RET_ALLOW, 0, 0);
}

void SyscallFilter::need_value(std::uint32_t call,
                               const std::array<std::uint32_t, 3>& values,
                               int error_number) {
    add(kIfEqual, call, 0, 6);
    load(offsetof(seccomp_data, args));
    add(kIfEqual, values[0], 3, 0);
    add(kIfEqual, values[1], 2, 0);
    add(kIfEqual, values[2], 1, 0);
    add(kReturn, errno_of(error_number), 0, 0);
    add(kReturn, SECCOMP_RET_ALLOW, 0, 0);
}

std::vector<sock_filter> SyscallFilter::finish() && {
    add(kReturn, SECCOMP_RET_ALLOW, 0, 0);
    return std::move(steps_);
}

void SyscallFilter::add(unsigned code,
                        std::uint32_t value,
                        std::uint8_t if_true,
                        std::uint8_t if_false) {
    steps_.push_back({static_cast<std::uint16_t>(code), if_true, if_false, value});
}

void SyscallFilter::load(std::uint32_t offset) {
    add(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

}  // namespace origin::sandbox
