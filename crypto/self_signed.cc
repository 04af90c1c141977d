// SPDX-License-Identifier: Apache-2.0
#include "crypto/self_signed.h"

#include <memory>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/assert.h"

namespace origin::crypto {

namespace {

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
    void operator()(BIO* bio) const { BIO_free(bio); }
};

std::string text_of(BIO* bio) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio, &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

void describe(X509* certificate, EVP_PKEY* key) {
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto* host = reinterpret_cast<const unsigned char*>("localhost");
    const std::unique_ptr<X509_EXTENSION, Free> names(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1"));
    const bool done = X509_set_version(certificate, X509_VERSION_3) == 1 &&
                      ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
                      ASN1_TIME_set_string(X509_getm_notBefore(certificate), "20000101000000Z") &&
                      ASN1_TIME_set_string(X509_getm_notAfter(certificate), "21000101000000Z") &&
                      X509_set_pubkey(certificate, key) == 1 &&
                      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, host, -1, -1, 0) == 1 &&
                      X509_set_issuer_name(certificate, name) == 1 && names != nullptr &&
                      X509_add_ext(certificate, names.get(), -1) == 1 &&
                      X509_sign(certificate, key, EVP_sha256()) > 0;
    ORIGIN_ASSERT(done);
}

}  // namespace

PemPair make_self_signed() {
    const std::unique_ptr<EVP_PKEY, Free> key(EVP_EC_gen("P-256"));
    const std::unique_ptr<X509, Free> certificate(X509_new());
    ORIGIN_ASSERT(key != nullptr && certificate != nullptr);
    describe(certificate.get(), key.get());
    const std::unique_ptr<BIO, Free> certificate_text(BIO_new(BIO_s_mem()));
    const std::unique_ptr<BIO, Free> key_text(BIO_new(BIO_s_mem()));
    const bool written = PEM_write_bio_X509(certificate_text.get(), certificate.get()) == 1 &&
                         PEM_write_bio_PrivateKey(
                             key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
    ORIGIN_ASSERT(written);
    return {text_of(certificate_text.get()), text_of(key_text.get())};
}

}  // namespace origin::crypto
