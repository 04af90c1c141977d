// SPDX-License-Identifier: Apache-2.0
// crypto/tls_names: further certificates of a server, chosen by the name that a client asks for
// (SNI).
// In: a folder of pairs NAME.pem (a chain) and NAME.key. Which names one is for, it says itself.
// Source: RFC 6066, section 3; RFC 6125, section 6.4.3 (wildcards: the first label alone).
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/tls.h"

namespace origin::crypto {

inline constexpr std::size_t kTlsNamesMax = 10'000;

/// Thread-safe. Outlives every connection of the context that it serves.
class TlsNames {
public:
    /// Reads the folder; what was read before is replaced, or stays if this fails.
    /// Errors: InvalidInput `bad_certificate`: the folder or a pair cannot be used, a certificate
    /// names no host, or there are more than kTlsNamesMax.
    Status load(const std::string& folder);

    /// From now on handshakes of `context` take the certificate of the name that is asked for; of
    /// one that none is for, the context's own.
    void serve(const TlsContext& context);

    /// How many names there are; for people.
    std::size_t size() const;
    /// Null: none is for this name (in lower case).
    std::shared_ptr<const TlsContext> find(std::string_view name) const;

private:
    using Names = std::map<std::string, std::shared_ptr<const TlsContext>, std::less<>>;
    std::shared_ptr<const Names> names() const;

    mutable std::mutex mutex_;
    std::shared_ptr<const Names> names_ = std::make_shared<const Names>();
};

}  // namespace origin::crypto
