// SPDX-License-Identifier: Apache-2.0
#include "auth/jwt.h"

#include <algorithm>
#include <array>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "auth/key_limits.h"
#include "crypto/encode.h"
#include "json/fields.h"

namespace origin::auth {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kLatestSeconds = 253'402'300'799;  // The year 9999.
constexpr std::size_t kAudiencesMax = 16;

std::unexpected<Error> refuse(const std::string& why) {
    return std::unexpected(Error(Code::Unauthenticated, "this token is refused: " + why, why));
}

std::unexpected<Error> refuse(const Error& error) {
    return refuse(error.told_to_peer());
}

struct Head {
    std::string algorithm;
    std::string kid;
    std::optional<std::string> type;

    static Head read(Fields& in) {
        Head head;
        head.algorithm = in.text("alg");
        head.kid = in.text("kid");
        head.type = in.maybe_text("typ");
        return head;
    }
};

UnixMillis moment(std::optional<std::uint64_t> seconds) {
    return static_cast<UnixMillis>(seconds.value_or(0)) * 1000;
}

JwtClaims read_claims(Fields& in) {
    JwtClaims claims;
    claims.issuer = in.text("iss");
    claims.expires_at = moment(in.maybe_number("exp", kLatestSeconds));
    claims.issued_at = moment(in.maybe_number("iat", kLatestSeconds));
    claims.not_before = moment(in.maybe_number("nbf", kLatestSeconds));
    claims.token_id = in.maybe_text("jti").value_or("");
    in.maybe_text("sub");  // The signer's own affair.
    claims.scopes = in.maybe_texts("scopes");
    claims.projects = in.maybe_texts("projects");
    claims.limits = read_key_limits(in);
    return claims;
}

/// A text or a list of them; empty: neither.
std::vector<std::string> texts_of(const json::value& value) {
    const auto* list = value.if_array();
    const json::array alone = {value};
    std::vector<std::string> texts;
    for (const json::value& each : list != nullptr ? *list : alone) {
        if (!each.is_string() || texts.size() == kAudiencesMax) {
            return {};
        }
        texts.emplace_back(each.get_string());
    }
    return texts;
}

Result<Head> parse_head(std::string_view part) {
    const auto text = crypto::base64url_decode(part);
    auto head = text ? read_body<Head>(*text)
                     : std::unexpected(Error(Code::InvalidInput, "its head is not base64url"));
    if (!head) {
        return refuse(head.error());
    }
    if (head->type && *head->type != "JWT") {
        return refuse("its 'typ' is not JWT");
    }
    if (!is_token_name(head->kid, kKidBytesMax)) {
        return refuse("its 'kid' names no key");
    }
    return head;
}

Result<JwtClaims> parse_claims(std::string_view part) {
    const auto text = crypto::base64url_decode(part);
    auto object = text ? parse_body(*text)
                       : std::unexpected(Error(Code::InvalidInput, "its claims are no base64url"));
    if (!object) {
        return refuse(object.error());
    }
    for (const auto& member : *object) {
        if (member.value().is_null()) {
            return refuse("a claim is null");  // Elsewhere null is "not given": no limit.
        }
    }
    const json::value* audience = object->if_contains("aud");
    std::vector<std::string> audiences = audience ? texts_of(*audience) : texts_of(nullptr);
    object->erase("aud");
    Fields fields(*object);
    JwtClaims claims = read_claims(fields);
    if (const Status read = fields.finish(); !read) {
        return refuse(read.error());
    }
    auto limits = checked(std::move(claims.limits));
    if (!limits) {
        return refuse(limits.error());
    }
    claims.limits = std::move(*limits);
    claims.audiences = std::move(audiences);
    if (claims.audiences.empty() || claims.expires_at == 0) {
        return refuse("it needs 'aud' and 'exp'");
    }
    if (object->contains("jti") && !is_token_name(claims.token_id, kJtiBytesMax)) {
        return refuse("'jti' is 1 to 64 of A-Z a-z 0-9 . _ - :");
    }
    if (claims.limits.pushes != 0 && claims.token_id.empty()) {
        return refuse("'pushes' are counted by 'jti', which it has not");
    }
    return claims;
}

std::string_view algorithm_of(crypto::KeyType type) {
    switch (type) {
        case crypto::KeyType::EcP256:
            return "ES256";
        case crypto::KeyType::Ed25519:
            return "EdDSA";
        case crypto::KeyType::Rsa:
            return "RS256";
        case crypto::KeyType::EcP384:
        case crypto::KeyType::EcP521:
            break;
    }
    return {};
}

}  // namespace

bool is_token_name(std::string_view text, std::size_t bytes_max) {
    return !text.empty() && text.size() <= bytes_max && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-' || c == ':';
    });
}

bool looks_like_jwt(std::string_view text) {
    return text.starts_with("eyJ") && std::ranges::count(text, '.') == 2;
}

Result<Jwt> parse_jwt(std::string_view text) {
    if (text.size() > kJwtBytesMax) {
        return refuse("it is longer than " + std::to_string(kJwtBytesMax) + " bytes");
    }
    const std::size_t first = text.find('.');
    const std::size_t last = text.rfind('.');
    if (!looks_like_jwt(text)) {
        return refuse("it is no JWT");
    }
    ORIGIN_TRY(head, parse_head(text.substr(0, first)));
    ORIGIN_TRY(claims, parse_claims(text.substr(first + 1, last - first - 1)));
    const auto signature = crypto::base64url_decode(text.substr(last + 1));
    if (!signature || signature->empty()) {
        return refuse("its signature is no base64url");
    }
    return Jwt{.algorithm = std::move(head.algorithm),
               .kid = std::move(head.kid),
               .claims = std::move(claims),
               .signed_text = std::string(text.substr(0, last)),
               .signature = *signature};
}

bool is_signed_by(const Jwt& token, const crypto::PublicKey& key) {
    const std::string_view algorithm = algorithm_of(key.type());
    return !algorithm.empty() && token.algorithm == algorithm &&
           key.verifies(token.signed_text, token.signature, crypto::RsaHash::Sha256);
}

Status check_claims(const JwtClaims& claims, std::string_view audience, UnixMillis now) {
    if (audience.empty() ||
        std::ranges::find(claims.audiences, audience) == claims.audiences.end()) {
        return refuse("its 'aud' is not " + std::string(audience));
    }
    if (claims.expires_at <= now) {
        return refuse("it has expired");
    }
    if (std::max(claims.issued_at, claims.not_before) > now + kJwtSkewMillis) {
        return refuse("it is not valid yet");
    }
    const UnixMillis begins = claims.issued_at != 0    ? claims.issued_at
                              : claims.not_before != 0 ? claims.not_before
                                                       : now;
    if (claims.expires_at - begins > kJwtLifeMillisMax) {
        return refuse("it is good for more than 24 hours");
    }
    return {};
}

}  // namespace origin::auth
