// SPDX-License-Identifier: Apache-2.0
// deploy/health: looks at what is live as a visitor would.
#pragma once

#include <string>
#include <string_view>

#include "net/http_client.h"
#include "store/rows/deploy.h"

namespace origin::deploy {

inline constexpr std::uint32_t kHealthTriesMax = 5;
inline constexpr std::chrono::seconds kHealthTimeMax{10};  // Of one look.

/// What is wrong with `url`'s answer at the check's path: one sentence; empty: it is as it has to
/// be. Blocks: for kHealthTimeMax. No redirect is followed; of the page 64 KiB are read.
std::string look_at_health(const net::HttpClient& client,
                           const store::HealthCheck& check,
                           std::string_view url);

}  // namespace origin::deploy
