// SPDX-License-Identifier: Apache-2.0
// api/public_keys: showing, listing and removing the public keys of one kind.
#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "api/call.h"
#include "store/rows/identity.h"

namespace origin::api {

struct PublicKeys {
    store::KeyKind kind;
    std::string what;  // "signing key"
    std::string list;  // The list's name in an answer: "signingKeys".
    boost::json::object (*view)(const KeyId& id, const store::KeyRow& row);
};

/// 201 with the key. Errors: NotFound: no such key of that kind.
Answer show_public_key(const Call& call, const PublicKeys& keys, const KeyId& id);
/// Those of ?clientId=, default the caller's client.
Answer list_public_keys(const Call& call, const PublicKeys& keys);
/// Removes {key}, with an audit event. Errors: NotFound; Forbidden.
Answer delete_public_key(const Call& call, const PublicKeys& keys);

}  // namespace origin::api
