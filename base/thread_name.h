// SPDX-License-Identifier: Apache-2.0
// base/thread_name: what a thread is called in `top -H`, debuggers and strace; see docs/threads.md.
#pragma once

#include <string>

#include <pthread.h>

namespace origin {

/// Names the calling thread. Limits: the kernel keeps the first 15 bytes.
inline void name_thread(const std::string& name) {
    ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace origin
