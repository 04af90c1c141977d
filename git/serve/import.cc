// SPDX-License-Identifier: Apache-2.0
#include "git/serve/import.h"

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "auth/slug.h"
#include "base/limits.h"
#include "git/odb/pack_file.h"
#include "git/odb/staged_pack.h"
#include "git/serve/catalogue.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::git {
namespace {

namespace fs = std::filesystem;
using store::Table;

constexpr const char* kRefsFile = "refs";
constexpr const char* kPackFile = "objects.pack";
constexpr const char* kVia = "operator";

Result<ForeignRefs> read_staged_refs(const fs::path& staged) {
    std::ifstream file(staged / kRefsFile, std::ios::binary);
    if (!file) {
        return std::unexpected(
            Error(Code::NotFound,
                  "the server cannot read what was prepared for it; run this as its own user")
                .because("not_staged"));
    }
    std::string text;
    std::string buffer(kStepBytes, '\0');
    while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())),
           file.gcount() > 0 && text.size() <= kForeignPackedRefsBytesMax) {
        text.append(buffer, 0, static_cast<std::size_t>(file.gcount()));
    }
    return parse_foreign_refs(text);
}

/// One import, on its way.
class Import {
public:
    Import(const ImportAround& around, const ImportOrder& order) : around_(around), order_(order) {}

    Result<Imported> run() {
        ORIGIN_CHECK(auth::check_slug(order_.slug));
        ORIGIN_TRY(refs, read_staged_refs(order_.staged));
        refs_ = std::move(refs);
        imported_.left_out = std::move(refs_.left_out);
        imported_.project = ProjectId::make(around_.pushes.clock(), around_.random);
        imported_.name = order_.owner.slug + "/" + order_.slug;
        ORIGIN_CHECK(check_free());
        // HEAD's branch first: the first push settles the project's default branch.
        const auto head = std::ranges::find(refs_.refs, refs_.head, &ForeignRef::name);
        if (head != refs_.refs.end()) {
            std::rotate(refs_.refs.begin(), head, head + 1);
        }
        const Status moved = refs_.refs.empty() ? create_empty() : push_all();
        if (!moved) {
            remove_empty_folders();
            return std::unexpected(moved.error());
        }
        return std::move(imported_);
    }

private:
    Storage& storage() { return around_.pushes.storage(); }

