// SPDX-License-Identifier: Apache-2.0
// Invariant: more parameters never lower the version, and `version=2` among them always gives V2.
#include <string>

#include "base/assert.h"
#include "base/bytes.h"
#include "git/wire/protocol_version.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using origin::git::parse_protocol_version;
    using origin::git::ProtocolVersion;
    const std::string text(origin::text_of(std::as_bytes(std::span(data, size))));
    ORIGIN_ASSERT(parse_protocol_version(text + ":version=2") == ProtocolVersion::V2);
    ORIGIN_ASSERT(parse_protocol_version("version=1:" + text) >= parse_protocol_version(text));
    ORIGIN_ASSERT(parse_protocol_version("version=1:" + text) >= ProtocolVersion::V1);
    return 0;
}
