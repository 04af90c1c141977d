// SPDX-License-Identifier: Apache-2.0
// website/site_settings: what a target of the connector `local` may be told about its site.
//   spa     true, false (default): what is not there, and whose last segment has no dot, is
//           index.html
//   access  public, password, link. Default: public on `production`, link on other targets
//   hosts   "www.example.org,example.org": host names of its own, apart by commas
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace origin::website {

inline constexpr std::size_t kHostsOfTargetMax = 20;
inline constexpr std::size_t kHostNameBytesMax = 253;  // RFC 1035.

/// Who may see a site.
enum class Access : std::uint8_t { Public, Password, Link };

struct SiteSettings {
    bool spa = false;
    std::optional<Access> access = {};
    std::vector<std::string> hosts = {};

    bool needs_secret() const { return access == Access::Password; }
    /// What holds. `is_production`: it is the site that the project's own name shows.
    Access access_on(bool is_production) const {
        return access.value_or(is_production ? Access::Public : Access::Link);
    }
};

/// Errors: InvalidInput `unknown_setting`, `bad_setting`.
Result<SiteSettings> read_site_settings(const std::map<std::string, std::string>& settings);

/// "www.example.org": at least two labels of [a-z0-9-], none beginning or ending with a dash, the
/// last not a number. Other scripts as punycode (xn--).
bool is_host_name(std::string_view text);

}  // namespace origin::website
