// SPDX-License-Identifier: Apache-2.0
// api/checks: what can be refused in a body before anybody is asked.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/log.h"
#include "base/oid.h"
#include "base/ref_name.h"
#include "base/result.h"
#include "hooks/webhooks.h"
#include "store/store.h"

namespace origin::api {

/// A slug of at most kTargetNameBytesMax that no preview label can look like: it is part of a host
/// name. Errors: InvalidInput `bad_target_name`.
Status check_target_name(std::string_view name);

/// Globs over event types: "run.*". Errors: InvalidInput `bad_name`.
Status check_event_globs(const std::vector<std::string>& globs);

/// Errors: LimitExceeded `too_many_webhooks`.
Status check_webhook_room(store::Reader& reader, const hooks::WebhookScope& scope);

/// A branch by its short or full name, as a full one. Errors: InvalidInput `bad_ref_name`.
Result<RefName> branch_named(std::string_view name);

/// The name of a check: "ci/build". Errors: InvalidInput `bad_name`.
Status check_status_context(std::string_view context);

/// A target's secret: one line of at most kTargetSecretBytesMax. Errors: InvalidInput `bad_secret`.
Status check_target_secret(const Secret& secret);

/// 40 hex digits. Errors: InvalidInput `wrong_type`, naming the field.
Result<Oid> oid_field(std::string_view name, std::string_view text);

}  // namespace origin::api
