// SPDX-License-Identifier: Apache-2.0
// generator/base_commit: the commit a run starts from, as engines read it, and the pristine tree
// that was generated last in its history.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/id.h"
#include "generator/engine/engine.h"
#include "git/odb/object_store.h"
#include "store/store.h"

namespace origin::generator {

class CommitTree final : public BaseTree {
public:
    CommitTree(git::ObjectStoreRef objects, const Oid& tree)
        : objects_(std::move(objects)), tree_(tree) {}

    Result<std::optional<std::string>> read(const std::string& path) const override;
    /// Limits: kGeneratedPathsMax files; folders no deeper than kPathDepthMax.
    Result<std::vector<std::string>> paths() const override;

private:
    git::ObjectStoreRef objects_;
    Oid tree_;
};

/// Where the tree that an engine made for `commit` is kept, before any human edit was merged into
/// it.
std::string pristine_ref(const Oid& commit);

/// The pristine tree of the newest generated commit that `head` contains; nullopt: none was.
/// Errors: Corrupt. Cost: the history back to that commit.
Result<std::optional<Oid>> find_pristine(store::Reader& reader,
                                         const git::ObjectStore& objects,
                                         const ProjectId& project,
                                         const Oid& head);

}  // namespace origin::generator
