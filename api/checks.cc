// SPDX-License-Identifier: Apache-2.0
#include "api/checks.h"

#include <algorithm>

#include "auth/accounts.h"
#include "auth/slug.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "hooks/target_secret.h"

namespace origin::api {
namespace {

constexpr std::string_view kBranches = "refs/heads/";

std::unexpected<Error> refuse(std::string reason, std::string text) {
    return std::unexpected(Error(Code::InvalidInput, std::move(text)).because(std::move(reason)));
}

}  // namespace

Status check_target_name(std::string_view name) {
    const bool is_label = name.starts_with("c-") || name.starts_with("b-");
    if (name.size() > kTargetNameBytesMax || is_label || !auth::check_slug(name)) {
        return refuse("bad_target_name",
                      "a target's name has at most " + std::to_string(kTargetNameBytesMax) +
                          " of a-z, 0-9 and single dashes inside, and does not begin with 'c-' or "
                          "'b-'");
    }
    return {};
}

Status check_event_globs(const std::vector<std::string>& globs) {
    for (const std::string& glob : globs) {
        if (glob.empty()) {
            return refuse("bad_name", "an event pattern is empty");
        }
        ORIGIN_CHECK(auth::check_display_name(glob));
    }
    return {};
}

Status check_webhook_room(store::Reader& reader, const hooks::WebhookScope& scope) {
    std::size_t count = 0;
    ORIGIN_CHECK(reader.scan(
        store::Table::Webhooks,
        store::Range::prefix(hooks::scope_prefix(scope)),
        [&](std::string_view, std::string_view) { return ++count < kWebhooksPerProjectMax; }));
    if (count < kWebhooksPerProjectMax) {
        return {};
    }
    return std::unexpected(Error(Code::LimitExceeded,
                                 "a project or client has at most " +
                                     std::to_string(kWebhooksPerProjectMax) + " webhooks")
                               .because("too_many_webhooks"));
}

Result<RefName> branch_named(std::string_view name) {
    return RefName::parse(name.starts_with(kBranches) ? std::string(name)
                                                      : std::string(kBranches) + std::string(name));
}

Status check_status_context(std::string_view context) {
    constexpr std::size_t kContextBytesMax = 100;
    const bool good = !context.empty() && context.size() <= kContextBytesMax &&
                      std::ranges::all_of(context, [](char c) { return c > ' ' && c <= '~'; });
    return good ? Status()
                : refuse(
                      "bad_name",
                      "a check's context is 1 to 100 printable ASCII characters, like 'ci/build'");
}

Status check_target_secret(const Secret& secret) {
    const std::string& text = secret.reveal();
    const bool may_have_lines = text.starts_with("-----BEGIN ");  // A private key.
    const bool fits = text.size() <= hooks::kTargetSecretBytesMax &&
                      (may_have_lines || text.find_first_of("\r\n") == std::string::npos);
    return fits ? Status()
                : refuse("bad_secret", "'secret' is one line or a private key, of at most 16 KiB");
}

Result<Oid> oid_field(std::string_view name, std::string_view text) {
    const auto oid = Oid::from_hex(text);
    if (!oid) {
        return refuse("wrong_type", "'" + std::string(name) + "' has to be 40 hex digits");
    }
    return *oid;
}

}  // namespace origin::api
