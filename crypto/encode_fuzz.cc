// SPDX-License-Identifier: Apache-2.0
// Invariant: what decodes, encodes back to the same text.
#include "base/assert.h"
#include "crypto/encode.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto bytes = origin::crypto::base64_decode(text)) {
        ORIGIN_ASSERT(origin::crypto::base64(*bytes) == text);
    }
    if (const auto bytes = origin::crypto::base64url_decode(text)) {
        ORIGIN_ASSERT(origin::crypto::base64url(*bytes) == text);
    }
    if (const auto bytes = origin::crypto::base62_decode(text, 32)) {
        ORIGIN_ASSERT(origin::crypto::base62(*bytes) == text);
    }
    (void)origin::crypto::hex_decode(text);
    return 0;
}
