// SPDX-License-Identifier: Apache-2.0
// origind/environment: the variables that this program reads. Commands read them in their first
// thread, before there are others.
#pragma once

#include <cstdlib>
#include <string>

namespace origin {

/// Empty: it is not set.
inline std::string variable(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? std::string() : value;
}

}  // namespace origin
