// SPDX-License-Identifier: Apache-2.0
// Invariant: an accepted head has one reading: clean values, one length at most, one host.
#include "base/assert.h"
#include "net/http_head.h"
#include "net/http_text.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    std::size_t scanned = 0;
    const auto end = origin::net::find_head_end(bytes, scanned);
    const auto checked = origin::net::check_head(end && *end ? bytes.substr(0, **end) : bytes);
    if (!checked) {
        ORIGIN_ASSERT(checked.error().status >= 400);
        return 0;
    }
    const origin::net::RequestHead& head = checked->head;
    ORIGIN_ASSERT(!(head.chunked && head.content_length));
    ORIGIN_ASSERT(head.path.starts_with('/'));
    ORIGIN_ASSERT(head.version_minor == 0 || !head.host.empty());
    for (const origin::net::Header& header : head.headers) {
        ORIGIN_ASSERT(origin::net::is_token(header.name));
        ORIGIN_ASSERT(origin::net::header_value_is_safe(header.value));
    }
    return 0;
}
