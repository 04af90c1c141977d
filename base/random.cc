// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <cerrno>

#include <sys/random.h>

#include "base/assert.h"

namespace origin {

void SystemRandom::fill(std::span<std::byte> out) {
    while (!out.empty()) {
        const ssize_t got = ::getrandom(out.data(), out.size(), 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        ORIGIN_ASSERT(got > 0);
        out = out.subspan(static_cast<std::size_t>(got));
    }
}

std::string random_bytes(Random& random, std::size_t count) {
    std::string bytes(count, '\0');
    random.fill(std::as_writable_bytes(std::span(bytes)));
    return bytes;
}

}  // namespace origin
