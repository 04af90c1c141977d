// SPDX-License-Identifier: Apache-2.0
#include "git/serve/quotas.h"

#include <algorithm>
#include <vector>

#include "store/row.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"
#include "store/rows/project.h"

namespace origin::git {
namespace {

using store::Range;
using store::Reader;
using store::Table;

constexpr std::chrono::seconds kReadAnewAfter{60};
constexpr std::size_t kUsesMax = 10'000;  // Then all are read anew.
constexpr int kReadsMax = 5;

/// Never wraps around.
std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
    return a > Quotas::kNoLimit - b ? Quotas::kNoLimit : a + b;
}

Error exceeded(std::string what) {
    return Error(Code::LimitExceeded, std::move(what)).because(std::string(kQuotaExceeded));
}

Result<std::uint64_t> bytes_of(Reader& reader, const ProjectId& project) {
    std::uint64_t bytes = 0;
    Status read;
    ORIGIN_CHECK(reader.scan(
        Table::Packs, Range::prefix(project.view()), [&](std::string_view, std::string_view value) {
            const auto row = store::decode<store::PackRow>(value);
            bytes = row ? sum(bytes, row->bytes) : bytes;
            read = row ? Status() : std::unexpected(row.error());
            return row.has_value();
        }));
    ORIGIN_CHECK(read);
    ORIGIN_CHECK(reader.scan(Table::Journal,
                             Range::prefix(project.view()),
                             [&](std::string_view, std::string_view value) {
                                 bytes = sum(bytes, value.size());
                                 return true;
                             }));
    return bytes;
}

}  // namespace

Result<std::uint64_t> stored_bytes_of(Reader& reader, const ClientId& owner) {
    std::vector<ProjectId> projects;
    ORIGIN_CHECK(reader.scan(Table::Slugs,
                             Range::prefix(store::project_slug_key(owner, "")),
                             [&](std::string_view, std::string_view value) {
                                 if (const auto id = ProjectId::from_raw(value)) {
                                     projects.push_back(*id);
                                 }
                                 return true;
                             }));
    std::uint64_t bytes = 0;
    for (const ProjectId& project : projects) {
        ORIGIN_TRY(more, bytes_of(reader, project));
        bytes = sum(bytes, more);
    }
    return bytes;
}

Status Quotas::check_room_for_project(Reader& reader, const ClientId& owner) const {
    if (settings_.projects == 0) {
        return {};
    }
    std::uint64_t count = 0;
    ORIGIN_CHECK(reader.scan(
        Table::Slugs,
        Range::prefix(store::project_slug_key(owner, "")),
        [&](std::string_view, std::string_view) { return ++count < settings_.projects; }));
    if (count < settings_.projects) {
        return {};
    }
    return std::unexpected(exceeded("the quota of projects is used up: there are " +
                                    std::to_string(settings_.projects) +
                                    ". Delete one, or ask the server's operator for a higher "
                                    "limits.projects"));
}

Status Quotas::check_room_for_transfer(Reader& reader,
                                       const ClientId& to,
                                       const ProjectId& project) {
    ORIGIN_CHECK(check_room_for_project(reader, to));
    if (settings_.stored_bytes == 0) {
        return {};
    }
    ORIGIN_TRY(stored, stored_bytes_of(reader, to));
    ORIGIN_TRY(more, bytes_of(reader, project));
    const std::lock_guard lock(mutex_);
    if (sum(sum(stored, use_of(to).claimed), more) > settings_.stored_bytes) {
        return std::unexpected(
            exceeded("the new owner's quota of stored bytes has no room for this project"));
    }
    return {};
}

void Quotas::forget(const ClientId& owner) {
    const std::lock_guard lock(mutex_);
    Use& use = use_of(owner);
    use.is_read = false;
    use.generation = ++generations_;
}

Error Quotas::used_up(std::uint64_t used, std::uint64_t more) const {
    return exceeded("the quota of stored bytes is used up: " + std::to_string(used) + " of " +
                    std::to_string(settings_.stored_bytes) + " are used, and this needs " +
                    (more == 0 ? "more" : std::to_string(more)) +
                    ". Delete a project, or ask the server's operator for a higher "
                    "limits.stored_bytes");
}

/// Under the mutex.
Quotas::Use& Quotas::use_of(const ClientId& owner) {
    if (const auto found = uses_.find(owner); found != uses_.end()) {
        return found->second;
    }
    if (uses_.size() >= kUsesMax) {
        std::erase_if(uses_, [](const auto& use) { return use.second.claimed == 0; });
    }
    Use& use = uses_[owner];
    use.generation = ++generations_;
    return use;
}

/// Stored and claimed. Not under the mutex: reading takes its time.
Result<std::uint64_t> Quotas::used(const ClientId& owner, bool anew) {
    for (int reads = 1;; ++reads) {
        std::uint64_t generation = 0;
        {
            const std::lock_guard lock(mutex_);
            const Use& use = use_of(owner);
            const bool is_known = use.is_read && clock_.steady() - use.read_at < kReadAnewAfter;
            if (is_known && !anew) {
                return sum(use.stored, use.claimed);
            }
            generation = use.generation;
        }
        std::uint64_t stored = 0;
        ORIGIN_CHECK(store_.read([&](Reader& reader) -> Status {
            ORIGIN_TRY(bytes, stored_bytes_of(reader, owner));
            stored = bytes;
            return {};
        }));
        const std::lock_guard lock(mutex_);
        Use& use = use_of(owner);
        const bool is_late = use.generation != generation;
        if (is_late && reads < kReadsMax) {
            continue;
        }
        use.stored = is_late ? std::max(use.stored, stored) : stored;
        use.is_read = !is_late;
        use.read_at = clock_.steady();
        return sum(use.stored, use.claimed);
    }
}

Result<std::uint64_t> Quotas::room(const ClientId& owner) {
    if (settings_.stored_bytes == 0) {
        return kNoLimit;
    }
    ORIGIN_TRY(about, used(owner, false));
    if (about < settings_.stored_bytes) {
        return settings_.stored_bytes - about;
    }
    ORIGIN_TRY(exact, used(owner, true));
    return exact < settings_.stored_bytes ? settings_.stored_bytes - exact : 0;
}

Result<Quotas::Claim> Quotas::claim(const ClientId& owner, std::uint64_t bytes) {
    if (settings_.stored_bytes == 0 || bytes == 0) {
        return Claim();
    }
    ORIGIN_TRY(about, used(owner, false));
    if (sum(about, bytes) > settings_.stored_bytes) {
        ORIGIN_CHECK(used(owner, true));
    }
    const std::lock_guard lock(mutex_);
    Use& use = use_of(owner);
    const std::uint64_t now = sum(use.stored, use.claimed);
    if (sum(now, bytes) > settings_.stored_bytes) {
        return std::unexpected(used_up(now, bytes));
    }
    use.claimed += bytes;
    return Claim(std::make_unique<Claimed>(Claimed{.owner = owner, .bytes = bytes}).release(),
                 EndClaim{this});
}

void Quotas::EndClaim::operator()(Claimed* claimed) const {
    const std::unique_ptr<Claimed> owned(claimed);
    const std::lock_guard lock(quotas->mutex_);
    Use& use = quotas->use_of(claimed->owner);
    use.generation = ++quotas->generations_;
    use.claimed -= std::min(use.claimed, claimed->bytes);
    if (claimed->stored) {
        use.stored = sum(use.stored, claimed->bytes);
    }
}

}  // namespace origin::git
