// SPDX-License-Identifier: Apache-2.0
#include "deploy/registry_url.h"

#include <algorithm>

#include "net/http_client.h"
#include "net/http_text.h"

namespace origin::deploy {
namespace {

std::unexpected<Error> forbidden(std::string reason, std::string why) {
    return std::unexpected(Error(Code::Forbidden, std::move(why)).because(std::move(reason)));
}

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

/// A path of which no server can think that it leads up: whatever it decodes, once or twice, and
/// whatever it takes for a separator. "/@scope%2fname" is one.
bool is_plain_path(std::string_view path) {
    const auto decoded = net::percent_decode(path);
    if (!is_printable(path) || !path.starts_with('/') || !decoded || !is_printable(*decoded) ||
        decoded->find_first_of("%\\;?#") != std::string::npos) {
        return false;
    }
    std::string_view rest = std::string_view(*decoded).substr(1);
    while (true) {
        const std::size_t slash = rest.find('/');
        const std::string_view segment = rest.substr(0, slash);
        if (segment == "." || segment == ".." || (segment.empty() && slash != rest.npos)) {
            return false;
        }
        if (slash == rest.npos) {
            return true;
        }
        rest.remove_prefix(slash + 1);
    }
}

bool is_plain_target(std::string_view target) {
    const std::size_t question = target.find('?');
    const std::string_view query =
        question == target.npos ? std::string_view() : target.substr(question);
    return is_plain_path(target.substr(0, question)) && is_printable(query) && !query.contains('#');
}

}  // namespace

Result<RegistryUrl> RegistryUrl::parse(std::string_view text) {
    constexpr std::string_view kWish =
        "must be a URL like \"https://registry.example/npm/\", without a user or a query";
    const Status fine = net::check_outbound_url(text, {.allowed = {net::kEveryAddress}});
    if (!fine || text.find_first_of("?#") != text.npos) {
        return std::unexpected(
            Error(Code::InvalidInput, std::string(kWish)).because("bad_setting"));
    }
    const std::size_t slash = std::min(text.find('/', text.find("//") + 2), text.size());
    std::string path(text.substr(slash));
    path += path.ends_with('/') ? "" : "/";
    if (!is_plain_path(path)) {
        return std::unexpected(
            Error(Code::InvalidInput, std::string(kWish)).because("bad_setting"));
    }
    return RegistryUrl(std::string(text.substr(0, slash)), std::move(path));
}

Result<std::string> RegistryUrl::of(std::string_view target) const {
    if (!is_plain_target(target) || !target.starts_with(path_)) {
        return forbidden("outside_registry", "a build may read what is below " + path_ + " only");
    }
    return origin_ + std::string(target);
}

Result<std::string> RegistryUrl::redirected(std::string_view location) const {
    if (location.starts_with(origin_ + "/")) {
        location.remove_prefix(origin_.size());
    }
    if (!is_plain_target(location)) {
        return forbidden("redirect_refused",
                         "the registry answered with a redirect to another host");
    }
    return origin_ + std::string(location);
}

}  // namespace origin::deploy
