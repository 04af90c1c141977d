// SPDX-License-Identifier: Apache-2.0
#include "origind/certificates.h"

#include <utility>

namespace origin {

Status Certificates::open(const Config& config) {
    if (config.tls_certificate.empty()) {
        return {};
    }
    ORIGIN_TRY(context, crypto::TlsContext::load(config.tls_certificate, config.tls_key));
    own_.emplace(std::move(context));
    names_.serve(*own_);
    folder_ = config.tls_folder;
    ORIGIN_CHECK(reload());
    return {};
}

Result<bool> Certificates::reload() {
    if (folder_.empty()) {
        return false;
    }
    ORIGIN_CHECK(names_.load(folder_));
    return true;
}

}  // namespace origin
