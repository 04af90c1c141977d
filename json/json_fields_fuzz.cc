// SPDX-License-Identifier: Apache-2.0
// Invariant: a body that is taken is UTF-8, and each of its members is unknown to a reader that
// asks for none; one that is refused says why in clean UTF-8.
#include <boost/json/object.hpp>

#include "base/assert.h"
#include "base/utf8.h"
#include "json/fields.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto body = origin::parse_body(bytes);
    if (!body) {
        ORIGIN_ASSERT(origin::is_utf8(body.error().told_to_peer()));
        return 0;
    }
    ORIGIN_ASSERT(origin::is_utf8(bytes));
    origin::Fields fields(*body);
    ORIGIN_ASSERT(fields.finish().has_value() == body->empty());
    return 0;
}
