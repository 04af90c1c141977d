// SPDX-License-Identifier: Apache-2.0
// git/serve/path_lookup: what many paths of one tree are. Asked in rising order, each folder on
// their way is read once.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "git/odb/object_store.h"

namespace origin::git {

class PathLookup {
public:
    /// `tree` nullopt: the empty one. Lifetime: borrows `objects`.
    PathLookup(const ObjectStore& objects, const std::optional<Oid>& tree)
        : objects_(objects), tree_(tree) {}

    struct Found {
        std::optional<TreeEntry> entry;  // Its name is empty: the caller has the path.
        std::string file_above;          // "a", if that is no folder and "a/b" was asked for.
    };
    /// `path`: "a/b", without empty components. Any order gives the same answers.
    /// Errors: Corrupt.
    Result<Found> find(std::string_view path);

private:
    struct Folder {
        std::string prefix;  // "a/b/"; empty: the root.
        std::string data;
        std::vector<TreeEntry> entries;  // By name; they borrow from `data`.
    };
    Status open(std::string prefix, const Oid& tree);

    const ObjectStore& objects_;
    std::optional<Oid> tree_;
    std::deque<Folder> open_;  // From the root down. Its elements do not move.
};

}  // namespace origin::git
