// SPDX-License-Identifier: Apache-2.0
#include "git/serve/remote_url.h"

#include <algorithm>
#include <charconv>
#include <memory>

#include <netdb.h>
#include <sys/socket.h>

#include "base/limits.h"

namespace origin::git {
namespace {

constexpr std::uint16_t kHttpsPort = 443;
constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kSshPort = 22;

std::unexpected<Error> refuse(std::string reason, std::string why) {
    return std::unexpected(Error(Code::InvalidInput, std::move(why)).because(std::move(reason)));
}

std::unexpected<Error> bad_url(std::string why) {
    return refuse("bad_url", std::move(why));
}

std::uint16_t default_port(std::string_view scheme) {
    return scheme == "https" ? kHttpsPort : scheme == "http" ? kHttpPort : kSshPort;
}

bool is_host_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

/// Names and IPv4 addresses, or an IPv6 address (given without brackets).
Status check_host(std::string_view host, bool bracketed) {
    if (bracketed) {
        return net::Address::parse(host) ? Status() : bad_url("its IPv6 address is malformed");
    }
    if (host.empty() || host.size() > kHttpHostBytesMax ||
        !std::ranges::all_of(host, is_host_char)) {
        return bad_url("it has no proper host name");
    }
    if (host.front() == '-') {  // An SSH program would take it for an option.
        return bad_url("its host name begins with '-'");
    }
    return {};
}

Result<std::uint16_t> parse_port(std::string_view text, std::string_view scheme) {
    if (text.empty()) {
        return default_port(scheme);
    }
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0) {
        return bad_url("its port is not a number from 1 to 65535");
    }
    return port;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

struct Host {
    std::string name;
    std::uint16_t port = 0;
};

/// "user:password@host:port"; whatever stands before the last '@' is the user's.
Result<Host> parse_authority(std::string_view authority, std::string_view scheme) {
    const std::size_t at = authority.rfind('@');
    if (at != std::string_view::npos) {
        if (authority.front() == '-') {
            return bad_url("its user name begins with '-'");
        }
        authority.remove_prefix(at + 1);
    }
    const bool bracketed = authority.starts_with('[');
    const std::size_t end = bracketed ? authority.find(']') : authority.find(':');
    if (bracketed && end == std::string_view::npos) {
        return bad_url("its IPv6 address is malformed");
    }
    const std::string_view name =
        bracketed ? authority.substr(1, end - 1) : authority.substr(0, end);
    ORIGIN_CHECK(check_host(name, bracketed));
    std::string_view rest = end == std::string_view::npos
                                ? std::string_view()
                                : authority.substr(end + (bracketed ? 1 : 0));
    if (!rest.empty() && (rest.front() != ':' || rest.size() == 1)) {
        return bad_url("its port is malformed");
    }
    rest.remove_prefix(std::min<std::size_t>(1, rest.size()));
    ORIGIN_TRY(port, parse_port(rest, scheme));
    return Host{lower(name), port};
}

/// scp's form: no "//", a colon before the first slash, and somebody's name before an '@'.
bool is_scp_form(std::string_view text) {
    const std::size_t colon = text.find(':');
    const std::size_t slash = std::min(text.find('/'), text.size());
    return colon != std::string_view::npos && colon < slash && colon > 0 &&
           !text.substr(colon).starts_with("::") && !text.substr(colon).starts_with("://");
}

Status check_scheme(std::string_view scheme) {
    if (scheme == "https" || scheme == "http" || scheme == "ssh") {
        return {};
    }
    if (scheme == "file") {
        return refuse("scheme_refused", "file:// is not taken; give the folder itself");
    }
    if (scheme == "git") {
        return refuse("scheme_refused",
                      "git:// is neither encrypted nor authenticated; use https:// or ssh://");
    }
    return refuse("scheme_refused", "only https://, http:// and ssh:// URLs can be imported");
}

}  // namespace

bool RemoteUrl::looks_like_one(std::string_view text) {
    return text.contains("://") || text.contains("::") || is_scp_form(text);
}

Result<RemoteUrl> RemoteUrl::parse(std::string_view text) {
    const std::size_t mark = text.find("://");
    if (const std::size_t helper = text.find("::");
        helper < std::min(mark, text.find('/')) && !text.substr(0, helper).contains('[')) {
        ORIGIN_CHECK(check_scheme("ext"));  // "ext::COMMAND": would run a program.
    }
    const bool is_plain = std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
    if (text.empty() || text.size() > kRemoteUrlBytesMax || !is_plain) {
        return bad_url("it is empty, too long, or has characters that must be percent-encoded");
    }
    RemoteUrl url;
    url.whole_ = Secret(std::string(text));
    std::string_view authority;
    if (mark != std::string_view::npos) {
        url.scheme_ = lower(text.substr(0, mark));
        const std::string_view rest = text.substr(mark + std::string_view("://").size());
        const std::size_t slash = std::min(rest.find_first_of("/?#"), rest.size());
        authority = rest.substr(0, slash);
        url.path_ = rest.substr(slash);
    } else if (is_scp_form(text)) {
        url.scheme_ = "ssh";
        authority = text.substr(0, text.find(':'));
        url.path_ = text.substr(text.find(':') + 1);
    } else {
        return bad_url("it is no URL");
    }
    ORIGIN_CHECK(check_scheme(url.scheme_));
    ORIGIN_TRY(host, parse_authority(authority, url.scheme_));
    url.host_ = host.name;
    url.port_ = host.port;
    if (url.path_.empty() || url.path_ == "/" || url.path_.front() == '-') {
        return bad_url("it names no repository");
    }
    return url;
}

std::string RemoteUrl::shown() const {
    const std::string host = host_.contains(':') ? "[" + host_ + "]" : host_;
    const std::string port =
        port_ == default_port(scheme_) ? std::string() : ":" + std::to_string(port_);
    // A query may carry a token.
    const std::string path = path_.substr(0, path_.find_first_of("?#"));
    return scheme_ + "://" + host + port + (path.starts_with('/') ? "" : "/") + path;
}

std::string RemoteUrl::name() const {
    return name_of_source(std::string_view(path_).substr(0, path_.find_first_of("?#")));
}

std::string name_of_source(std::string_view path) {
    constexpr std::string_view kSuffix = ".git";
    while (path.ends_with('/')) {
        path.remove_suffix(1);
    }
    if (path.ends_with("/.git")) {
        path.remove_suffix(std::string_view("/.git").size());
    }
    path = path.substr(path.rfind('/') + 1);  // npos + 1 is 0.
    if (path.ends_with(kSuffix) && path.size() > kSuffix.size()) {
        path.remove_suffix(kSuffix.size());
    }
    return std::string(path);
}

Status check_reachable(const RemoteUrl& url, std::span<const net::Cidr> allowed) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(url.host().c_str(), nullptr, &hints, &found) != 0 || found == nullptr) {
        return std::unexpected(
            Error(Code::Unavailable, "the name '" + url.host() + "' cannot be resolved")
                .because("resolve_failed"));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        const auto address = net::Address::from(*each->ai_addr);
        if (!address ||
            (!net::is_public_address(*address) && !net::any_contains(allowed, *address))) {
            return std::unexpected(
                Error(Code::Forbidden,
                      "'" + url.host() + "' is at an address that is not public (" +
                          (address ? address->str() : std::string("unknown")) +
                          "); list it in outbound.allow of the configuration if that is meant")
                    .because("address_refused"));
        }
    }
    return {};
}

}  // namespace origin::git
