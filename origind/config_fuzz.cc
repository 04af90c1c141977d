// SPDX-License-Identifier: Apache-2.0
// Invariant: any file is read or refused with a reason in words; what is read is in range, and an
// address to listen on can be read again.
// In: the TOML text; the same bytes as the value of `http.listen`.
#include <tuple>

#include "base/assert.h"
#include "origind/config.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::ignore = origin::Listen::parse(text);
    origin::Config config;
    const auto taken = origin::parse_config(text, config);
    if (!taken) {
        ORIGIN_ASSERT(taken.error().reason() == "bad_config");
        ORIGIN_ASSERT(!taken.error().told_to_peer().empty());
        return 0;
    }
    ORIGIN_ASSERT(config.worker_threads >= 1 && config.worker_threads <= 256);
    ORIGIN_ASSERT(config.tls_certificate.empty() == config.tls_key.empty());
    ORIGIN_ASSERT(origin::net::Address::parse(config.http.address));
    return 0;
}
