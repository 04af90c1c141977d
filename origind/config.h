// SPDX-License-Identifier: Apache-2.0
// origind/config: every setting of the server: one TOML file, a default for each, and no unknown
// ones.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/rate_limits.h"
#include "base/log.h"
#include "base/result.h"
#include "deploy/build_settings.h"
#include "git/serve/quotas.h"
#include "gitssh/limits.h"
#include "net/address.h"

namespace origin {

struct Listen {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8080;  // 0: a free one.

    /// "ADDR:PORT", "[V6]:PORT". Errors: InvalidInput (`bad_setting`).
    static Result<Listen> parse(std::string_view text);
};

struct Config {
    std::filesystem::path data;
    Listen http;
    std::optional<Listen> ssh;  // None: no SSH door.
    gitssh::Limits ssh_limits;
    std::string ssh_shell_socket;  // Of `origind ssh-shell`; empty: none.
    bool ssh_compat = false;       // Encrypt-and-MAC too, for libssh2.
    std::string public_url;        // Empty: made from `http`.
    std::string sites_domain = "localhost";
    std::string tls_certificate;  // PEM files; both or none.
    std::string tls_key;
    std::string tls_folder;  // Of further certificates, by the names that they are for.
    std::vector<net::Cidr> trusted_proxies;
    std::vector<net::Cidr> outbound_allow;  // Private addresses webhooks may reach.
    std::chrono::days audit_kept{400};
    unsigned worker_threads = 8;
    bool secret_scan = true;      // Of what pushes bring.
    bool allow_api_base = false;  // Targets may name another host as their provider's.
    deploy::BuildSettings builds;
    std::filesystem::path gate_program;  // Asked before refs move; empty: there is none.
    std::chrono::seconds gate_program_time_max{60};
    std::map<std::string, std::filesystem::path> deploy_programs;  // Of the connector `command`.
    std::chrono::seconds deploy_program_time_max{30 * 60};
    auth::Rates rates;
    git::QuotaSettings quotas;
    LogFormat log_format = LogFormat::Text;
    Level log_level = Level::Info;
};

/// The URL of a server that was given none and got this port.
std::string default_public_url(const Config& config, std::uint16_t port);

/// Reads TOML over the defaults. Errors: as read_config().
Status parse_config(std::string_view text, Config& config);

/// Reads `file` over the defaults. Errors: InvalidInput (`bad_config`), all of them in one text:
/// unknown settings, wrong types, values out of range.
Status read_config(const std::filesystem::path& file, Config& config);

/// Where the listener is, for a configuration without a public_url.
std::string default_public_url(const Config& config, std::uint16_t port);

}  // namespace origin
