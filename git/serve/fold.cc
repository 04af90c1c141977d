// SPDX-License-Identifier: Apache-2.0
#include "git/serve/fold.h"

#include <algorithm>
#include <tuple>

#include "base/limits.h"
#include "git/odb/pack_stream.h"
#include "git/serve/journal.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::git {

using store::Table;

namespace {

/// Through the intake, like a pushed one: nothing that is stored is believed either.
Result<PackIntake> stage_pack(const ObjectStoreRef& objects,
                              const std::vector<Oid>& kept,
                              const Quarantine& quarantine) {
    IntakeLimits limits;
    limits.fsck = FsckLevel::Import;  // An imported history may hold what a push may not bring.
    PackIntake intake(quarantine, nullptr, limits);
    ORIGIN_TRY(stream, PackStream::make(objects, kept));
    for (bool is_done = false; !is_done;) {
        std::string piece;
        ORIGIN_TRY(done, stream.step(piece, kStepBytes));
        is_done = done;
        ORIGIN_CHECK(intake.feed(bytes_of(piece)));
    }
    ORIGIN_TRY(result, intake.finish());
    if (result.object_count != kept.size()) {
        return std::unexpected(Error(Code::Internal, "a new pack lacks objects"));
    }
    return intake;
}

}  // namespace

Result<IntakeResult> write_pack(const ObjectStoreRef& objects,
                                const std::vector<Oid>& kept,
                                const Quarantine& quarantine,
                                const std::filesystem::path& folder) {
    ORIGIN_TRY(staged, stage_pack(objects, kept, quarantine));
    ORIGIN_CHECK(staged.make_durable(folder));
    return staged.result();
}

std::vector<Oid> all_objects_of(const ObjectStore& objects) {
    std::vector<Oid> oids;
    oids.reserve(objects.object_count());
    for (const auto& pack : objects.packs()) {
        for (std::uint32_t i = 0; i < pack->count(); ++i) {
            oids.push_back(pack->index().oid_at(i));
        }
    }
    std::ranges::sort(oids);
    const auto doubles = std::ranges::unique(oids);
    oids.erase(doubles.begin(), doubles.end());
    return oids;
}

Result<Fold> Fold::of(Storage& storage, const ProjectId& project, FoldSources sources) {
    std::vector<std::string> names;
    for (const auto& [name, row] : sources.packs) {
        names.push_back(name);
        sources.newest_at = std::max(sources.newest_at, row.added_at);
    }
    ORIGIN_TRY(objects, ObjectStore::open(storage.pack_dir(project), names));
    if (sources.journal != nullptr) {
        objects = objects->with(sources.journal);
    }
    return Fold(storage, project, std::move(sources), std::move(objects));
}

Status Fold::write(const std::vector<Oid>& kept) {
    if (kept.empty()) {
        return {};
    }
    ORIGIN_CHECK(storage_->expect_files(project_));
    ORIGIN_TRY(staged, stage_pack(objects_, kept, storage_->quarantine(project_)));
    hold_ = std::make_unique<Storage::Hold>(*storage_, project_, staged.result().pack_name);
    name_ = staged.result().pack_name;
    row_ = {staged.result().pack_bytes, staged.result().object_count, sources_.newest_at};
    return storage_->watch(staged.make_durable(storage_->pack_dir(project_)));
}

Status Fold::swap(store::Writer& writer, UnixMillis now) const {
    for (const auto& [name, row] : sources_.packs) {
        const std::string key = store::pack_key(project_, name);
        ORIGIN_TRY(still, writer.get(Table::Packs, key));
        if (!still) {
            return std::unexpected(Error(Code::Conflict, "the packs changed meanwhile"));
        }
        ORIGIN_CHECK(writer.erase(Table::Packs, key));
        ORIGIN_CHECK(
            store::put_row(writer, Table::DeadPacks, key, store::DeadPackRow{row.bytes, now}));
    }
    if (sources_.journal_last > 0) {
        ORIGIN_CHECK(erase_journal(writer, project_, sources_.journal_last));
    }
    if (name_.empty()) {
        return {};
    }
    const std::string key = store::pack_key(project_, name_);
    ORIGIN_CHECK(store::put_row(writer, Table::Packs, key, row_));
    return writer.erase(Table::DeadPacks, key);  // It may be one of the sources, unchanged.
}

void Fold::discard(store::Store& store) {
    if (!name_.empty()) {
        // Else the next start removes it.
        std::ignore = storage_->remove_unnamed(store, project_, name_, 1);
    }
}

}  // namespace origin::git
