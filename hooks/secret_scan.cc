// SPDX-License-Identifier: Apache-2.0
#include "hooks/secret_scan.h"

#include <algorithm>
#include <set>

#include "auth/audit.h"
#include "base/utf8.h"
#include "git/odb/tree_changes.h"
#include "git/serve/history_walk.h"
#include "hooks/secret_patterns.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::hooks {
namespace {

constexpr std::size_t kTextBytes = 8000;  // Git's own look: a NUL in these means no text.
constexpr std::size_t kPathShownBytes = 200;
constexpr std::uint64_t kSearchEntries = 2'000'000;

std::string short_hex(const Oid& oid) {
    return oid.hex().substr(0, 12);
}

/// Where a blob of the push is.
struct Place {
    std::string ref;  // Empty: nothing that the push moves reaches it.
    std::string path;
    Oid commit;
};

/// Looks through the new commits of a push for blobs.
class Search {
public:
    Search(const git::PushInQuestion& push, const git::Pack& fresh) : push_(push), fresh_(fresh) {}

    Result<Place> find(const Oid& blob) {
        git::ChangeBudget budget{.entries = kSearchEntries};
        for (const git::RefMove& move : push_.moves) {
            const git::ObjectStore& objects = *push_.proposal.objects.view;
            const auto tip = move.deletes() ? std::nullopt : git::commit_at(objects, move.new_id);
            if (!tip) {
                continue;
            }
            ORIGIN_TRY(place, find_below(*tip, blob, budget));
            if (!place.path.empty()) {
                place.ref = move.name.str();
                return place;
            }
        }
        return Place();
    }

private:
    /// Only commits that came with the push: what they stand on was there before.
    Result<Place> find_below(const Oid& tip, const Oid& blob, git::ChangeBudget& budget) {
        const git::ObjectStore& objects = *push_.proposal.objects.view;
        std::set<Oid> seen;
        std::vector<Oid> ahead = {tip};
        while (!ahead.empty()) {
            const Oid commit = ahead.back();
            ahead.pop_back();
            if (!fresh_.contains(commit) || !seen.insert(commit).second) {
                continue;
            }
            ORIGIN_TRY(links, objects.commit_links(commit));
            std::vector<Oid> bases;
            for (const Oid& parent : links.parents) {
                ORIGIN_TRY(before, objects.commit_links(parent));
                bases.push_back(before.tree);
                ahead.push_back(parent);
            }
            Place place{.ref = {}, .path = {}, .commit = commit};
            const Status looked = git::tree_changes(
                objects, bases, links.tree, budget, [&](const git::FileChange& change) {
                    place.path = change.oid == blob ? change.path : "";
                    return place.path.empty();
                });
            if (!looked && looked.error().code() != Code::LimitExceeded) {
                return std::unexpected(looked.error());
            }
            if (!place.path.empty() || !looked) {
                return looked ? place : Place();
            }
        }
        return Place();
    }

    const git::PushInQuestion& push_;
    const git::Pack& fresh_;
};

bool is_text(std::string_view data) {
    return !data.substr(0, kTextBytes).contains('\0');
}

/// Not only in the pack of the push: a thin pack brings along what it is a delta against.
bool was_there(const git::ObjectStore& view, const Oid& oid) {
    const auto& packs = view.packs();
    return std::any_of(
        packs.begin(), packs.end() - 1, [&](const auto& pack) { return pack->contains(oid); });
}

}  // namespace

struct SecretScan::Found {
    SecretFound secret;
    Oid blob;
    Place place;

    std::string where() const {
        if (place.ref.empty()) {
            return "blob " + short_hex(blob) + ", line " + std::to_string(secret.line) +
                   " (which no pushed ref reaches)";
        }
        return "'" + printable(std::string_view(place.path).substr(0, kPathShownBytes)) +
               "', line " + std::to_string(secret.line) + " (" + place.ref + ", commit " +
               short_hex(place.commit) + ")";
    }
};

struct SecretScan::Scanned {
    std::vector<Found> found;
    bool all = true;  // Everything was looked at.
};

SecretScan::SecretScan(const Around& around)
    : around_(around),
      bytes_(around.metrics.counter("secret_scan_bytes_total")),
      refused_(around.metrics.counter("secret_scan_refused_total")) {}

Result<bool> SecretScan::is_on(const git::PushInQuestion& push) const {
    if (!around_.on || push.proposal.via == git::kOperatorVia) {
        return false;  // An import takes over what there is.
    }
    std::optional<store::GatesRow> row;
    ORIGIN_CHECK(around_.store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(found,
                   store::get_row<store::GatesRow>(
                       reader, store::Table::Gates, push.permit.project().view()));
        row = found;
        return {};
    }));
    return !row || !row->no_secret_scan;
}

