// SPDX-License-Identifier: Apache-2.0
// crypto/self_signed: a throw-away certificate with its key, for tests and local trials.
#pragma once

#include <string>

namespace origin::crypto {

struct PemPair {
    std::string certificate;
    std::string key;  // P-256, not encrypted.
};

/// For `localhost` and 127.0.0.1; valid from 2000 to 2100, so that no test depends on the date.
PemPair make_self_signed();

}  // namespace origin::crypto
