// SPDX-License-Identifier: Apache-2.0
#include "deploy/task.h"

#include "base/utf8.h"
#include "deploy/releases.h"
#include "git/odb/objects.h"
#include "git/serve/refs.h"
#include "hooks/deployment_orders.h"
#include "hooks/deployments.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::deploy {
namespace {

constexpr std::size_t kSubjectBytesMax = 200;

std::unexpected<Error> cancelled() {
    return std::unexpected(Error(Code::Conflict, "cancelled").because("cancel_asked"));
}

}  // namespace

Result<git::ObjectStoreRef> Task::objects() {
    if (!objects_) {
        ORIGIN_CHECK(around_.store.read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(opened, around_.storage.open(reader, subject_.project));
            objects_ = opened;
            return {};
        }));
    }
    return objects_;
}

Result<std::optional<Oid>> Task::built() {
    std::optional<Oid> built;
    ORIGIN_CHECK(around_.store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(ref,
                   git::find_ref(reader, subject_.project, git::build_ref(subject_.row.commit)));
        built = ref ? std::optional(ref->oid) : std::nullopt;
        return {};
    }));
    return built;
}

Status Task::look_again() {
    objects_ = nullptr;
    site_.reset();
    digests_.reset();
    return {};
}

Result<const SiteFiles*> Task::site() {
    if (!site_) {
        ORIGIN_TRY(store, objects());
        ORIGIN_TRY(built, this->built());
        ORIGIN_TRY(listed,
                   built ? list_site(*store, *built, "")
                         : list_site(*store, subject_.row.commit, subject_.target.publish_root));
        site_ = std::move(listed);
    }
    return &*site_;
}

Result<const Digests*> Task::digests(Names names) {
    const bool assets = names == Names::Assets;
    if (!digests_ || (assets && !has_assets_)) {
        ORIGIN_TRY(files, site());
        ORIGIN_TRY(store, objects());
        std::vector<WantedDigest> wanted;
        for (const SiteFile& file : files->files) {
            wanted.push_back({file.blob, std::nullopt});
            if (assets) {
                wanted.back().extension = extension_of(file.path);
            }
        }
        ORIGIN_TRY(made, digests_of(around_.store, *store, wanted));
        for (const SiteFile& file : files->files) {
            if (made.at(file.blob).is_lfs_pointer) {
                return std::unexpected(
                    Error(Code::InvalidInput,
                          "'" + printable(file.path) +
                              "' is a Git LFS pointer: the file itself is not in the repository")
                        .because("lfs_pointer"));
            }
        }
        digests_ = std::move(made);
        has_assets_ = assets;
    }
    return &*digests_;
}

Result<std::string> Task::read(const SiteFile& file) {
    ORIGIN_TRY(store, objects());
    return store->read_as(file.blob, git::ObjectType::Blob);
}

Result<git::MirrorSource> Task::mirror_source(const std::vector<std::string>& patterns,
                                              const std::filesystem::path& folder) {
    return git::make_mirror_source(
        around_.store, around_.storage, subject_.project, patterns, folder);
}

Result<std::string> Task::subject_line() {
    ORIGIN_TRY(store, objects());
    ORIGIN_TRY(data, store->read_as(subject_.row.commit, git::ObjectType::Commit));
    ORIGIN_TRY(commit, git::parse_commit(data));
    std::string line = printable(commit.message.substr(0, commit.message.find('\n')));
    while (line.size() > kSubjectBytesMax || !is_utf8(line)) {
        line.pop_back();
    }
    return line;
}

Status Task::write(const std::function<Status(store::Writer&)>& fn) {
    return around_.store.write([&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(store::check_lease(writer, subject_.job));
        ORIGIN_TRY(
            open,
            hooks::is_listed_open(writer, subject_.project, subject_.row.target, subject_.id));
        return open ? fn(writer) : Status(cancelled());
    });
}

Status Task::save() {
    return write([&](store::Writer& writer) {
        return store::put_row(writer,
                              store::Table::Deployments,
                              store::deployment_key(subject_.project, subject_.id),
                              subject_.row);
    });
}

Status Task::went_well(const std::string& waiting) {
    store::DeployProgress& progress = subject_.row.progress;
    if (progress.failures == 0 && progress.waiting == waiting) {
        return {};
    }
    progress.failures = 0;
    progress.waits_until = 0;
    progress.waiting = waiting;
    return save();
}

Status Task::begin_publish() {
    store::DeploymentRow row = subject_.row;
    row.remote.notes[std::string(kPublishing)] = "1";
    ORIGIN_CHECK(write([&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(check_wanted(writer));
        return store::put_row(writer,
                              store::Table::Deployments,
                              store::deployment_key(subject_.project, subject_.id),
                              row);
    }));
    subject_.row = std::move(row);
    is_publishing_ = true;
    return {};
}

