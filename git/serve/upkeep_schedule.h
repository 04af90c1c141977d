// SPDX-License-Identifier: Apache-2.0
// git/serve/upkeep_schedule: when a project's stored objects are looked after: one job for each
// project that was pushed to, with the project's own id, moved forward when there is much to do.
#pragma once

#include <chrono>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "git/odb/object_store.h"
#include "store/store.h"

namespace origin::git {

inline constexpr std::string_view kUpkeepJob = "upkeep";
/// How long after a push at the latest.
inline constexpr std::chrono::milliseconds kUpkeepInterval = std::chrono::hours(24);
/// More packs than this are brought together at once.
inline constexpr std::size_t kPacksBeforeFold = 20;

/// When the upkeep of a project is due after a push: store::kAtOnce if its journal is full or its
/// packs are many, else a day later.
UnixMillis upkeep_due(const ObjectStore& objects, UnixMillis now);

/// There is a job, ready at `when` or earlier, or one at work, which looks again when it ends.
Status schedule_upkeep(store::Writer& writer, const ProjectId& project, UnixMillis when);

}  // namespace origin::git
