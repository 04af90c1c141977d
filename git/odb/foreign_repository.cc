// SPDX-License-Identifier: Apache-2.0
#include "git/odb/foreign_repository.h"

#include <cstring>
#include <fstream>
#include <optional>
#include <set>

#include <git2.h>
#include <git2/sys/repository.h>

#include "base/limits.h"
#include "git/odb/libgit2_handle.h"
#include "git/odb/libgit2_init.h"
#include "git/odb/wire_numbers.h"

namespace origin::git {
namespace {

namespace fs = std::filesystem;

using Odb = Libgit2Handle<git_odb, git_odb_free>;
using Repo = Libgit2Handle<git_repository, git_repository_free>;
using Config = Libgit2Handle<git_config, git_config_free>;
using Builder = Libgit2Handle<git_packbuilder, git_packbuilder_free>;
using Walk = Libgit2Handle<git_revwalk, git_revwalk_free>;
using AnyObject = Libgit2Handle<git_object, git_object_free>;

/// Must be called on the thread, and right after the call, that failed.
std::unexpected<Error> unreadable(std::string_view what) {
    const git_error* last = git_error_last();
    return std::unexpected(
        Error(Code::InvalidInput,
              "the repository is damaged: " + std::string(what) + " is missing or cannot be read",
              std::string("libgit2: ") + (last != nullptr ? last->message : "no message"))
            .because("missing_object"));
}

git_oid git2_oid(const Oid& oid) {
    git_oid id{};
    std::memcpy(id.id, oid.raw.data(), kOidBytes);
    return id;
}

/// What git_packbuilder_foreach() hands its bytes to.
struct Taking {
    const ForeignRepository::Take& take;
    Status status;
};

int take_bytes(void* data, std::size_t size, void* payload) {
    Taking& taking = *static_cast<Taking*>(payload);
    taking.status = taking.take(Bytes(static_cast<const std::byte*>(data), size));
    return taking.status ? 0 : GIT_EUSER;
}

int say_progress(int stage, std::uint32_t current, std::uint32_t total, void* payload) {
    constexpr std::uint32_t kEvery = 10'000;
    const auto& progress = *static_cast<const ForeignRepository::Progress*>(payload);
    if (progress && current % kEvery == 0 && current > 0) {
        progress(stage == GIT_PACKBUILDER_ADDING_OBJECTS
                     ? "counted " + std::to_string(current) + " objects"
                     : "compressed " + std::to_string(current) + " of " + std::to_string(total) +
                           " objects");
    }
    return 0;
}

bool has_loose_objects(const fs::path& objects) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(objects, error)) {
        if (entry.path().filename().native().size() == 2 && !fs::is_empty(entry.path(), error)) {
            return true;
        }
    }
    return false;
}

/// The one pack, if there are no other objects; else an empty path.
fs::path only_pack(const fs::path& objects) {
    std::set<fs::path> packs;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(objects / "pack", error)) {
        if (entry.path().extension() == ".pack") {
            packs.insert(entry.path());
        }
    }
    return packs.size() == 1 && !has_loose_objects(objects) ? *packs.begin() : fs::path();
}

/// How many objects a pack's header claims. Source: gitformat-pack(5).
std::optional<std::uint32_t> count_in(const fs::path& pack) {
    constexpr std::size_t kHeaderBytes = 12;
    constexpr std::size_t kCountAt = 8;
    std::string header(kHeaderBytes, '\0');
    std::ifstream file(pack, std::ios::binary);
    file.read(header.data(), kHeaderBytes);
    return file ? std::optional(be32(bytes_of(header), kCountAt)) : std::nullopt;
}

Status copy_pack(const fs::path& pack, const ForeignRepository::Take& take) {
    std::ifstream file(pack, std::ios::binary);
    std::string buffer(kStepBytes, '\0');
    while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())),
           file.gcount() > 0) {
        ORIGIN_CHECK(take(
            bytes_of(std::string_view(buffer).substr(0, static_cast<std::size_t>(file.gcount())))));
    }
    return {};
}

}  // namespace

struct ForeignRepository::State {
    fs::path folder;
    ForeignRefs refs;
    Odb odb;
    Repo repo;

