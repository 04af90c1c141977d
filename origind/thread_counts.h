// SPDX-License-Identifier: Apache-2.0
// origind/thread_counts: how many threads do each kind of job. docs/threads.md.
#pragma once

namespace origin {

inline constexpr unsigned kRunThreads = 2;
inline constexpr unsigned kDeployThreads = 4;  // Providers and builds are waited for here.
inline constexpr unsigned kWebhookThreads = 4;
inline constexpr unsigned kSlowWebhookThreads = 12;  // They wait for the network.

}  // namespace origin
