// SPDX-License-Identifier: Apache-2.0
// Invariant: the best coding is one that is taken.
#include "base/assert.h"
#include "website/content_coding.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto accepted = origin::website::AcceptedCodings::parse(
        std::string_view(reinterpret_cast<const char*>(data), size));
    ORIGIN_ASSERT(accepted.takes(accepted.best()));
    return 0;
}
