// SPDX-License-Identifier: Apache-2.0
// /api/projects/{project}/tokens: short-lived keys for one project, with limits of their own.
#include <algorithm>

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/endpoints.h"
#include "api/views.h"
#include "auth/accounts.h"
#include "auth/audit.h"
#include "auth/key_limits.h"
#include "auth/key_pushes.h"
#include "auth/key_text.h"
#include "base/utf8.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::Table;

constexpr std::uint64_t kTokenSecondsDefault = 15 * 60;
constexpr std::uint64_t kTokenSecondsMax = 24 * 60 * 60;

struct TokenBody {
    std::optional<std::string> title;
    std::vector<std::string> operations;
    std::uint64_t expires_in = kTokenSecondsDefault;
    store::KeyLimits limits;

    static TokenBody read(Fields& in) {
        TokenBody body;
        body.title = in.maybe_text("title");
        body.operations = in.maybe_texts("operations")
                              .value_or(std::vector<std::string>{"git:read", "git:write"});
        body.expires_in =
            in.maybe_number("expiresIn", kTokenSecondsMax).value_or(kTokenSecondsDefault);
        body.limits = auth::read_key_limits(in);
        return body;
    }
};

/// What a token may be for: the scopes of one project, but admin.
Result<auth::Action> action_named(std::string_view operation) {
    if (operation == "git:read") {
        return auth::Action::Read;
    }
    if (operation == "git:write") {
        return auth::Action::Write;
    }
    if (operation == "requirements") {
        return auth::Action::Require;
    }
    if (operation == "deploy") {
        return auth::Action::Deploy;
    }
    return std::unexpected(Error(Code::InvalidInput,
                                 "a token cannot be for '" + printable(operation) +
                                     "'; known: git:read, git:write, requirements, deploy")
                               .because("unknown_scope"));
}

/// Whoever mints may do all of it itself. Returns: the project's permit.
Result<auth::Permit> permit_all(const Call& call, const std::vector<std::string>& operations) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Read));
    for (const std::string& operation : operations) {
        ORIGIN_TRY(action, action_named(operation));
        ORIGIN_CHECK(call.around.gatekeeper.permit(call.identity(), permit.project(), action));
    }
    return permit;
}

std::unexpected<Error> cannot_mint() {
    return std::unexpected(
        Error(Code::Forbidden, "a token makes no tokens; use the key that made it")
            .because("token_cannot_mint"));
}

/// Tokens are made with lasting keys only: what ends a key ends its tokens.
Status check_minter(store::Reader& reader, const auth::Identity& who) {
    if (who.is_signed_token || !who.limits.none()) {
        return cannot_mint();
    }
    if (!who.key) {
        return {};  // The operator.
    }
    ORIGIN_TRY(row, store::get_row<store::KeyRow>(reader, Table::Keys, who.key->view()));
    return row && !row->token ? Status() : cannot_mint();
}

Result<auth::NewKey> plan_token(const Call& call, const ProjectId& project, const TokenBody& body) {
    const auth::Identity& who = call.identity();
    ORIGIN_TRY(scopes, auth::Scopes::parse(body.operations));
    ORIGIN_TRY(limits, auth::checked(body.limits));
    const auto lasts = static_cast<UnixMillis>(body.expires_in) * 1000;
    const UnixMillis ends = call.now() + lasts;
    const KeyId id = KeyId::make(call.around.clock, call.around.random);
    return auth::NewKey{.id = id,
                        .text = auth::make_key_text(id, call.around.random),
                        .client = who.client,
                        .title = body.title.value_or("token"),
                        .scopes = scopes,
                        .projects = {project},
                        .expires_at = who.expires_at == 0 ? ends : std::min(ends, who.expires_at),
                        .now = call.now(),
                        .limits = std::move(limits),
                        .token = true,
                        .minted_by = who.key};
}

Answer show_token(const Call& call, const KeyId& id, const json::object& extra) {
    ORIGIN_TRY(row, read_store(call.around.store, [&](store::Reader& reader) {
                   return store::need_row<store::KeyRow>(
                       reader, Table::Keys, id.view(), "no such token");
               }));
    json::object body = key_json(id, row);
    for (const auto& member : extra) {
        body.insert_or_assign(member.key(), member.value());
    }
    return json_answer(201, body);
}

store::AuditRow token_event(const Call& call,
                            std::string type,
                            const auth::Permit& permit,
                            const KeyId& id) {
    store::AuditRow event = call.audit(std::move(type));
    event.client = call.identity().client;
    event.project = permit.project();
    event.subject = id.str();
    return event;
}

/// A token of this project that the caller's key made, or any of it for its admins.
Status check_revokes(const Call& call,
                     const auth::Permit& permit,
                     store::Reader& reader,
                     const KeyId& id) {
    const auto missing = std::unexpected(Error(Code::NotFound, "no such token"));
    ORIGIN_TRY(row, store::get_row<store::KeyRow>(reader, Table::Keys, id.view()));
    const auth::Identity& who = call.identity();
    if (!row || !row->token || row->projects != std::vector{permit.project()}) {
        return missing;
    }
    if (row->minted_by && row->minted_by == who.key) {
        return {};
    }
    const bool is_admin =
        call.around.gatekeeper.permit(reader, who, permit.project(), auth::Action::Admin)
            .has_value();
    return is_admin ? Status() : missing;
}

}  // namespace

BodyShape token_shape() {
    return shape_of<TokenBody>();
}

Answer create_token(const Call& call) {
    ORIGIN_TRY(body, read_body<TokenBody>(call.body));
    ORIGIN_TRY(permit, permit_all(call, body.operations));
    ORIGIN_TRY(wanted, plan_token(call, permit.project(), body));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            store::AuditRow event = token_event(call, "token.created", permit, wanted.id);
            event.details = {{"title", wanted.title},
                             {"expiresAt", json::serialize(time_json(wanted.expires_at))},
                             {"limits", json::serialize(auth::key_limits_json(wanted.limits))}};
            ORIGIN_CHECK(call.write(permit, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(check_minter(writer, call.identity()));
                ORIGIN_CHECK(auth::record_audit(writer, event));
                ORIGIN_CHECK(auth::create_key(writer, wanted));
                ORIGIN_CHECK(auth::plan_sweep(
                    writer, store::key_pushes_key(wanted.id, {}), wanted.expires_at));
                ORIGIN_CHECK(auth::sweep_ended(writer, wanted.now));
                return once.record(writer, {wanted.id.str()});
            }));
            return show_token(call, wanted.id, {{"key", wanted.text.reveal()}});
        },
        [&](const Ids& ids) -> Answer {
            ORIGIN_TRY(id, need_id<KeyId>(ids.front(), "token"));
            return show_token(call, id, {{"key", nullptr}, {"secretShown", true}});
        });
}

Answer revoke_token(const Call& call) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Read));
    ORIGIN_TRY(id, need_id<KeyId>(call.param("token"), "token"));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const store::AuditRow event = token_event(call, "token.revoked", permit, id);
            const UnixMillis now = call.now();
            ORIGIN_CHECK(call.write(permit, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(check_revokes(call, permit, writer, id));
                ORIGIN_CHECK(auth::record_audit(writer, event));
                ORIGIN_CHECK(auth::revoke_key(writer, id, now));
                return once.record(writer, {id.str()});
            }));
            return no_content();
        },
        [](const Ids&) -> Answer { return no_content(); });
}

}  // namespace origin::api
