// SPDX-License-Identifier: Apache-2.0
#include "deploy/connectors.h"

#include <algorithm>

#include "base/utf8.h"
#include "deploy/all_connectors.h"
#include "deploy/local_site.h"
#include "deploy/releases.h"

namespace origin::deploy {
namespace {

constexpr std::size_t kShownBytesMax = 24;

std::unexpected<Error> refuse(std::string reason, std::string why) {
    return std::unexpected(Error(Code::InvalidInput, std::move(why)).because(std::move(reason)));
}

}  // namespace

Connectors::Connectors(const net::HttpClient& client, Settings settings)
    : settings_(std::move(settings)) {
    add(make_cloudflare_pages(client));
    add(make_cloudflare_workers(client));
    add(make_git_mirror(settings_.outbound_allow));
    add(make_netlify(client));
    add(make_s3(client));
    add(make_sftp(settings_.outbound_allow));
    add(make_vercel(client));
}

Connector* Connectors::find(std::string_view name) const {
    const auto found =
        std::ranges::find_if(all_, [&](const auto& one) { return one->name() == name; });
    return found == all_.end() ? nullptr : found->get();
}

Status Connectors::check_name(std::string_view name) const {
    if (name == kLocal || find(name) != nullptr) {
        return {};
    }
    std::string there(kLocal);
    for (const auto& one : all_) {
        there += ", " + std::string(one->name());
    }
    return refuse("platform_unavailable",
                  "there is no connector '" + printable(name.substr(0, kShownBytesMax)) +
                      "' here; available: " + there);
}

Status Connectors::check(std::string_view name,
                         const std::map<std::string, std::string>& settings,
                         bool has_secret) const {
    if (name == kLocal) {
        return check_local(settings, has_secret);
    }
    ORIGIN_CHECK(check_name(name));
    return find(name)->check({settings, has_secret, settings_.allow_api_base});
}

}  // namespace origin::deploy
