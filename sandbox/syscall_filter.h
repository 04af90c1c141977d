// SPDX-License-Identifier: Apache-2.0
// sandbox/syscall_filter: a seccomp program, rule by rule: what is not refused is allowed.
// Another architecture's calls end the process: their numbers mean something else.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <linux/filter.h>

namespace origin::sandbox {

class SyscallFilter {
public:
    SyscallFilter();

    void refuse(std::uint32_t call, int error_number);
    /// Refuses with EPERM what no program of ours or a stranger's needs, and a thief would like:
    /// other processes' memory, mounts, namespaces, keys, modules, io_uring, files by handle.
    void refuse_kernel_interfaces();
    /// The call goes through only with one of these flags in its first argument.
    void need_flag(std::uint32_t call, std::uint32_t flags, int error_number);
    /// The call goes through only with one of these values as its first argument.
    void need_value(std::uint32_t call,
                    const std::array<std::uint32_t, 3>& values,
                    int error_number);

    std::vector<sock_filter> finish() &&;

private:
    void add(unsigned code, std::uint32_t value, std::uint8_t if_true, std::uint8_t if_false);
    void load(std::uint32_t offset);

    std::vector<sock_filter> steps_;
};

}  // namespace origin::sandbox
