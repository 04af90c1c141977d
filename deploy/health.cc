// SPDX-License-Identifier: Apache-2.0
#include "deploy/health.h"

#include "base/utf8.h"

namespace origin::deploy {

std::string look_at_health(const net::HttpClient& client,
                           const store::HealthCheck& check,
                           std::string_view url) {
    while (url.ends_with('/')) {
        url.remove_suffix(1);
    }
    const auto answer =
        client.send({.url = std::string(url) + check.path,
                     .timeout = std::chrono::duration_cast<Milliseconds>(kHealthTimeMax),
                     .cut_body = true});
    const std::string path = printable(check.path);
    if (!answer) {
        return path + ": " + answer.error().told_to_peer();
    }
    if (static_cast<std::uint32_t>(answer->status) != check.status) {
        return path + " answers " + std::to_string(answer->status) + ", not " +
               std::to_string(check.status);
    }
    if (!check.text.empty() && !answer->body.contains(check.text)) {
        return path + " answers without '" + printable(check.text) + "'";
    }
    return {};
}

}  // namespace origin::deploy