/// Blobs in the order of the pack: the base of a delta is read before it.
Result<SecretScan::Scanned> SecretScan::scan(const git::PushInQuestion& push) const {
    Scanned scanned;
    const git::ObjectStore& view = *push.proposal.objects.view;
    const git::Pack& fresh = *view.packs().back();
    const auto number = static_cast<std::uint32_t>(view.packs().size() - 1);
    std::vector<std::uint64_t> offsets;
    offsets.reserve(fresh.count());
    for (std::uint32_t i = 0; i < fresh.count(); ++i) {
        ORIGIN_TRY(offset, fresh.index().offset_at(i));
        offsets.push_back(offset);
    }
    std::ranges::sort(offsets);
    Search search(push, fresh);
    std::uint64_t left = kScannedPushBytesMax;
    for (const std::uint64_t offset : offsets) {
        ORIGIN_TRY(type, fresh.type_of(offset));
        if (type != git::ObjectType::Blob) {
            continue;
        }
        ORIGIN_TRY(header, fresh.header(offset));
        if (header.size > kScannedBlobBytesMax) {
            continue;
        }
        if (header.size > left) {
            scanned.all = false;
            break;
        }
        left -= header.size;
        ORIGIN_TRY(object, view.read(git::EntryRef{number, offset}));
        if (!is_text(object.data)) {
            continue;
        }
        for (SecretFound& secret : find_secrets(object.data, kSecretsTold)) {
            const auto blob = fresh.oid_at_offset(offset);
            if (!blob || was_there(view, *blob)) {
                break;
            }
            ORIGIN_TRY(place, search.find(*blob));
            scanned.found.push_back({std::move(secret), *blob, std::move(place)});
        }
        if (scanned.found.size() >= kSecretsTold) {
            scanned.found.erase(scanned.found.begin() + kSecretsTold, scanned.found.end());
            break;
        }
    }
    bytes_.add(kScannedPushBytesMax - left);
    return scanned;
}

/// With a key that may change the project's settings.
bool SecretScan::may_allow(const git::PushInQuestion& push) const {
    const auth::Identity& who = push.permit.identity();
    if (push.permit.creates()) {
        return who.scopes.has(auth::Scope::Admin);
    }
    return around_.gatekeeper.permit(who, push.permit.project(), auth::Action::Admin).has_value();
}

Result<git::GateAnswer> SecretScan::ask(const git::PushInQuestion& push) {
    git::GateAnswer answer;
    if (push.proposal.objects.pack.pack_name.empty()) {
        return answer;  // It brings nothing new.
    }
    ORIGIN_TRY(on, is_on(push));
    if (!on) {
        return answer;
    }
    ORIGIN_TRY(scanned, scan(push));
    if (!scanned.all) {
        answer.lines.push_back(
            " !     secret scan: only the first 1 GiB of new files was looked at");
    }
    if (scanned.found.empty()) {
        return answer;
    }
    const bool asked =
        std::ranges::find(push.proposal.options, kAllowSecrets) != push.proposal.options.end();
    const bool allowed = asked && may_allow(push);
    for (const Found& found : scanned.found) {
        answer.lines.push_back(" !     " + std::string(allowed ? "allowed: " : "") +
                               std::string(found.secret.what) + " (" +
                               std::string(found.secret.rule) + ", " + found.secret.begins +
                               "...) in " + found.where());
    }
    const Found& first = scanned.found.front();
    if (allowed) {
        const auth::Identity& who = push.permit.identity();
        answer.audit.push_back({.time = around_.clock.now(),
                                .type = "secrets.allowed",
                                .actor = auth::actor_of(who, push.proposal.via, ""),
                                .client = push.project.owner,
                                .project = push.permit.project(),
                                .subject = printable(first.place.path),
                                .details = {{"rule", std::string(first.secret.rule)},
                                            {"ref", first.place.ref},
                                            {"line", std::to_string(first.secret.line)},
                                            {"found", std::to_string(scanned.found.size())}}});
        return answer;
    }
    refused_.add();
    answer.lines.push_back(
        "       Whoever can read the project could use it: make a new one and revoke this one.");
    answer.lines.push_back(
        "       Then take it out of every commit (git rebase -i, git filter-repo) and push again.");
    answer.refusal =
        Error(Code::InvalidInput,
              "secret found: " + std::string(first.secret.what) + " (" +
                  std::string(first.secret.rule) + ", " + first.secret.begins + "...) in " +
                  first.where() + "; revoke it and take it out of the commits" +
                  (asked ? "; -o secrets.allow is for owners, with a key with the scope admin"
                         : "; an owner may push it with -o secrets.allow"))
            .because(std::string(kSecretFound));
    return answer;
}

}  // namespace origin::hooks
