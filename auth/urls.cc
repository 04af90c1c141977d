// SPDX-License-Identifier: Apache-2.0
#include "auth/urls.h"

#include <algorithm>

#include "auth/slug.h"
#include "base/limits.h"
#include "crypto/encode.h"
#include "crypto/hash.h"

namespace origin::auth {
namespace {

std::unexpected<Error> bad_setting(std::string why) {
    return std::unexpected(Error(Code::InvalidInput, std::move(why)).because("bad_setting"));
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

bool is_host_text(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == ':' || c == '[' || c == ']';
    });
}

/// Where the port begins: past the last `]`, so that an IPv6 address keeps its colons.
std::size_t port_at(std::string_view host) {
    const std::size_t bracket = host.rfind(']');
    const std::size_t colon = host.rfind(':');
    const bool has_port =
        colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
    return has_port ? colon : host.size();
}

bool is_or_is_below(std::string_view host, std::string_view domain) {
    return host == domain ||
           (host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.');
}

}  // namespace

Result<Urls> Urls::make(const std::string& public_url, const std::string& sites_domain) {
    Urls urls;
    const std::size_t scheme_end = public_url.find("://");
    urls.scheme_ = scheme_end == std::string::npos ? "" : public_url.substr(0, scheme_end);
    if (urls.scheme_ != "http" && urls.scheme_ != "https") {
        return bad_setting("public_url must begin with http:// or https://");
    }
    urls.public_host_ = lower(public_url.substr(scheme_end + 3));
    if (!is_host_text(urls.public_host_)) {
        return bad_setting(
            "public_url is scheme, host and port, without a path: http://HOST[:PORT]");
    }
    urls.sites_domain_ = lower(sites_domain);
    if (!is_host_text(urls.sites_domain_) || urls.sites_domain_.contains(':')) {
        return bad_setting("sites_domain is a host name without a port");
    }
    urls.public_url_ = urls.scheme_ + "://" + urls.public_host_;
    const std::size_t port = port_at(urls.public_host_);
    urls.port_ = urls.public_host_.substr(port);
    // A page that a project serves could set cookies for the API's host, were one below the other.
    // `localhost` is a developer's machine; no browser takes a cookie for all of it.
    const std::string host = urls.public_host_.substr(0, port);
    if (urls.sites_domain_ != "localhost" &&
        (is_or_is_below(host, urls.sites_domain_) || is_or_is_below(urls.sites_domain_, host))) {
        return bad_setting("sites_domain (" + urls.sites_domain_ + ") and public_url's host (" +
                           host + ") share a domain: give the sites a domain of their own");
    }
    return urls;
}

std::string Urls::site_with_label(std::string_view site, std::string_view label) const {
    const std::string name =
        label.empty() ? std::string(site) : std::string(label) + "--" + std::string(site);
    return scheme_ + "://" + name + "." + sites_domain_ + port_ + "/";
}

std::optional<SiteHost> Urls::site_of(std::string_view host) const {
    const std::string text = lower(host);
    std::string_view name = std::string_view(text).substr(0, port_at(text));
    const std::string suffix = "." + sites_domain_;
    if (text == public_host_ || !name.ends_with(suffix)) {
        return std::nullopt;
    }
    name.remove_suffix(suffix.size());
    const std::size_t dashes = name.rfind("--");
    SiteHost found;
    if (dashes != std::string_view::npos) {
        found.label = name.substr(0, dashes);
        name.remove_prefix(dashes + 2);
        if (found.label.empty()) {
            return std::nullopt;
        }
    }
    found.site = name;
    return check_slug(found.site) ? std::optional(found) : std::nullopt;
}

std::string commit_label(const Oid& commit) {
    return "c-" + commit.hex().substr(0, kCommitLabelDigits);
}

std::string branch_label(std::string_view branch, std::size_t bytes_max) {
    std::string text;
    for (const char c : lower(branch)) {
        const bool keeps = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (keeps) {
            text += c;
        } else if (!text.empty() && text.back() != '-') {
            text += '-';
        }
    }
    while (!text.empty() && text.back() == '-') {
        text.pop_back();
    }
    std::string label = "b-" + text;
    if (text == branch && label.size() <= bytes_max) {
        return label;
    }
    constexpr std::size_t kHashDigits = 4;
    label.resize(std::min(label.size(), bytes_max - kHashDigits - 1));
    while (label.size() > 1 && label.back() == '-') {
        label.pop_back();
    }
    return label + "-" + crypto::hex(crypto::sha256(branch)).substr(0, kHashDigits);
}

}  // namespace origin::auth