    /// Asked before the pack is read; the transaction asks again.
    Status check_free() {
        return around_.pushes.store().read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(taken,
                       reader.get(Table::Slugs,
                                  store::project_slug_key(order_.owner.client, order_.slug)));
            if (taken) {
                return std::unexpected(Error(Code::Conflict,
                                             "there is a project '" + imported_.name +
                                                 "' already; choose another name")
                                           .because("slug_taken"));
            }
            return {};
        });
    }

    Status create_empty() {
        ORIGIN_CHECK(auth::Gatekeeper::permit_to_create(order_.owner, imported_.project));
        return around_.pushes.store().write([&](store::Writer& writer) -> Status {
            NewProject wanted{.id = imported_.project,
                              .owner = order_.owner.client,
                              .slug = order_.slug,
                              .name = {},
                              .actor = {order_.owner.client, order_.owner.key, kVia},
                              .now = around_.pushes.clock().now()};
            wanted.head = refs_.head.empty() ? wanted.head : refs_.head;
            ORIGIN_CHECK(create_project(writer, wanted));
            return {};
        });
    }

    Status push_all() {
        ORIGIN_TRY(permit, auth::Gatekeeper::permit_to_create(order_.owner, imported_.project));
        ORIGIN_CHECK(storage().prepare(imported_.project));
        PackIntake intake(storage().quarantine(imported_.project),
                          ObjectStore::empty(storage().pack_dir(imported_.project)),
                          {.fsck = FsckLevel::Import});
        ORIGIN_CHECK(read_pack(intake));
        ORIGIN_TRY(objects, NewObjects::from(intake));
        imported_.objects = objects.pack.object_count;
        imported_.pack_bytes = objects.pack.pack_bytes;
        std::size_t at = std::min(refs_.refs.size(), kImportRefsPerPush);
        ORIGIN_CHECK(push_refs(permit, 0, at, std::move(objects)));
        if (imported_.refs == 0) {
            return std::unexpected(Error(Code::InvalidInput, "none of its refs can be taken over")
                                       .because("no_usable_refs"));
        }
        for (; at < refs_.refs.size(); at += kImportRefsPerPush) {
            if (const Status pushed = push_more(at); !pushed) {
                give_up();
                return pushed;
            }
        }
        return {};
    }

    Status read_pack(PackIntake& intake) {
        std::ifstream file(order_.staged / kPackFile, std::ios::binary);
        std::string buffer(kStepBytes, '\0');
        while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())),
               file.gcount() > 0) {
            ORIGIN_CHECK(intake.feed(bytes_of(
                std::string_view(buffer).substr(0, static_cast<std::size_t>(file.gcount())))));
        }
        ORIGIN_CHECK(intake.finish());
        return intake.check_connectivity();
    }

    Status push_more(std::size_t from) {
        ORIGIN_TRY(permit,
                   around_.gatekeeper.permit(order_.owner, imported_.project, auth::Action::Write));
        ObjectStoreRef objects;
        ORIGIN_CHECK(around_.pushes.store().read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(opened, storage().open(reader, imported_.project));
            objects = opened;
            return {};
        }));
        const std::size_t to = std::min(refs_.refs.size(), from + kImportRefsPerPush);
        return push_refs(permit, from, to, NewObjects::none(objects));
    }

    Status push_refs(const auth::Permit& permit,
                     std::size_t from,
                     std::size_t to,
                     NewObjects objects) {
        ProposedPush proposal{.via = kVia, .objects = std::move(objects)};
        for (std::size_t i = from; i < to; ++i) {
            proposal.refs.push_back({refs_.refs[i].name, Oid{}, refs_.refs[i].oid});
        }
        proposal.new_project_slug = permit.creates() ? order_.slug : std::string();
        proposal.also = [this](store::Writer& writer, const PushOutcome& outcome) {
            return set_head(writer, outcome);
        };
        ORIGIN_TRY(outcome, around_.pushes.push(permit, proposal));
        for (const store::RefOutcome& ref : outcome.refs) {
            imported_.refs += ref.ok ? 1U : 0U;
            if (!ref.ok) {
                imported_.left_out.push_back({ref.name, ref.reason});
            }
        }
        return {};
    }

    /// The push made the project with the head it would choose; the repository's own is better.
    Status set_head(store::Writer& writer, const PushOutcome& outcome) {
        const bool is_here = std::ranges::any_of(outcome.refs, [&](const store::RefOutcome& ref) {
            return ref.ok && ref.name == refs_.head;
        });
        if (!is_here) {
            return {};
        }
        ORIGIN_TRY(row, need_project(writer, imported_.project));
        row.head = refs_.head;
        return store::put_row(writer, Table::Projects, imported_.project.view(), row);
    }

    /// Half a repository is worse than none.
    void give_up() {
        const auto permit =
            around_.gatekeeper.permit(order_.owner, imported_.project, auth::Action::Admin);
        if (permit) {
            // If this fails too, the error of the push is the one to report.
            [[maybe_unused]] const Status deleted =
                around_.pushes.store().write([&](store::Writer& writer) {
                    return delete_project(writer, *permit, around_.pushes.clock().now());
                });
        }
    }

    void remove_empty_folders() {
        std::error_code ignored;
        const fs::path pack = storage().pack_dir(imported_.project);
        fs::remove(storage().quarantine_dir(imported_.project), ignored);
        fs::remove(pack, ignored);
        fs::remove(pack.parent_path(), ignored);
    }

    ImportAround around_;
    const ImportOrder& order_;
    ForeignRefs refs_;
    Imported imported_;
};

}  // namespace

Status stage_import(const fs::path& source,
                    const fs::path& staged,
                    const ForeignRepository::Progress& progress) {
    ORIGIN_TRY(repository, ForeignRepository::open(source));
    if (progress) {
        progress("found " + std::to_string(repository.refs().refs.size()) + " refs");
    }
    ORIGIN_TRY(pack, PackFile::create(staged / kPackFile));
    ORIGIN_CHECK(repository.write_pack(
        [&pack](Bytes bytes) -> Status {
            if (pack.size() + bytes.size() > kPackBytesMax) {
                return std::unexpected(
                    Error(Code::LimitExceeded, "its objects are larger than a project may be")
                        .because("pack_bytes"));
            }
            return pack.append(bytes);
        },
        progress));
    ORIGIN_CHECK(pack.flush());
    return write_file(staged / kRefsFile, serialize(repository.refs()));
}

Result<Imported> import_staged(const ImportAround& around, const ImportOrder& order) {
    return Import(around, order).run();
}

}  // namespace origin::git
