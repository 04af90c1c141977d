// SPDX-License-Identifier: Apache-2.0
// git/serve/upload_pack: answers ref listings and fetches. No sockets: a door moves the bytes.
// In: a permit and a request's bytes. Out: an answer in steps.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "auth/gatekeeper.h"
#include "base/metrics.h"
#include "git/serve/pack_cache.h"
#include "git/serve/storage.h"
#include "git/wire/protocol_version.h"
#include "git/wire/service.h"
#include "store/store.h"

namespace origin::git {

/// An answer made in pieces, each short enough for a worker. A door calls step() until it is done.
class Answer {
public:
    virtual ~Answer() = default;
    enum class Progress : std::uint8_t { More, Wait, Done };
    /// Appends to `out`. An Error ends the connection: the peer must not take what it got for
    /// whole.
    virtual Result<Progress> step(std::string& out) = 0;
};

struct FetchView;

/// Thread-safe.
class UploadPack {
public:
    UploadPack(store::Store& store, Storage& storage, Metrics& metrics, std::string agent)
        : store_(store),
          storage_(storage),
          metrics_(metrics),
          agent_(std::move(agent)),
          packs_(metrics) {}

    /// `GET info/refs`, or the first words over SSH. Errors: NotFound, Corrupt.
    Result<std::string> advertise(const auth::Permit& permit,
                                  ProtocolVersion version,
                                  bool over_http) const;

    /// A whole stateless request (a POST body). What the protocol calls an error is an answer too
    /// (an ERR line). Lifetime: the answer's ends before this object's.
    /// Errors: NotFound (the project), Corrupt.
    Result<std::unique_ptr<Answer>> answer(const auth::Permit& permit,
                                           ProtocolVersion version,
                                           std::string_view body) const;

    /// A conversation: over SSH a client waits for an answer before it says more.
    class Session;
    Result<std::unique_ptr<Session>> open(const auth::Permit& permit,
                                          ProtocolVersion version) const;

private:
    Result<FetchView> view(const auth::Permit& permit) const;

    store::Store& store_;
    Storage& storage_;
    Metrics& metrics_;
    std::string agent_;
    mutable PackCache packs_;
};

/// Begins with advertise(). Then, as often as bytes come: feed(), and the answers of next() one
/// after the other, each to its end, until there is none. Not thread-safe; calls may come from
/// different threads.
class UploadPack::Session {
public:
    virtual ~Session() = default;

    /// Limits: the caller feeds no more than it read since next() had nothing.
    virtual void feed(Bytes piece) = 0;
    /// Null: more has to come, or ended(). What the protocol calls an error is an answer, too, and
    /// the last one. Errors: NotFound (the project), Corrupt. Lifetime: the answer's ends before
    /// the session's.
    virtual Result<std::unique_ptr<Answer>> next() = 0;
    /// Nothing more will be answered: hang up.
    virtual bool ended() const = 0;
};

}  // namespace origin::git
