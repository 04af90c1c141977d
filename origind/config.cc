// SPDX-License-Identifier: Apache-2.0
#include "origind/config.h"

#include <charconv>
#include <fstream>
#include <functional>
#include <map>

#include "toml/parse.h"

namespace origin {
namespace {

constexpr unsigned kWorkerThreadsMax = 256;
constexpr std::int64_t kSshLimitMax = 100'000;
constexpr std::int64_t kRateMax = 1'000'000'000;
constexpr std::size_t kSocketPathBytesMax = 107;  // unix(7)
constexpr std::uintmax_t kConfigBytesMax = 1 << 20;

std::unexpected<Error> bad_setting(std::string why) {
    return std::unexpected(Error(Code::InvalidInput, std::move(why)).because("bad_setting"));
}

/// Takes a setting's value; says what is wrong with it, or nothing.
using Take = std::function<std::string(const toml::node&, Config&)>;

std::string take_text(const toml::node& node, std::string& into) {
    const auto text = node.value<std::string>();
    if (!node.is_string() || !text) {
        return "must be a string";
    }
    into = *text;
    return {};
}

std::string take_path(const toml::node& node, std::string& into) {
    const auto text = node.value<std::string>();
    if (!node.is_string() || !text || !text->starts_with('/') ||
        text->size() > kSocketPathBytesMax) {
        return "must be an absolute path of at most 107 bytes";
    }
    into = *text;
    return {};
}

std::string take_truth(const toml::node& node, bool& into) {
    const auto truth = node.value<bool>();
    if (!node.is_boolean() || !truth) {
        return "must be true or false";
    }
    into = *truth;
    return {};
}

std::string take_blocks(const toml::node& node, std::vector<net::Cidr>& into) {
    if (!node.is_array()) {
        return "must be a list of address blocks like \"10.0.0.0/8\"";
    }
    for (const auto& item : *node.as_array()) {
        const auto block = net::Cidr::parse(item.value<std::string>().value_or(""));
        if (!block) {
            return "has an entry that is no address block like \"10.0.0.0/8\"";
        }
        into.push_back(*block);
    }
    return {};
}

std::string take_listen(const toml::node& node, Listen& into) {
    const auto listen = Listen::parse(node.value<std::string>().value_or(""));
    if (!listen) {
        return listen.error().told_to_peer();
    }
    into = *listen;
    return {};
}

std::string take_threads(const toml::node& node, unsigned& into) {
    const auto number = node.value_exact<std::int64_t>();
    if (!number || *number < 1 || *number > kWorkerThreadsMax) {
        return "must be a whole number from 1 to 256";
    }
    into = static_cast<unsigned>(*number);
    return {};
}

/// Counts of connections, seconds, days.
std::string take_limit(const toml::node& node, std::size_t& into) {
    const auto number = node.value_exact<std::int64_t>();
    if (!number || *number < 1 || *number > kSshLimitMax) {
        return "must be a whole number from 1 to 100000";
    }
    into = static_cast<std::size_t>(*number);
    return {};
}

/// What a client or an address may ask for.
std::string take_rate(const toml::node& node, std::uint64_t& into) {
    const auto number = node.value_exact<std::int64_t>();
    if (!number || *number < 0 || *number > kRateMax) {
        return "must be a whole number from 0 (no limit) to 1000000000";
    }
    into = static_cast<std::uint64_t>(*number);
    return {};
}

std::string take_bytes(const toml::node& node, std::uint64_t& into) {
    const auto number = node.value_exact<std::int64_t>();
    if (!number || *number < 0) {
        return "must be a whole number from 0 (no limit)";
    }
    into = static_cast<std::uint64_t>(*number);
    return {};
}

std::string take_path(const toml::node& node, std::filesystem::path& into) {
    const std::string path = node.value_exact<std::string>().value_or("");
    if (!path.starts_with('/') || path.contains('\0')) {
        return "must be the absolute path of a program";
    }
    into = path;
    return {};
}

/// Of memory that a program may take.
std::string take_size(const toml::node& node, std::uint64_t& into) {
    constexpr std::int64_t kLeast = 16LL << 20;
    constexpr std::int64_t kMost = 1LL << 40;
    const auto number = node.value_exact<std::int64_t>();
    if (!number || *number < kLeast || *number > kMost) {
        return "must be a whole number of bytes, from 16777216 to 1099511627776";
    }
    into = static_cast<std::uint64_t>(*number);
    return {};
}

std::string take_registry(const toml::node& node, std::optional<deploy::RegistryUrl>& into) {
    auto url = deploy::RegistryUrl::parse(node.value_exact<std::string>().value_or(""));
    if (!url) {
        return url.error().told_to_peer();
    }
    into = std::move(*url);
    return {};
}

std::string take_seconds(const toml::node& node, std::chrono::seconds& into) {
    std::size_t count = 0;
    std::string wrong = take_limit(node, count);
    if (wrong.empty()) {
        into = std::chrono::seconds(count);
    }
    return wrong;
}

std::string take_days(const toml::node& node, std::chrono::days& into) {
    std::size_t count = 0;
    std::string wrong = take_limit(node, count);
    if (wrong.empty()) {
        into = std::chrono::days(count);
    }
    return wrong;
}

std::string take_level(const toml::node& node, Level& into) {
    static const std::map<std::string, Level> kLevels = {{"debug", Level::Debug},
                                                         {"info", Level::Info},
                                                         {"warning", Level::Warning},
                                                         {"error", Level::Error}};
    const auto found = kLevels.find(node.value<std::string>().value_or(""));
    if (found == kLevels.end()) {
        return "must be \"debug\", \"info\", \"warning\" or \"error\"";
    }
    into = found->second;
    return {};
}

std::string take_format(const toml::node& node, LogFormat& into) {
    const auto text = node.value<std::string>().value_or("");
    if (text != "text" && text != "json") {
        return "must be \"text\" or \"json\"";
    }
    into = text == "json" ? LogFormat::Json : LogFormat::Text;
    return {};
}

using Settings = std::map<std::string, Take, std::less<>>;

Settings ssh_settings() {
    return {
        {"ssh.listen",
         [](const auto& n, Config& c) {
             c.ssh.emplace();
             return take_listen(n, *c.ssh);
         }},
        {"ssh.login_seconds",
         [](const auto& n, Config& c) {
             return take_seconds(n, c.ssh_limits.login);
         }},
        {"ssh.idle_seconds",
         [](const auto& n, Config& c) {
             return take_seconds(n, c.ssh_limits.idle);
         }},
        {"ssh.connections",
         [](const auto& n, Config& c) {
             return take_limit(n, c.ssh_limits.connections);
         }},
        {"ssh.connections_per_address",
         [](const auto& n, Config& c) {
             return take_limit(n, c.ssh_limits.connections_per_address);
         }},
        {"ssh.connections_per_client",
         [](const auto& n, Config& c) {
             return take_limit(n, c.ssh_limits.connections_per_client);
         }},
        {"ssh.shell_socket",
         [](const auto& n, Config& c) {
             return take_path(n, c.ssh_shell_socket);
         }},
        {"ssh.compat",
         [](const auto& n, Config& c) {
             return take_truth(n, c.ssh_compat);
         }},
    };
}

Settings limit_settings() {
    return {
        {"limits.requests_per_minute",
         [](const auto& n, Config& c) {
             return take_rate(n, c.rates.requests);
         }},
        {"limits.address_requests_per_minute",
         [](const auto& n, Config& c) {
             return take_rate(n, c.rates.address_requests);
         }},
        {"limits.pushes_per_minute",
         [](const auto& n, Config& c) {
             return take_rate(n, c.rates.pushes);
         }},
        {"limits.runs_per_minute",
         [](const auto& n, Config& c) {
             return take_rate(n, c.rates.runs);
         }},
        {"limits.fetches_at_once",
         [](const auto& n, Config& c) {
             return take_rate(n, c.rates.fetches);
         }},
        {"limits.projects",
         [](const auto& n, Config& c) {
             return take_rate(n, c.quotas.projects);
         }},
        {"limits.stored_bytes",
         [](const auto& n, Config& c) {
             return take_bytes(n, c.quotas.stored_bytes);
         }},
    };
}

Settings build_settings() {
    return {
        {"deploy.command_seconds",
         [](const auto& n, Config& c) {
             return take_seconds(n, c.deploy_program_time_max);
         }},
        {"gates.program",
         [](const auto& n, Config& c) {
             return take_path(n, c.gate_program);
         }},
        {"gates.program_seconds",
         [](const auto& n, Config& c) {
             return take_seconds(n, c.gate_program_time_max);
         }},
        {"build.seconds",
         [](const auto& n, Config& c) {
             return take_seconds(n, c.builds.time_max);
         }},
        {"build.memory_bytes",
         [](const auto& n, Config& c) {
             return take_size(n, c.builds.memory_bytes_max);
         }},
        {"build.folder_bytes",
         [](const auto& n, Config& c) {
             return take_size(n, c.builds.folder_bytes_max);
         }},
        {"build.at_once",
         [](const auto& n, Config& c) {
             return take_threads(n, c.builds.at_once);
         }},
        {"build.registry",
         [](const auto& n, Config& c) {
             return take_registry(n, c.builds.registry);
         }},
    };
}

Settings with_more(Settings settings) {
    settings.merge(build_settings());
    settings.merge(ssh_settings());
    settings.merge(limit_settings());
    return settings;
}

const Settings& settings() {
    static const Settings kSettings = with_more({
        {"http.listen",
         [](const auto& n, Config& c) {
             return take_listen(n, c.http);
         }},
        {"http.public_url",
         [](const auto& n, Config& c) {
             return take_text(n, c.public_url);
         }},
        {"http.sites_domain",
         [](const auto& n, Config& c) {
             return take_text(n, c.sites_domain);
         }},
        {"http.tls_certificate",
         [](const auto& n, Config& c) {
             return take_text(n, c.tls_certificate);
         }},
        {"http.tls_key",
         [](const auto& n, Config& c) {
             return take_text(n, c.tls_key);
         }},
        {"http.tls_folder",
         [](const auto& n, Config& c) {
             return take_text(n, c.tls_folder);
         }},
        {"http.trusted_proxies",
         [](const auto& n, Config& c) {
             return take_blocks(n, c.trusted_proxies);
         }},
        {"gates.secret_scan",
         [](const auto& n, Config& c) {
             return take_truth(n, c.secret_scan);
         }},
        {"deploy.allow_api_base",
         [](const auto& n, Config& c) {
             return take_truth(n, c.allow_api_base);
         }},
        {"outbound.allow",
         [](const auto& n, Config& c) {
             return take_blocks(n, c.outbound_allow);
         }},
        {"audit.keep_days",
         [](const auto& n, Config& c) {
             return take_days(n, c.audit_kept);
         }},
        {"workers.threads",
         [](const auto& n, Config& c) {
             return take_threads(n, c.worker_threads);
         }},
        {"log.level",
         [](const auto& n, Config& c) {
             return take_level(n, c.log_level);
         }},
        {"log.format",
         [](const auto& n, Config& c) {
             return take_format(n, c.log_format);
         }},
    });
    return kSettings;
}

constexpr std::string_view kDeployPrograms = "deploy.command.";

/// One of the operator's deploy programs.
std::string take_program(const toml::node& node, const std::string& name, Config& config) {
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";
    constexpr std::size_t kNameBytesMax = 64;
    if (name.empty() || name.size() > kNameBytesMax ||
        name.find_first_not_of(kLetters) != std::string::npos) {
        return "must have a name of a-z, 0-9 and '-'";
    }
    return take_path(node, config.deploy_programs[name]);
}

void take_table(const toml::table& table,
                const std::string& prefix,
                Config& config,
                std::string& wrong) {
    for (const auto& [key, node] : table) {
        const std::string name = prefix + std::string(key.str());
        if (node.is_table()) {
            take_table(*node.as_table(), name + ".", config, wrong);
            continue;
        }
        const auto found = settings().find(name);
        const bool is_program = name.starts_with(kDeployPrograms);
        const std::string complaint =
            is_program ? take_program(node, name.substr(kDeployPrograms.size()), config)
            : found == settings().end() ? "is not a setting"
                                        : found->second(node, config);
        if (!complaint.empty()) {
            wrong.append(wrong.empty() ? "" : "; ").append(name).append(" ").append(complaint);
        }
    }
}

}  // namespace

Result<Listen> Listen::parse(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    Listen listen;
    const std::string_view digits =
        colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), listen.port);
    if (digits.empty() || error != std::errc{} || end != digits.end()) {
        return bad_setting("must be ADDRESS:PORT, with a port from 0 to 65535");
    }
    std::string_view address = text.substr(0, colon);
    if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
        address = address.substr(1, address.size() - 2);
    }
    if (!net::Address::parse(address)) {
        return bad_setting("must be ADDRESS:PORT, with an IP address and not a name");
    }
    listen.address = address;
    return listen;
}

