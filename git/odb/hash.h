// SPDX-License-Identifier: Apache-2.0
// git/odb/hash: object ids (SHA-1 with collision detection) and pack checksums (plain SHA-1).
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/oid.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "git/odb/objects.h"

namespace origin::git {

/// The id of an object.
/// Errors: InvalidInput (sha1_collision) if the bytes were built to collide; Internal.
Result<Oid> hash_object(ObjectType type, std::string_view data);

/// The id of an object whose bytes come in pieces, so that a large blob is never held whole.
class ObjectHasher {
public:
    /// `size` is what the object's header says; more bytes than that fail update().
    static Result<ObjectHasher> start(ObjectType type, std::uint64_t size);

    ObjectHasher(ObjectHasher&&) noexcept;
    ObjectHasher& operator=(ObjectHasher&&) noexcept;
    ObjectHasher(const ObjectHasher&) = delete;
    ObjectHasher& operator=(const ObjectHasher&) = delete;
    ~ObjectHasher();

    Status update(Bytes bytes);
    /// Errors: InvalidInput (sha1_collision); InvalidInput if fewer bytes came than announced.
    Result<Oid> finish();

private:
    struct State;
    explicit ObjectHasher(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// SHA-1 of pack and index bytes: a checksum of our own data, without collision detection.
class PackHash {
public:
    void update(Bytes bytes) { sha_.update(bytes); }
    /// The checksum of everything so far; the object then starts anew.
    Oid finish() { return *Oid::from_raw(sha_.finish()); }

private:
    crypto::Sha1 sha_;
};

}  // namespace origin::git
