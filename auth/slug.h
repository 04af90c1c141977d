// SPDX-License-Identifier: Apache-2.0
// auth/slug: the short names in URLs: host-name rules, so that they are safe wherever they end up.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace origin::auth {

/// Lower-case letters, digits and single dashes inside, at most 64 bytes; not a reserved word.
/// Errors: InvalidInput, reason `bad_slug`.
Status check_slug(std::string_view slug);

/// A slug made from any text: "Spanner & Spoke: inventory" -> "spanner-spoke-inventory". Never
/// empty.
std::string slug_from(std::string_view text, std::size_t bytes_max);

}  // namespace origin::auth