Status Task::check_wanted(store::Reader& reader) const {
    if (is_publishing_ || ends_early_) {
        return {};
    }
    ORIGIN_TRY(asked,
               hooks::cancel_asked(reader, subject_.project, subject_.row.target, subject_.id));
    return asked ? Status(cancelled()) : Status();
}

void Task::send_again() {
    subject_.row.remote = {};
    subject_.row.remote.notes[std::string(kGone)] = "1";
}

Status Task::say(std::string line) {
    hooks::add_log_line(subject_.row, {around_.clock.now(), std::move(line)});
    return save();
}

Status Task::move(store::DeploymentState state, std::string line) {
    store::DeploymentRow& row = subject_.row;
    row.state = state;
    row.progress.state_since = around_.schedule.now();
    row.progress.failures = 0;
    row.progress.waiting.clear();
    hooks::add_log_line(row, {around_.clock.now(), std::move(line)});
    return write([&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(hooks::put_moved(writer, subject_.project, subject_.id, row));
        return keep_together(writer);
    });
}

Status Task::go_live() {
    subject_.row.progress.waiting.clear();
    const UnixMillis now = around_.clock.now();
    return write([&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(deploy::go_live(writer, subject_.project, subject_.id, subject_.row, now));
        return keep_together(writer);
    });
}

Result<Standing> Task::stage() {
    Standing standing;
    if (!goes_together()) {
        return standing;
    }
    store::DeploymentRow row;
    ORIGIN_CHECK(write([&](store::Writer& writer) -> Status {
        row = subject_.row;
        if (!row.released) {
            ORIGIN_CHECK(check_wanted(writer));
            // What it waits for the others is not its own time.
            row.progress.state_since = around_.schedule.now();
        }
        ORIGIN_TRY(told,
                   deploy::stage(writer, subject_.project, subject_.id, row, around_.clock.now()));
        standing = std::move(told);
        return {};
    }));
    subject_.row = std::move(row);
    return standing;
}

Status Task::keep_together(store::Writer& writer) const {
    return deploy::keep_together(
        writer, subject_.project, subject_.id, {around_.urls, around_.clock, around_.random});
}

Status Task::tell_health(const HealthNews& news) {
    const UnixMillis now = around_.clock.now();
    return write([&](store::Writer& writer) -> Status {
        // A `local` target may have gone back meanwhile, without its job.
        ORIGIN_TRY(row, hooks::need_deployment(writer, subject_.project, subject_.id));
        if (row.state != store::DeploymentState::Live) {
            return {};
        }
        row.health = news.health;
        if (news.health == store::Health::Checking) {
            ++row.progress.failures;
            row.progress.waiting = news.text;
            row.progress.waits_until = now + news.wait.count();
            return store::put_row(writer,
                                  store::Table::Deployments,
                                  store::deployment_key(subject_.project, subject_.id),
                                  row);
        }
        row.progress.waiting.clear();
        row.progress.waits_until = 0;
        row.error = news.health == store::Health::Unhealthy ? news.text : "";
        hooks::add_log_line(row, {now, news.text});
        std::optional<DeploymentId> earlier;
        ORIGIN_TRY(ordered, ordered_after(writer, subject_.project, row));
        if (news.back && ordered) {
            hooks::add_log_line(row, {now, std::string(kNotPutBack) + ordered->str()});
        } else if (news.back) {
            ORIGIN_TRY(found, release_before(writer, subject_.project, row));
            earlier = found;
            hooks::add_log_line(row,
                                {now,
                                 earlier ? "the release before it is put back"
                                         : "there is no release before it to go back to"});
        }
        ORIGIN_CHECK(hooks::put_moved(writer, subject_.project, subject_.id, row));
        return earlier ? roll_back(writer,
                                   {*news.back, subject_.project, *earlier, now, row.push},
                                   around_.urls)
                       : keep_together(writer);
    });
}

Status Task::pace(const PaceLimit& limit) {
    const Milliseconds wait =
        limit.times == 0 ? Milliseconds(0) : around_.pace.take(limit, subject_.secret);
    if (wait.count() == 0) {
        return {};
    }
    hold_off(wait);
    return std::unexpected(
        Error(Code::Unavailable, std::string(limit.name)).because("provider_paced"));
}

Status Task::check_time() const {
    if (around_.stopping) {
        return std::unexpected(Error(Code::Unavailable, "the server stops").because("stopping"));
    }
    return around_.store.read([&](store::Reader& reader) { return check_wanted(reader); });
}

}  // namespace origin::deploy
