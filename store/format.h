// SPDX-License-Identifier: Apache-2.0
// store/format: which form the whole store is in, and how an older one becomes today's.
//
// Meta, key `format`: the form's number, 4 bytes big-endian, from 1. It is raised when rows must be
// rewritten at once, or when an older program would misread what is there; a change that a row's
// own version byte covers does not raise it.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "base/result.h"
#include "store/store.h"

namespace origin::store {

/// Brings the store one form further. Limits: what one write may do.
using Migration = std::function<Status(Writer&)>;

/// Entry i goes from form i + 1 to form i + 2. Today's form is their count plus one.
std::span<const Migration> migrations();

/// Writes the format row of a new, empty store; or runs the steps that are missing.
/// Errors: Conflict `newer_format` (a newer origind wrote it); Corrupt (rows without a format row).
Status bring_to_current(Writer& writer, std::span<const Migration> steps);

}  // namespace origin::store
