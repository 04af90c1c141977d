// SPDX-License-Identifier: Apache-2.0
#include "website/site_settings.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "website/lines.h"

namespace origin::website {
namespace {

constexpr std::size_t kLabelBytesMax = 63;  // RFC 1035.

std::unexpected<Error> refuse(std::string_view reason, std::string why) {
    return std::unexpected(Error(Code::InvalidInput, std::move(why)).because(std::string(reason)));
}

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= kLabelBytesMax && label.front() != '-' &&
           label.back() != '-' && std::ranges::all_of(label, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

Result<std::vector<std::string>> read_hosts(std::string_view text) {
    std::vector<std::string> hosts;
    while (!text.empty()) {
        std::string_view item = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), item.size() + 1));
        const std::string_view host = take_word(item);
        if (!is_host_name(host) || !take_word(item).empty()) {
            return refuse("bad_setting",
                          "'hosts' holds host names in lower case, other scripts as punycode "
                          "(xn--...), without a port: " +
                              shown(host));
        }
        if (std::ranges::find(hosts, host) != hosts.end()) {
            return refuse("bad_setting", "'hosts' names " + shown(host) + " twice");
        }
        hosts.emplace_back(host);
    }
    if (hosts.size() > kHostsOfTargetMax) {
        return refuse("bad_setting", "'hosts' holds at most 20 names");
    }
    return hosts;
}

Result<Access> read_access(std::string_view text) {
    if (text == "public") {
        return Access::Public;
    }
    if (text == "password") {
        return Access::Password;
    }
    if (text == "link") {
        return Access::Link;
    }
    return refuse("bad_setting", "'access' is public, password or link");
}

}  // namespace

bool is_host_name(std::string_view text) {
    if (text.size() > kHostNameBytesMax || !text.contains('.')) {
        return false;
    }
    std::string_view label;
    while (!text.empty()) {
        label = text.substr(0, text.find('.'));
        if (!is_label(label) || label.size() + 1 == text.size()) {  // Ends in a dot.
            return false;
        }
        text.remove_prefix(std::min(text.size(), label.size() + 1));
    }
    return label.find_first_not_of("0123456789") != std::string_view::npos;
}

Result<SiteSettings> read_site_settings(const std::map<std::string, std::string>& settings) {
    SiteSettings read;
    for (const auto& [name, value] : settings) {
        if (name == "spa" && (value == "true" || value == "false")) {
            read.spa = value == "true";
        } else if (name == "spa") {
            return refuse("bad_setting", "'spa' is true or false");
        } else if (name == "access") {
            ORIGIN_TRY(access, read_access(value));
            read.access = access;
        } else if (name == "hosts") {
            ORIGIN_TRY(hosts, read_hosts(value));
            read.hosts = std::move(hosts);
        } else {
            return refuse("unknown_setting",
                          "the connector 'local' has no setting " + shown(name) +
                              ": there are spa, access, hosts");
        }
    }
    return read;
}

}  // namespace origin::website
