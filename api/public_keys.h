// SPDX-License-Identifier: Apache-2.0
// api/public_keys: making, listing and removing the public keys of one kind.
#pragma once

#include <functional>
#include <string>

#include <boost/json/object.hpp>

#include "api/call.h"
#include "store/rows/identity.h"

namespace origin::api {

struct PublicKeys {
    store::KeyKind kind;
    std::string what;  // "signing key"
    std::string list;  // The list's name in an answer: "signingKeys".
    /// Adds to a key as it is shown what is so of this kind.
    void (*add)(boost::json::object& body, const store::KeyRow& row);
};

/// `type`, `publicKey` and `fingerprint` of a key as SSH has it.
void add_ssh_parts(boost::json::object& body, const store::KeyRow& row);

using MakeKey = std::function<Result<store::KeyRow>(store::Writer&)>;

/// 201 with the key that `make` stores under `id`, with an audit event.
Answer create_public_key(const Call& call,
                         const PublicKeys& keys,
                         const KeyId& id,
                         const MakeKey& make);
/// Those of ?clientId=, default the caller's client.
Answer list_public_keys(const Call& call, const PublicKeys& keys);
/// Removes {key}, with an audit event. Errors: NotFound; Forbidden.
Answer delete_public_key(const Call& call, const PublicKeys& keys);

}  // namespace origin::api
