// SPDX-License-Identifier: Apache-2.0
#include "deploy/sigv4.h"

#include "crypto/encode.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "net/http_text.h"

namespace origin::deploy {
namespace {

constexpr std::size_t kDayDigits = 8;

}  // namespace

std::string amz_date(UnixMillis now) {
    std::string date;
    for (const char c : rfc3339(now).substr(0, std::string_view("2013-05-24T00:00:00").size())) {
        if (c != '-' && c != ':') {
            date += c;
        }
    }
    return date + "Z";
}

std::string canonical_query(const std::map<std::string, std::string>& query) {
    std::string text;
    for (const auto& [name, value] : query) {
        text += (text.empty() ? "" : "&") + net::percent_encode(name) + "=" +
                net::percent_encode(value);
    }
    return text;
}

std::string sigv4_authorization(const SignedRequest& request,
                                const SigningKey& key,
                                std::string_view date) {
    std::string headers;
    std::string names;
    for (const auto& [name, value] : request.headers) {
        headers.append(name).append(":").append(value).append("\n");
        names.append(names.empty() ? "" : ";").append(name);
    }
    const std::string canonical = request.method + "\n" + request.path + "\n" +
                                  canonical_query(request.query) + "\n" + headers + "\n" + names +
                                  "\n" + request.payload_sha256;
    const std::string day(date.substr(0, kDayDigits));
    const std::string scope = day + "/" + key.region + "/s3/aws4_request";
    const std::string to_sign = "AWS4-HMAC-SHA256\n" + std::string(date) + "\n" + scope + "\n" +
                                crypto::hex(crypto::sha256(canonical));
    std::string signing = crypto::hmac_sha256("AWS4" + key.secret, day);
    for (const std::string_view part :
         {std::string_view(key.region), std::string_view("s3"), std::string_view("aws4_request")}) {
        signing = crypto::hmac_sha256(signing, part);
    }
    return "AWS4-HMAC-SHA256 Credential=" + key.access_key_id + "/" + scope +
           ", SignedHeaders=" + names +
           ", Signature=" + crypto::hex(crypto::hmac_sha256(signing, to_sign));
}

}  // namespace origin::deploy
