// SPDX-License-Identifier: Apache-2.0
#include "net/credentials.h"

#include <algorithm>

#include "crypto/encode.h"
#include "net/http_text.h"

namespace origin::net {

std::string key_text_of(const RequestHead& head) {
    const std::string_view value = head.header("authorization");
    const std::size_t space = value.find(' ');
    if (space == std::string_view::npos) {
        return std::string(value);
    }
    const std::string_view scheme = value.substr(0, space);
    std::string_view rest = value.substr(space);
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    if (same_ignoring_case(scheme, "bearer") || same_ignoring_case(scheme, "token")) {
        return std::string(rest);
    }
    if (!same_ignoring_case(scheme, "basic")) {
        return std::string(value);
    }
    const std::string pair = crypto::base64_decode(rest).value_or(std::string());
    const std::size_t colon = pair.find(':');
    if (colon == std::string::npos) {
        return std::string(value);
    }
    return colon + 1 < pair.size() ? pair.substr(colon + 1) : pair.substr(0, colon);
}

}  // namespace origin::net
