// SPDX-License-Identifier: Apache-2.0
#include "git/serve/hidden_ref.h"

#include <tuple>

#include "git/serve/catalogue.h"
#include "git/serve/push_transaction.h"
#include "git/serve/quotas.h"
#include "git/serve/refs.h"
#include "git/serve/upkeep_schedule.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::git {
namespace {

using store::Table;

Status write_rows(store::Writer& writer,
                  const ObjectStore& existing,
                  const IntakeResult& pack,
                  const HiddenRef& wanted) {
    ORIGIN_TRY(project, need_project(writer, wanted.project));
    if (project.gc_generation != existing.gc_generation()) {
        return std::unexpected(Error(Code::Unavailable, "the server is tidying up; try again")
                                   .because(std::string(kObjectsCollected)));
    }
    ORIGIN_TRY(latest, latest_push(writer, wanted.project));
    if (!pack.pack_name.empty()) {
        const std::string key = store::pack_key(wanted.project, pack.pack_name);
        const store::PackRow row{pack.pack_bytes, pack.object_count, wanted.now};
        ORIGIN_CHECK(store::put_row(writer, Table::Packs, key, row));
        ORIGIN_CHECK(writer.erase(Table::DeadPacks, key));
    }
    const store::RefRow row{
        .oid = wanted.oid, .peeled = std::nullopt, .push = latest, .updated_at = wanted.now};
    ORIGIN_CHECK(
        store::put_row(writer, Table::Refs, store::ref_key(wanted.project, wanted.name), row));
    return schedule_upkeep(writer, wanted.project, upkeep_due(existing, wanted.schedule));
}

}  // namespace

Status keep_hidden(const HiddenAround& around, PackBuilder& builder, const HiddenRef& wanted) {
    const ObjectStoreRef& existing = builder.existing();
    ORIGIN_TRY(built, builder.write(around.storage.quarantine(wanted.project)));
    Quotas::Claim claim;
    if (around.quotas != nullptr) {
        ClientId owner;
        ORIGIN_CHECK(around.store.read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(project, need_project(reader, wanted.project));
            owner = project.owner;
            return {};
        }));
        ORIGIN_TRY(claimed, around.quotas->claim(owner, built.result.pack_bytes));
        claim = std::move(claimed);
    }
    const std::string name = built.result.pack_name;
    const Storage::Hold hold(around.storage, wanted.project, name);
    if (!name.empty()) {
        ORIGIN_CHECK(around.storage.expect_files(wanted.project));
        ORIGIN_CHECK(
            around.storage.watch(built.make_durable(around.storage.pack_dir(wanted.project))));
    }
    const Status written = around.store.write(
        [&](store::Writer& writer) { return write_rows(writer, *existing, built.result, wanted); });
    if (!written && !name.empty()) {
        // Nobody will name it. If this cannot remove it, the next start does.
        std::ignore = around.storage.remove_unnamed(around.store, wanted.project, name, 1);
    }
    if (claim) {
        claim->stored = written.has_value();
    }
    return written;
}

}  // namespace origin::git
