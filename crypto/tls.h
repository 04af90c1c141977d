// SPDX-License-Identifier: Apache-2.0
// crypto/tls: a server's TLS settings, certificate and key. TLS 1.2 and 1.3, AEAD suites only.
#pragma once

#include <string>

#include "base/result.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX.

namespace origin::crypto {

class TlsContext {
public:
    /// Both files PEM; the chain begins with the server's own certificate.
    /// Errors: InvalidInput `bad_certificate`: unreadable, or the key does not belong to it.
    static Result<TlsContext> load(const std::string& chain_file, const std::string& key_file);

    TlsContext(TlsContext&& other) noexcept;
    TlsContext& operator=(TlsContext&& other) noexcept;
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;
    ~TlsContext();

    /// Borrowed; lives as long as this object or any connection made from it.
    ssl_ctx_st* get() const { return context_; }
    /// One more reference, owned by the caller, who ends it with SSL_CTX_free.
    ssl_ctx_st* share() const;

private:
    explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
    ssl_ctx_st* context_;
};

}  // namespace origin::crypto
