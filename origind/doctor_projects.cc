// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <map>
#include <set>

#include "git/odb/pack.h"
#include "git/serve/catalogue.h"
#include "origind/doctor.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin {
namespace {

namespace fs = std::filesystem;
using store::Table;

constexpr std::size_t kNamedMax = 20;  // Broken refs named, of each project.

/// What the store says of one project.
struct Known {
    std::string name;
    std::vector<std::pair<std::string, store::PackRow>> packs;
    std::vector<std::pair<std::string, store::RefRow>> refs;
};

template <class Row>
Result<std::vector<std::pair<std::string, Row>>> rows_of(store::Reader& reader,
                                                         Table table,
                                                         const ProjectId& project) {
    ORIGIN_TRY(rows, store::scan_rows<Row>(reader, table, store::Range::prefix(project.view())));
    for (auto& [key, row] : rows) {
        key.erase(0, kIdBytes);
    }
    return std::move(rows);
}

Result<Known> known_of(store::Store& store, const ProjectId& project) {
    Known known;
    ORIGIN_CHECK(store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(row, git::need_project(reader, project));
        ORIGIN_TRY(name, git::full_name(reader, row));
        ORIGIN_TRY(packs, rows_of<store::PackRow>(reader, Table::Packs, project));
        ORIGIN_TRY(refs, rows_of<store::RefRow>(reader, Table::Refs, project));
        known = {std::move(name), std::move(packs), std::move(refs)};
        return {};
    }));
    return known;
}

std::string text_of(const Error& error) {
    return error.told_to_peer() +
           (error.kept_in_log().empty() ? "" : " (" + error.kept_in_log() + ")");
}

class ProjectCheck {
public:
    /// `open`: the project's packs and journal together.
    ProjectCheck(const Known& known,
                 fs::path folder,
                 std::function<Result<git::ObjectStoreRef>()> open,
                 Findings& findings)
        : known_(known), folder_(std::move(folder)), open_(std::move(open)), findings_(findings) {}

    void run() {
        bool all_open = true;
        for (const auto& [name, row] : known_.packs) {
            all_open = check_pack(name, row) && all_open;
        }
        if (!all_open) {
            return;  // Each ref would be reported for the same cause.
        }
        const auto objects = open_();
        if (!objects) {
            problem("packs", text_of(objects.error()));
            return;
        }
        for (const auto& [name, ref] : known_.refs) {
            const Status sound = check_ref(**objects, ref);
            if (!sound && ++broken_ <= kNamedMax) {
                problem("refs", name + " at " + ref.oid.hex() + ": " + text_of(sound.error()));
            }
        }
        if (broken_ > kNamedMax) {
            problem("refs", "and " + std::to_string(broken_ - kNamedMax) + " more broken refs");
        }
    }

private:
    bool check_pack(const std::string& name, const store::PackRow& row) {
        const auto pack = git::Pack::open(folder_ / "pack", name);
        if (!pack) {
            problem("packs", name + ": " + text_of(pack.error()));
            return false;
        }
        if ((*pack)->size_bytes() != row.bytes || (*pack)->count() != row.objects) {
            problem("packs", name + ": its size is not what its row says");
        }
        if (const Status whole = (*pack)->verify(); !whole) {
            problem("packs", name + ": " + text_of(whole.error()));
            return false;
        }
        return true;
    }

    /// The object itself, what it peels to, and the tree of a commit.
    static Status check_ref(const git::ObjectStore& objects, const store::RefRow& ref) {
        ORIGIN_CHECK(objects.read(ref.oid));
        ORIGIN_TRY(peeled, objects.peel(ref.oid));
        if (peeled != ref.peeled.value_or(ref.oid)) {
            return std::unexpected(Error(Code::Corrupt, "its row names a wrong peeled object"));
        }
        ORIGIN_TRY(type, objects.type_of(peeled));
        if (type == git::ObjectType::Commit) {
            ORIGIN_TRY(links, objects.commit_links(peeled));
            ORIGIN_CHECK(objects.read_as(links.tree, git::ObjectType::Tree));
        }
        return {};
    }

