// SPDX-License-Identifier: Apache-2.0
#include "git/serve/mirror.h"

#include <algorithm>

#include "base/glob.h"
#include "git/odb/pack_file.h"
#include "git/odb/staged_pack.h"
#include "git/serve/fold.h"
#include "git/serve/journal.h"
#include "git/serve/refs.h"

namespace origin::git {
namespace {

namespace fs = std::filesystem;

struct Picture {
    RefsSnapshot refs;
    ObjectStoreRef objects;
    PackRef journal;
};

Status write_repository(const fs::path& folder,
                        const fs::path& alternates,
                        const PackRef& journal,
                        const std::vector<PushedRef>& refs) {
    std::error_code error;
    for (const char* part : {"objects/info", "objects/pack", "refs/heads"}) {
        fs::create_directories(folder / part, error);
        if (error) {
            return std::unexpected(disk_error("make folder", error.value()));
        }
    }
    if (journal != nullptr) {
        const fs::path packs = folder / "objects/pack";
        const ObjectStoreRef objects = ObjectStore::empty(packs)->with(journal);
        ORIGIN_CHECK(write_pack(objects, all_objects_of(*objects), packs, packs));
    }
    ORIGIN_CHECK(write_file(folder / "objects/info/alternates", alternates.string() + "\n"));
    ORIGIN_CHECK(
        write_file(folder / "config", "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"));
    std::string packed_refs;
    for (const PushedRef& ref : refs) {
        packed_refs += ref.oid.hex() + " " + ref.name + "\n";
    }
    ORIGIN_CHECK(write_file(folder / "packed-refs", packed_refs));
    return write_file(folder / "HEAD", "ref: refs/heads/none\n");
}

}  // namespace

Result<MirrorSource> make_mirror_source(store::Store& store,
                                        Storage& storage,
                                        const ProjectId& project,
                                        const std::vector<std::string>& patterns,
                                        const fs::path& folder) {
    Picture picture;
    ORIGIN_CHECK(store.read([&](store::Reader& reader) -> Status {
        picture = {};
        ORIGIN_TRY(refs, read_refs(reader, project));
        ORIGIN_TRY(objects, storage.open(reader, project));
        ORIGIN_TRY(journal, read_journal(reader, project, {}));
        picture = {std::move(refs), objects, std::move(journal.pack)};
        return {};
    }));
    MirrorSource source;
    std::error_code error;
    source.pack_folder = fs::absolute(storage.pack_dir(project), error);
    for (const AdvertisedRef& ref : picture.refs.refs) {
        const bool wanted = std::ranges::any_of(
            patterns, [&](const std::string& one) { return glob_matches(one, ref.name); });
        if (!wanted || !is_shown(ref.name)) {
            continue;
        }
        ORIGIN_TRY(peeled, picture.objects->peel(ref.oid));
        ORIGIN_TRY(type, picture.objects->type_of(peeled));
        if (type == ObjectType::Commit) {
            source.refs.push_back({ref.name, ref.oid});
        } else {
            ++source.left_out;
        }
    }
    ORIGIN_CHECK(
        write_repository(folder, source.pack_folder.parent_path(), picture.journal, source.refs));
    return source;
}

}  // namespace origin::git