    /// libgit2 gets an object database and an empty configuration: not a repository, so that there
    /// is nothing of the folder's for it to obey.
    Status open() {
        use_libgit2();
        git_odb* objects = nullptr;
        if (git_odb_open(&objects, (folder / "objects").c_str()) != 0) {
            return unreadable("its object folder");
        }
        odb.reset(objects);
        git_repository* wrapped = nullptr;
        if (git_repository_wrap_odb(&wrapped, objects) != 0) {
            return unreadable("its object folder");
        }
        repo.reset(wrapped);
        git_config* settings = nullptr;
        if (git_config_new(&settings) != 0) {
            return unreadable("its configuration");
        }
        const Config config(settings);
        git_repository_set_config(wrapped, settings);
        return {};
    }

    /// Adds a ref's object: tags as they are, what they end in for the walk or by itself.
    Status add_tip(git_packbuilder* builder, git_revwalk* walk, Oid tip) const {
        for (std::size_t i = 0; i < kTagChainMax; ++i) {
            const git_oid id = git2_oid(tip);
            git_object* found = nullptr;
            if (git_object_lookup(&found, repo.get(), &id, GIT_OBJECT_ANY) != 0) {
                return unreadable("object " + tip.hex());
            }
            const AnyObject object(found);
            if (git_object_type(found) == GIT_OBJECT_COMMIT) {
                return git_revwalk_push(walk, &id) == 0 ? Status() : unreadable(tip.hex());
            }
            if (git_object_type(found) != GIT_OBJECT_TAG) {
                return git_packbuilder_insert_recur(builder, &id, nullptr) == 0
                           ? Status()
                           : unreadable("what " + tip.hex() + " refers to");
            }
            if (git_packbuilder_insert(builder, &id, nullptr) != 0) {
                return unreadable("object " + tip.hex());
            }
            const auto* tag = reinterpret_cast<const git_tag*>(found);
            std::memcpy(tip.raw.data(), git_tag_target_id(tag)->id, kOidBytes);
        }
        return unreadable("the end of a chain of tags");
    }
};

ForeignRepository::ForeignRepository(std::unique_ptr<State> state) : state_(std::move(state)) {}
ForeignRepository::ForeignRepository(ForeignRepository&&) noexcept = default;
ForeignRepository& ForeignRepository::operator=(ForeignRepository&&) noexcept = default;
ForeignRepository::~ForeignRepository() = default;

Result<ForeignRepository> ForeignRepository::open(const fs::path& folder) {
    auto state = std::make_unique<State>();
    ORIGIN_TRY(found, find_repository(folder));
    state->folder = found;
    ORIGIN_TRY(refs, read_foreign_refs(found));
    state->refs = std::move(refs);
    ORIGIN_CHECK(state->open());
    return ForeignRepository(std::move(state));
}

const ForeignRefs& ForeignRepository::refs() const {
    return state_->refs;
}

Status ForeignRepository::write_pack(const Take& take, const Progress& progress) const {
    git_packbuilder* made_builder = nullptr;
    git_revwalk* made_walk = nullptr;
    if (git_packbuilder_new(&made_builder, state_->repo.get()) != 0) {
        return unreadable("its object folder");
    }
    const Builder builder(made_builder);
    if (git_revwalk_new(&made_walk, state_->repo.get()) != 0) {
        return unreadable("its object folder");
    }
    const Walk walk(made_walk);
    git_packbuilder_set_threads(builder.get(), 0);  // As many as there are cores.
    git_packbuilder_set_callbacks(builder.get(), say_progress, const_cast<Progress*>(&progress));
    for (const ForeignRef& ref : state_->refs.refs) {
        ORIGIN_CHECK(state_->add_tip(builder.get(), walk.get(), ref.oid));
    }
    if (git_packbuilder_insert_walk(builder.get(), walk.get()) != 0) {
        return unreadable("an object that its history refers to");
    }
    const fs::path pack = only_pack(state_->folder / "objects");
    if (!pack.empty() && count_in(pack) == git_packbuilder_object_count(builder.get())) {
        return copy_pack(pack, take);
    }
    Taking taking{take, {}};
    if (git_packbuilder_foreach(builder.get(), take_bytes, &taking) != 0) {
        ORIGIN_CHECK(taking.status);
        return unreadable("an object");
    }
    return {};
}

}  // namespace origin::git
