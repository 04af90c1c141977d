// SPDX-License-Identifier: Apache-2.0
#include "crypto/tls_names.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace origin::crypto {
namespace {

std::unexpected<Error> bad(const std::string& what) {
    return std::unexpected(
        Error(Code::InvalidInput, "A certificate of http.tls_folder cannot be used.", what)
            .because("bad_certificate"));
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return out;
}

/// The host names that a certificate is for.
std::vector<std::string> names_of(const TlsContext& context) {
    std::vector<std::string> names;
    const X509* const certificate = SSL_CTX_get0_certificate(context.get());
    auto* const all = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
        const GENERAL_NAME* const name = sk_GENERAL_NAME_value(all, i);
        if (name->type == GEN_DNS) {
            const auto* const bytes =
                reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
            names.push_back(
                lower({bytes, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))}));
        }
    }
    GENERAL_NAMES_free(all);
    return names;
}

int choose(SSL* ssl, int* /*alert*/, void* names) {
    const char* const asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (asked == nullptr) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    const auto context = static_cast<const TlsNames*>(names)->find(lower(asked));
    if (context) {
        SSL_set_SSL_CTX(ssl, context->get());  // It takes a reference of its own.
    }
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Status TlsNames::load(const std::string& folder) {
    auto names = std::make_shared<Names>();
    std::error_code error;
    std::vector<std::filesystem::path> chains;
    for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
        if (at->path().extension() == ".pem") {
            chains.push_back(at->path());
        }
    }
    if (error) {
        return bad(folder + ": " + error.message());
    }
    std::ranges::sort(chains);  // Of two for one name the first counts, at every start.
    for (std::filesystem::path& chain : chains) {
        const std::string file = chain.string();
        auto loaded = TlsContext::load(file, chain.replace_extension(".key").string());
        if (!loaded) {
            return std::unexpected(std::move(loaded).error());
        }
        const auto context = std::make_shared<const TlsContext>(std::move(*loaded));
        const auto hosts = names_of(*context);
        if (hosts.empty()) {
            return bad(file + " names no host");
        }
        for (const std::string& host : hosts) {
            names->emplace(host, context);
        }
        if (names->size() > kTlsNamesMax) {
            return bad(folder + ": more than 10,000 names");
        }
    }
    const std::lock_guard lock(mutex_);
    names_ = std::move(names);
    return {};
}

void TlsNames::serve(const TlsContext& context) {
    SSL_CTX_set_tlsext_servername_callback(context.get(), choose);
    SSL_CTX_set_tlsext_servername_arg(context.get(), this);
}

std::shared_ptr<const TlsNames::Names> TlsNames::names() const {
    const std::lock_guard lock(mutex_);
    return names_;
}

std::size_t TlsNames::size() const {
    return names()->size();
}

std::shared_ptr<const TlsContext> TlsNames::find(std::string_view name) const {
    const auto all = names();
    auto found = all->find(name);
    const std::size_t dot = name.find('.');
    if (found == all->end() && dot != std::string_view::npos) {
        found = all->find("*" + std::string(name.substr(dot)));
    }
    return found == all->end() ? nullptr : found->second;
}

}  // namespace origin::crypto
