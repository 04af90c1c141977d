// SPDX-License-Identifier: Apache-2.0
#include "git/wire/protocol_version.h"

#include <algorithm>

namespace origin::git {
namespace {

ProtocolVersion version_of(std::string_view parameter) {
    if (parameter == "version=2") {
        return ProtocolVersion::V2;
    }
    return parameter == "version=1" ? ProtocolVersion::V1 : ProtocolVersion::V0;
}

}  // namespace

ProtocolVersion parse_protocol_version(std::string_view extra_parameters) {
    ProtocolVersion highest = ProtocolVersion::V0;
    while (!extra_parameters.empty()) {
        const std::size_t colon = extra_parameters.find(':');
        highest = std::max(highest, version_of(extra_parameters.substr(0, colon)));
        extra_parameters.remove_prefix(colon == std::string_view::npos ? extra_parameters.size()
                                                                       : colon + 1);
    }
    return highest;
}

}  // namespace origin::git
