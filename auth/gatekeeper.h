// SPDX-License-Identifier: Apache-2.0
// auth/gatekeeper: credentials -> identity; identity + project + action -> permit.
// In: what a door found in its request. Out: who it is and what they may do, or the one right
// refusal.
#pragma once

#include <string>
#include <string_view>

#include "auth/failure_table.h"
#include "auth/identity.h"
#include "auth/login_notes.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/rows/identity.h"
#include "store/store.h"

namespace origin::auth {

class Gatekeeper {
public:
    Gatekeeper(store::Store& store, const Clock& clock, Metrics& metrics)
        : store_(store),
          clock_(clock),
          refused_(metrics.counter("auth_refused_total")),
          failures_(clock),
          notes_(clock) {}

    /// Errors:  Unauthenticated (`unauthenticated`): no key, a malformed, unknown, revoked or
    /// expired
    ///          one, or a disabled client; the same words for all. LimitExceeded
    ///          (`too_many_failures`): this peer or key id failed too often; the text names the
    ///          wait.
    /// Limits:  kFailureTableRowsMax; a malformed key costs no store access.
    /// What comes of it is noted: notes().
    Result<Identity> identify(std::string_view key_text, const Caller& caller);
    Result<Identity> identify(std::string_view key_text, std::string_view peer) {
        return identify(key_text, Caller{.peer = peer});
    }

    /// Who an SSH public key belongs to, as the peer has proved that it holds the key.
    /// Errors: Unauthenticated: unknown, revoked or expired, or of a disabled client.
    /// Notes nothing: the peer may only have asked whether the key would do.
    Result<Identity> identify_ssh(std::string_view blob) const;
    /// For the notes: a peer that offered this SSH key, last of all, was not let in.
    void note_refused_ssh(std::string_view blob, const Caller& caller, std::string_view why);

    /// Last uses of keys and refused logins, until they are written.
    LoginNotes& notes() { return notes_; }

    /// From now on tokens are taken that clients signed for `audience`, our public URL. Call it
    /// before anybody asks.
    void take_tokens_for(std::string audience) { audience_ = std::move(audience); }

    /// How long `peer` has to wait after `too_many_failures`; zero: not at all.
    std::chrono::seconds wait_for(std::string_view peer) { return failures_.wait_for(peer); }

    /// The operator at the server's own 0600 socket: acts as the first admin client.
    Result<Identity> local_operator();

    /// Somebody without a key: may fetch what is public.
    static Identity anonymous();

    /// Who a run acts for, checked anew: its client, with the key it was asked for with.
    /// Errors: Unauthenticated: the key or client may not be used any more.
    Result<Identity> identity_of(const ClientId& client, const std::optional<KeyId>& key) const;

    /// The same identity as its key, client and, if it came with a signed token, that token let it
    /// be now. Errors: as above.
    Result<Identity> identity_again(const Identity& before) const;

    /// May the identity ask for a run at all? A run acts later and with the whole key.
    /// Errors: Forbidden (`limited_token`): it is a signed token with limits.
    static Status check_may_require(const Identity& identity);

    /// Errors: NotFound: no such project, or it may not be seen. Forbidden (`forbidden`): it may be
    ///         seen, not this. See docs/security.md.
    Result<Permit> permit(store::Reader& reader,
                          const Identity& identity,
                          const ProjectId& project,
                          Action action) const;
    Result<Permit> permit(const Identity& identity, const ProjectId& project, Action action) const;

    /// A permit to write to a project of the identity's own that does not exist yet.
    /// Errors: NotFound without the scope projects:create, or for a key bound to certain projects.
    static Result<Permit> permit_to_create(const Identity& identity, const ProjectId& future);

    /// The same question again, inside the transaction that acts on the permit: the key, its client
    /// and what is shared with it, as they are now.
    Status recheck(store::Reader& reader, const Permit& permit) const;
    /// The same for what needs no project: a request's body may come long after its head.
    Status recheck(store::Reader& reader, const Identity& identity) const;

    /// What another right stands in for: may the identity's client do this with the project, with
    /// some key? A requirement that deploys needs no key of scope `deploy`, but a client that may.
    /// Errors: NotFound; Forbidden.
    static Status check_client(store::Reader& reader,
                               const Identity& identity,
                               const ProjectId& project,
                               Action action);

    /// Errors: Forbidden unless `identity` has `scope`.
    static Status need(const Identity& identity, Scope scope);

private:
    Result<Identity> identify_token(std::string_view text) const;
    Result<Identity> identity_now(store::Reader& reader, const Identity& before) const;
    Result<Identity> identify_key(store::Reader& reader,
                                  const KeyId& id,
                                  std::string_view text) const;
    Result<Identity> identity_now(store::Reader& reader,
                                  const ClientId& client,
                                  const std::optional<KeyId>& key) const;
    Result<Identity> make_identity(store::Reader& reader,
                                   const KeyId& id,
                                   const store::KeyRow& key) const;

    store::Store& store_;
    const Clock& clock_;
    Counter& refused_;
    FailureTable failures_;
    LoginNotes notes_;
    std::string audience_;  // Empty: no signed token is taken.
};

}  // namespace origin::auth
