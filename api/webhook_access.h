// SPDX-License-Identifier: Apache-2.0
// api/webhook_access: whose webhooks a call is about, and how they are shown. A project's are under
// /api/projects/{project}/webhooks, a client's under /api/webhooks; the same endpoints serve both.
#pragma once

#include <optional>
#include <string>

#include <boost/json/object.hpp>

#include "api/call.h"
#include "hooks/webhooks.h"
#include "store/rows/webhook.h"

namespace origin::api {

struct WebhookAccess {
    hooks::WebhookScope scope;
    std::optional<auth::Permit> permit;  // To a project's.
    std::string path;                    // "/api/projects/prj_.../webhooks"

    const ProjectId* project() const { return std::get_if<ProjectId>(&scope); }
    std::string key(const WebhookId& id) const { return hooks::webhook_key(scope, id); }
    /// One transaction of whoever asks, if they still may.
    Status write(const Call& call, const store::WriteFn& fn) const {
        return permit ? call.write(*permit, fn) : call.write(fn);
    }
    /// Where receivers read an Ed25519 endpoint's public keys.
    std::string keys_url(const Call& call, const WebhookId& id) const;
    store::AuditRow audit(const Call& call, std::string type, const WebhookId& id) const;
};

/// A client's are managed with its keys of scope `deploy` that are not bound to projects; a server
/// admin may name another client (`clientId` of the query).
/// Errors: NotFound; Forbidden.
Result<WebhookAccess> webhook_access(const Call& call);

/// The one that {webhook} names.
struct NamedWebhook {
    WebhookAccess access;
    WebhookId id;
};
Result<NamedWebhook> named_webhook(const Call& call);
/// Errors: NotFound.
Result<store::WebhookRow> need_webhook(store::Reader& reader, const NamedWebhook& named);

boost::json::object webhook_json(const Call& call,
                                 const WebhookAccess& access,
                                 const WebhookId& id,
                                 const store::WebhookRow& row);

/// The row as it is now, with what is shown once: `secret`, or null if that was before. An Ed25519
/// endpoint has none: its public key is in the row.
Answer webhook_with_secret(const Call& call,
                           const NamedWebhook& named,
                           int status,
                           const std::optional<Secret>& secret);

/// `key`: of table Deliveries. `whole`: with what was sent and answered.
boost::json::object delivery_json(std::string_view key, const store::DeliveryRow& row, bool whole);

}  // namespace origin::api
