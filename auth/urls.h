// SPDX-License-Identifier: Apache-2.0
// auth/urls: every URL the server hands out, and which site a host name means (decision D9).
// Hosts: `<site>.<sites_domain>` is live; `<label>--<site>.<sites_domain>` is a preview, where
// label is `c-<12 hex>` (a commit), `b-<branch label>` (a branch) or a target's name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/oid.h"
#include "base/result.h"

namespace origin::auth {

inline constexpr std::size_t kCommitLabelDigits = 12;

/// What a site's host name asks for.
struct SiteHost {
    std::string site;
    std::string label;  // Empty: the live site.
};

class Urls {
public:
    /// `public_url`: "https://git.example.org[:port]", no trailing slash. `sites_domain`:
    /// "localhost". Errors: InvalidInput (`bad_setting`) if either is malformed.
    static Result<Urls> make(const std::string& public_url, const std::string& sites_domain);

    const std::string& public_url() const { return public_url_; }
    /// Host and port of public_url, in lower case.
    const std::string& public_host() const { return public_host_; }

    /// `full_name` is "<client>/<project>".
    std::string code(std::string_view full_name) const {
        return public_url_ + "/" + std::string(full_name) + ".git";
    }
    std::string api(std::string_view path) const {
        return public_url_ + "/api" + std::string(path);
    }
    /// "http://<site>.<sites_domain>[:port]/"
    std::string site(std::string_view site) const { return site_with_label(site, {}); }
    std::string site_with_label(std::string_view site, std::string_view label) const;

    /// Which site a Host header's value means; nullopt: none of ours (public_host, or unknown).
    std::optional<SiteHost> site_of(std::string_view host) const;

private:
    std::string public_url_;
    std::string public_host_;
    std::string scheme_;
    std::string port_;  // ":8080" or empty.
    std::string sites_domain_;
};

/// "c-<12 hex>".
std::string commit_label(const Oid& commit);

/// "b-<branch>": lower case, every other character than [a-z0-9] a dash, dashes collapsed; when the
/// result would not fit `bytes_max` or lost something, it ends in "-" and 4 hex digits of SHA-256.
std::string branch_label(std::string_view branch, std::size_t bytes_max);

}  // namespace origin::auth
