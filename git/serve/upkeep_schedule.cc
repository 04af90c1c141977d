// SPDX-License-Identifier: Apache-2.0
#include "git/serve/upkeep_schedule.h"

#include <algorithm>

#include "git/serve/journal.h"
#include "store/jobs.h"

namespace origin::git {

UnixMillis upkeep_due(const ObjectStore& objects, UnixMillis now) {
    const auto files = static_cast<std::size_t>(std::ranges::count_if(
        objects.packs(), [](const auto& pack) { return !pack->is_in_memory(); }));
    const bool is_much = objects.memory_bytes() >= kJournalBytesMax ||
                         objects.memory_objects() >= kJournalObjectsMax || files > kPacksBeforeFold;
    return is_much ? store::kAtOnce : now + kUpkeepInterval.count();
}

Status schedule_upkeep(store::Writer& writer, const ProjectId& project, UnixMillis when) {
    const auto id = JobId::from_raw(project.view());
    ORIGIN_TRY(job, store::find_job(writer, *id));
    if (job && (job->lease || job->ready_at <= when)) {
        return {};
    }
    if (job) {
        ORIGIN_CHECK(store::cancel(writer, *id));
    }
    return store::enqueue(writer,
                          store::Job{.id = *id,
                                     .kind = std::string(kUpkeepJob),
                                     .subject = std::string(project.view()),
                                     .ready_at = when,
                                     .lease = {},
                                     .payload = {}});
}

}  // namespace origin::git