std::string default_public_url(const Config& config, std::uint16_t port) {
    const bool tls = !config.tls_certificate.empty();
    const std::string host =
        config.http.address.contains(':') ? "[" + config.http.address + "]" : config.http.address;
    return std::string(tls ? "https://" : "http://") + host + ":" + std::to_string(port);
}

Status parse_config(std::string_view text, Config& config) {
    const auto refuse = [](std::string why) {
        return std::unexpected(Error(Code::InvalidInput, std::move(why)).because("bad_config"));
    };
    const auto parsed = parse_toml(text);
    if (!parsed) {
        return refuse(parsed.error().told_to_peer());
    }
    std::string wrong;
    take_table(*parsed, "", config, wrong);
    if (config.tls_certificate.empty() != config.tls_key.empty()) {
        wrong += std::string(wrong.empty() ? "" : "; ") +
                 "http.tls_certificate and http.tls_key go together";
    }
    if (!config.tls_folder.empty() && config.tls_certificate.empty()) {
        wrong += std::string(wrong.empty() ? "" : "; ") +
                 "http.tls_folder wants http.tls_certificate, for every other name";
    }
    return wrong.empty() ? Status() : refuse(wrong);
}

Status read_config(const std::filesystem::path& file, Config& config) {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(file, error);
    std::ifstream stream;
    if (!error && bytes <= kConfigBytesMax) {
        stream.open(file, std::ios::binary);  // Only now: opening a pipe would wait for a writer.
    }
    if (!stream.is_open()) {
        return std::unexpected(
            Error(Code::InvalidInput, "the configuration file cannot be read, or is above 1 MiB")
                .because("bad_config"));
    }
    std::string text(bytes, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(bytes));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    return parse_config(text, config);
}

}  // namespace origin
