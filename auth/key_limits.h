// SPDX-License-Identifier: Apache-2.0
// auth/key_limits: what a key may not do although its scopes allow it: as JSON, and counted.
// The JSON is the same in `POST .../tokens` and in a token that a client signs itself:
//
//     {"refs": [{"pattern": "refs/heads/feature/*", "push": true, "force": false, "delete":
//     false}],
//      "paths": {"allow": ["src/*"], "deny": [".github/**"]},
//      "pushes": 3, "packBytes": 1000000, "files": 50}
#pragma once

#include <boost/json/object.hpp>

#include "auth/identity.h"
#include "json/fields.h"
#include "store/rows/identity.h"
#include "store/store.h"

namespace origin::auth {

inline constexpr std::size_t kLimitPatternsMax = 64;  // Of refs, of paths to allow, to deny.

inline constexpr std::uint64_t kLimitFilesMax = 100'000;

/// Takes the five fields; what is wrong is in `in`. Still to be checked().
store::KeyLimits read_key_limits(Fields& in);

/// The limits with full ref patterns.
/// Errors: InvalidInput (`bad_ref_name`, `bad_pattern`); LimitExceeded (`too_many_items`).
Result<store::KeyLimits> checked(store::KeyLimits limits);
/// Errors: InvalidInput `bad_pattern`; LimitExceeded `too_many_items`.
Status check_path_patterns(const std::vector<std::string>& patterns);

/// Only what is limited.
boost::json::object key_limits_json(const store::KeyLimits& limits);

/// Counts a push that is about to be committed with a key whose pushes are limited.
/// Errors: Forbidden `push_limit`: it has made them all.
Status count_push(store::Writer& writer, const Identity& identity, UnixMillis now);

/// What is counted under `key_pushes` (store::key_pushes_key) ends then: a token, or pushes of a
/// token that its client signed. Both are erased a day later.
Status plan_sweep(store::Writer& writer, std::string_view key_pushes, UnixMillis ends_at);
/// Erases some of what has ended; called whenever there may be more of it.
Status sweep_ended(store::Writer& writer, UnixMillis now);

}  // namespace origin::auth
