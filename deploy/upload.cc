// SPDX-License-Identifier: Apache-2.0
#include "deploy/upload.h"

namespace origin::deploy {
namespace {

using store::DeploymentState;

std::string kilobytes(std::uint64_t bytes) {
    constexpr std::uint64_t kKilo = 1000;
    if (bytes < kKilo) {
        return std::to_string(bytes) + " bytes";
    }
    const std::uint64_t kb = bytes / kKilo;
    return kb < 10 * kKilo ? std::to_string(kb) + " kB" : std::to_string(kb / kKilo) + " MB";
}

/// Counts the site, and says what will be sent.
Status say_plan(Task& task, const UploadPlan& plan) {
    ORIGIN_TRY(site, task.site());
    ORIGIN_TRY(digests, task.digests());
    store::DeployProgress& progress = task.row().progress;
    progress.files = site->files.size();
    progress.bytes = 0;
    for (const SiteFile& file : site->files) {
        progress.bytes += digests->at(file.blob).size;
    }
    std::size_t files = 0;
    std::uint64_t bytes = 0;
    for (const auto& part : plan.parts) {
        for (const std::size_t i : part) {
            ++files;
            bytes += digests->at(site->files.at(i).blob).size;
        }
    }
    for (const std::string& note : site->notes) {
        ORIGIN_CHECK(task.say(note));
    }
    return task.say(std::to_string(files) + " of " + std::to_string(progress.files) +
                    " files to upload (" + kilobytes(bytes) + " of " + kilobytes(progress.bytes) +
                    ")");
}

/// Not for who answers `Staged` by itself.
Result<Milliseconds> wait_for_others(Task& task, const Connector& connector) {
    return connector.reveals() == Reveals::Poll ? Milliseconds(0) : stage(task);
}

/// For who takes no files, and breaks off when asked to.
Result<Milliseconds> publish_alone(Task& task, Connector& connector) {
    ORIGIN_CHECK(connector.publish(task));
    ORIGIN_CHECK(task.move(DeploymentState::Processing, "the other repository has it"));
    return Milliseconds(0);
}

}  // namespace

Result<Milliseconds> stage(Task& task) {
    ORIGIN_TRY(standing, task.stage());
    switch (standing.verdict) {
        case Standing::Verdict::GoLive:
            return Milliseconds(0);
        case Standing::Verdict::Wait:
            return Milliseconds(kTogetherWait);
        case Standing::Verdict::GiveUp:
            break;
    }
    const bool is_superseded = standing.end == DeploymentState::Superseded;
    return std::unexpected(
        Error(Code::Conflict, standing.text)
            .because(std::string(is_superseded ? kSupersededTogether : "not_together")));
}

Result<Milliseconds> upload_and_publish(Task& task, Connector& connector) {
    if (!connector.takes_files()) {
        return publish_alone(task, connector);
    }
    const bool waits_first = connector.reveals() == Reveals::Upload || task.row().staged;
    ORIGIN_TRY(first, waits_first ? wait_for_others(task, connector) : Milliseconds(0));
    if (first.count() > 0) {
        return first;
    }
    ORIGIN_TRY(plan, connector.plan(task));
    if (plan.wait.count() > 0) {
        ORIGIN_CHECK(task.went_well(task.row().progress.waiting));
        return plan.wait;
    }
    ORIGIN_CHECK(say_plan(task, plan));
    ORIGIN_TRY(site, task.site());
    ORIGIN_TRY(digests, task.digests());
    for (const auto& part : plan.parts) {
        ORIGIN_CHECK(task.check_time());
        ORIGIN_CHECK(connector.upload(task, part));
        for (const std::size_t i : part) {
            ++task.row().progress.files_sent;
            task.row().progress.bytes_sent += digests->at(site->files.at(i).blob).size;
        }
        task.row().progress.failures = 0;
    }
    ORIGIN_TRY(last, wait_for_others(task, connector));
    if (last.count() > 0) {
        return last;
    }
    if (connector.finishes_publish()) {
        ORIGIN_CHECK(task.begin_publish());
    }
    ORIGIN_CHECK(connector.publish(task));
    ORIGIN_CHECK(task.move(DeploymentState::Processing,
                           plan.parts.empty() ? "nothing to upload" : "everything is uploaded"));
    return Milliseconds(0);
}

}  // namespace origin::deploy
