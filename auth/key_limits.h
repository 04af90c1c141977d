// SPDX-License-Identifier: Apache-2.0
// auth/key_limits: what a key may not do although its scopes allow it, as JSON.
// The JSON is the same in `POST .../tokens` and in a token that a client signs itself:
//
//     {"refs": [{"pattern": "refs/heads/feature/*", "push": true, "force": false, "delete":
//     false}],
//      "paths": {"allow": ["src/*"], "deny": [".github/**"]},
//      "pushes": 3, "packBytes": 1000000, "files": 50}
#pragma once

#include <boost/json/object.hpp>

#include "json/fields.h"
#include "store/rows/identity.h"

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

}  // namespace origin::auth
