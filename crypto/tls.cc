// SPDX-License-Identifier: Apache-2.0
#include "crypto/tls.h"

#include <array>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/assert.h"

namespace origin::crypto {

namespace {

// TLS 1.3 has AEAD suites only; these are the ones of 1.2 that are, with forward secrecy.
constexpr const char* kTls12Suites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

// The first message of OpenSSL's queue, which belongs to this thread; the queue is emptied.
std::string library_says() {
    std::array<char, 256> text{};
    ERR_error_string_n(ERR_peek_error(), text.data(), text.size());
    ERR_clear_error();
    return text.data();
}

// HTTP/1.1 is all we speak. A client that offers only other protocols is answered without ALPN.
// NOLINTNEXTLINE(readability-function-size): OpenSSL's parameters.
int choose_protocol(SSL* /*ssl*/,
                    const unsigned char** out,
                    unsigned char* out_size,
                    const unsigned char* offered,
                    unsigned offered_size,
                    void* /*unused*/) {
    static constexpr std::array<unsigned char, 9> kHttp11 = {
        8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    unsigned char* chosen = nullptr;
    const int found = SSL_select_next_proto(
        &chosen, out_size, kHttp11.data(), kHttp11.size(), offered, offered_size);
    *out = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

bool configure(SSL_CTX* context) {
    SSL_CTX_set_options(
        context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(context, kTls12Suites) == 1;
}

bool read_identity(SSL_CTX* context, const std::string& chain_file, const std::string& key_file) {
    return SSL_CTX_use_certificate_chain_file(context, chain_file.c_str()) == 1 &&
           SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) == 1 &&
           SSL_CTX_check_private_key(context) == 1;
}

}  // namespace

Result<TlsContext> TlsContext::load(const std::string& chain_file, const std::string& key_file) {
    ERR_clear_error();
    TlsContext context(SSL_CTX_new(TLS_server_method()));
    ORIGIN_ASSERT(context.context_ != nullptr);
    if (!configure(context.context_)) {
        return std::unexpected(Error(Code::Internal, "TLS cannot be set up.", library_says()));
    }
    if (!read_identity(context.context_, chain_file, key_file)) {
        return std::unexpected(Error(Code::InvalidInput,
                                     "The TLS certificate or its key cannot be used.",
                                     chain_file + ", " + key_file + ": " + library_says())
                                   .because("bad_certificate"));
    }
    return context;
}

TlsContext::TlsContext(TlsContext&& other) noexcept
    : context_(std::exchange(other.context_, nullptr)) {}

TlsContext& TlsContext::operator=(TlsContext&& other) noexcept {
    std::swap(context_, other.context_);
    return *this;
}

TlsContext::~TlsContext() {
    SSL_CTX_free(context_);
}

ssl_ctx_st* TlsContext::share() const {
    SSL_CTX_up_ref(context_);
    return context_;
}

}  // namespace origin::crypto
