// SPDX-License-Identifier: Apache-2.0
// crypto/hmac: HMAC-SHA-256, and a comparison that takes the same time whatever differs.
#pragma once

#include <string>
#include <string_view>

namespace origin::crypto {

/// 32 raw bytes. Source: RFC 2104.
std::string hmac_sha256(std::string_view key, std::string_view message);

/// False at once if the sizes differ: a size is no secret here.
bool constant_time_equal(std::string_view a, std::string_view b);

}  // namespace origin::crypto
