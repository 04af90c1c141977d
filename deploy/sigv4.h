// SPDX-License-Identifier: Apache-2.0
// deploy/sigv4: signatures of requests to S3 and what speaks like it. Pure.
// Source: AWS, "Signature Version 4", AWS4-HMAC-SHA256, as S3 wants it: paths are encoded once, and
// the payload's hash is a header.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace origin::deploy {

struct SignedRequest {
    std::string method;
    std::string path;                            // Encoded, with its first slash.
    std::map<std::string, std::string> query;    // Not encoded.
    std::map<std::string, std::string> headers;  // Names in lower case; all of them are signed.
    std::string payload_sha256;                  // Hex.
};

struct SigningKey {
    std::string access_key_id;
    std::string secret;
    std::string region;
};

/// "20130524T000000Z".
std::string amz_date(UnixMillis now);

/// `a=1&b=2`, sorted and encoded, as it is signed and sent.
std::string canonical_query(const std::map<std::string, std::string>& query);

/// The value of `Authorization`. `date`: amz_date(), which is also the header x-amz-date.
std::string sigv4_authorization(const SignedRequest& request,
                                const SigningKey& key,
                                std::string_view date);

}  // namespace origin::deploy
