// SPDX-License-Identifier: Apache-2.0
// git/odb/pack_stream: the pack that answers a fetch, made while it is sent. A pull machine.
// In: the ids to send, from git/serve. Out: pack bytes, header and trailer included.
// Stored zlib bytes are copied as they are wherever that is right: whole objects always; deltas if
// their base is sent too (or is known to the client, in a thin pack). Else the object is deflated.
// Memory: about 32 bytes an object, plus one object.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "git/odb/object_store.h"

namespace origin::git {

struct PackStreamOptions {
    bool ofs_delta = true;  // The client said `ofs-delta`; else bases are named by id.
    /// Thin packs: may a delta be built on this object, which is not sent? Null: not thin.
    std::function<bool(const Oid&)> client_has;
    int deflate_level = 1;  // For what cannot be copied.
};

class PackStream {
public:
    /// `oids`: what to send, in any order; a duplicate is sent once.
    /// Errors: NotFound if an id is not in `store`. Limits: kPackObjectsMax.
    static Result<PackStream> make(ObjectStoreRef store,
                                   const std::vector<Oid>& oids,
                                   PackStreamOptions options = {});

    PackStream(PackStream&&) noexcept;
    PackStream& operator=(PackStream&&) noexcept;
    PackStream(const PackStream&) = delete;
    PackStream& operator=(const PackStream&) = delete;
    ~PackStream();

    /// Appends at least one and at most `max_bytes` bytes to `out`, unless all has been given.
    /// Returns: true when the trailer is out and there is nothing more.
    /// Errors: Corrupt: the stored bytes are wrong; the stream must be abandoned.
    Result<bool> step(std::string& out, std::size_t max_bytes);

    std::uint32_t object_count() const;
    std::uint32_t objects_written() const;  // For progress.
    std::uint64_t bytes_written() const;

private:
    class State;
    explicit PackStream(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace origin::git
