// SPDX-License-Identifier: Apache-2.0
#include "api/credentials.h"

#include "crypto/encode.h"
#include "net/http_text.h"

namespace origin::api {

std::string key_text_of(const net::RequestHead& head) {
    const std::string_view value = head.header("authorization");
    const std::size_t space = value.find(' ');
    if (space == std::string_view::npos) {
        return std::string(value);
    }
    const std::string_view scheme = value.substr(0, space);
    std::string_view rest = value.substr(space);
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    if (net::same_ignoring_case(scheme, "bearer")) {
        return std::string(rest);
    }
    if (!net::same_ignoring_case(scheme, "basic")) {
        return std::string(value);
    }
    const auto pair = crypto::base64_decode(rest);
    const std::size_t colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos) {
        return std::string(value);
    }
    return colon + 1 < pair->size() ? pair->substr(colon + 1) : pair->substr(0, colon);
}

}  // namespace origin::api
