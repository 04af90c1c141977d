// SPDX-License-Identifier: Apache-2.0
// Invariant: whatever the file, each header that is set has a clean name and value, is the site's
// to set, and there are not many. Input: a path, then the file after a newline.
#include "base/assert.h"
#include "net/http_text.h"
#include "website/header_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string path = "/" + std::string(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), path.size()));
    const auto parsed = origin::website::HeaderRules::parse(text);
    std::vector<origin::net::Header> headers;
    parsed.headers.apply(path, headers);
    ORIGIN_ASSERT(headers.size() <= origin::website::kHeadersOfRuleMax);
    for (const origin::net::Header& header : headers) {
        ORIGIN_ASSERT(origin::net::is_token(header.name));
        ORIGIN_ASSERT(origin::net::header_value_is_safe(header.value) && !header.value.empty());
        const std::string name = origin::net::lower_case(header.name);
        ORIGIN_ASSERT(name != "set-cookie" && name != "location" && name != "content-length");
        ORIGIN_ASSERT(name != "transfer-encoding" && name != "connection" && name != "etag");
    }
    return 0;
}
