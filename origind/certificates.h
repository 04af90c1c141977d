// SPDX-License-Identifier: Apache-2.0
// origind/certificates: what the HTTP listener proves itself with, as the configuration says.
#pragma once

#include <optional>
#include <string>

#include "crypto/tls.h"
#include "crypto/tls_names.h"
#include "origind/config.h"

namespace origin {

class Certificates {
public:
    /// Errors: InvalidInput `bad_certificate`.
    Status open(const Config& config);
    /// Null: plain HTTP.
    const crypto::TlsContext* context() const { return own_ ? &*own_ : nullptr; }

    /// Reads http.tls_folder anew; if it cannot be used, what was read before stays. Thread-safe.
    /// Returns: false: no folder is set. Errors: InvalidInput `bad_certificate`.
    Result<bool> reload();

private:
    std::string folder_;
    crypto::TlsNames names_;  // Outlives the context.
    std::optional<crypto::TlsContext> own_;
};

}  // namespace origin