    void problem(std::string check, const std::string& what) {
        findings_.push_back({Verdict::Problem, std::move(check), known_.name + ": " + what});
    }

    const Known& known_;
    fs::path folder_;
    std::function<Result<git::ObjectStoreRef>()> open_;
    Findings& findings_;
    std::size_t broken_ = 0;
};

/// Files that no row names: left by a crash, removed at the next start.
void check_strays_of(store::Store& store,
                     const ProjectId& project,
                     const fs::path& folder,
                     Findings& findings) {
    std::set<std::string> named;
    const Status read = store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(packs, rows_of<store::PackRow>(reader, Table::Packs, project));
        for (const auto& [pack, row] : packs) {
            named.insert(pack);
        }
        ORIGIN_TRY(dead, rows_of<store::DeadPackRow>(reader, Table::DeadPacks, project));
        for (const auto& [pack, row] : dead) {
            named.insert(pack);
        }
        return {};
    });
    std::error_code error;
    const fs::path written = folder.parent_path() / git::kWrittenFolder;
    const bool is_looked_at =
        !fs::exists(written, error) || fs::exists(written / folder.filename(), error);
    const std::string what_then = is_looked_at ? " belongs to no push; the next start removes it"
                                               : " belongs to no push; once " + written.string() +
                                                     " is removed, the next start removes it";
    for (const char* part : {"pack", "quarantine"}) {
        for (const auto& file : fs::directory_iterator(folder / part, error)) {
            if (read && !named.contains(file.path().stem().string())) {
                findings.push_back({Verdict::Note, "files", file.path().string() + what_then});
            }
        }
    }
}

void check_strays(store::Store& store, const fs::path& root, Findings& findings) {
    std::error_code error;
    for (const auto& folder : fs::directory_iterator(root, error)) {
        const auto project = ProjectId::parse(folder.path().filename().string());
        if (project) {
            check_strays_of(store, *project, folder.path(), findings);
        } else if (folder.path().filename() != git::kWrittenFolder) {
            findings.push_back({Verdict::Note, "files", folder.path().string() + " is not ours"});
        }
    }
}

Result<git::ObjectStoreRef> open_objects(store::Store& store,
                                         git::Storage& storage,
                                         const ProjectId& id) {
    git::ObjectStoreRef objects;
    ORIGIN_CHECK(store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(opened, storage.open(reader, id));
        objects = std::move(opened);
        return {};
    }));
    return objects;
}

}  // namespace

Findings check_projects(store::Store& store,
                        git::Storage& storage,
                        const fs::path& projects_folder) {
    Findings findings;
    std::vector<ProjectId> ids;
    const Status listed = store.read([&](store::Reader& reader) {
        return reader.scan(Table::Projects, {}, [&](std::string_view key, std::string_view value) {
            const auto id = ProjectId::from_raw(key);
            const auto row = store::decode<store::ProjectRow>(value);
            if (id && row && row->deleted_at == 0) {
                ids.push_back(*id);
            }
            return true;
        });
    });
    std::size_t packs = 0;
    std::size_t refs = 0;
    if (!listed) {
        findings.push_back({Verdict::Problem, "projects", text_of(listed.error())});
    }
    for (const ProjectId& id : ids) {
        const auto known = known_of(store, id);
        if (!known) {
            findings.push_back(
                {Verdict::Problem, "projects", id.str() + ": " + text_of(known.error())});
            continue;
        }
        packs += known->packs.size();
        refs += known->refs.size();
        const auto open = [&] {
            return open_objects(store, storage, id);
        };
        ProjectCheck(*known, storage.pack_dir(id).parent_path(), open, findings).run();
    }
    check_strays(store, projects_folder, findings);
    findings.push_back({Verdict::Ok,
                        "projects",
                        "looked at " + std::to_string(ids.size()) + " projects, " +
                            std::to_string(packs) + " packs, " + std::to_string(refs) + " refs"});
    return findings;
}

}  // namespace origin
