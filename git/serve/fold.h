// SPDX-License-Identifier: Apache-2.0
// git/serve/fold: packs and journal rows of a project become one pack; in one transaction it takes
// their place. What it is made of stays readable for a day: docs/decisions/0010.
// In: sources, and which of their objects to keep. Out: a pack that went through the same intake as
// a pushed one: every object is hashed again before its old copy goes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "git/odb/intake.h"
#include "git/serve/storage.h"
#include "store/rows/project.h"

namespace origin::git {

struct FoldSources {
    std::vector<std::pair<std::string, store::PackRow>> packs;  // Name and row.
    PackRef journal = nullptr;                                  // Null: nothing of the journal.
    std::uint64_t journal_last = 0;                             // Push of its last row.
    UnixMillis newest_at = 0;                                   // When the youngest was added.
};

/// Writes the objects `kept` of `objects` as one pack into `folder`, durably.
/// Errors: StorageFull; Corrupt; Internal "sync_failed". Blocks: for as long as it takes.
Result<IntakeResult> write_pack(const ObjectStoreRef& objects,
                                const std::vector<Oid>& kept,
                                const Quarantine& quarantine,
                                const std::filesystem::path& folder);
/// Every object of the store's packs, sorted, each once.
std::vector<Oid> all_objects_of(const ObjectStore& objects);

/// One fold. Its pack stays held, and is removed again if swap() was not committed.
class Fold {
public:
    /// Errors: Corrupt. Blocks: maps files.
    static Result<Fold> of(Storage& storage, const ProjectId& project, FoldSources sources);

    /// The objects of the sources alone.
    const ObjectStore& objects() const { return *objects_; }

    /// The new pack, durable, not named yet. Nothing to keep: no pack.
    /// Errors: StorageFull; Corrupt; Internal "sync_failed". Blocks: for as long as it takes.
    Status write(const std::vector<Oid>& kept);

    /// In the transaction: the sources' rows go, the new pack's row comes.
    /// Errors: Conflict: a source is no part of the project any more.
    Status swap(store::Writer& writer, UnixMillis now) const;

    /// After the transaction failed, or was never tried.
    void discard(store::Store& store);

    const ProjectId& project() const { return project_; }
    const FoldSources& sources() const { return sources_; }
    const std::string& name() const { return name_; }
    std::uint64_t bytes() const { return row_.bytes; }

private:
    Fold(Storage& storage, const ProjectId& project, FoldSources sources, ObjectStoreRef objects)
        : storage_(&storage),
          project_(project),
          sources_(std::move(sources)),
          objects_(std::move(objects)) {}

    Storage* storage_;
    ProjectId project_;
    FoldSources sources_;
    ObjectStoreRef objects_;  // Of the sources alone.
    std::string name_;        // Of the new pack; empty: nothing was kept.
    store::PackRow row_;
    std::unique_ptr<Storage::Hold> hold_;
};

}  // namespace origin::git
