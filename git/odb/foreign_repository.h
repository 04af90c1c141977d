// SPDX-License-Identifier: Apache-2.0
// git/odb/foreign_repository: a repository folder that somebody else made, as one stream of pack
// bytes. libgit2 reads its objects; of its configuration, hooks and links nothing is used.
// In: a folder. Out: its refs, and a pack of everything they reach, which the streaming intake then
// checks like any stranger's.
// A hostile folder may bring libgit2 down: origind calls this in a confined child process.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "git/odb/foreign_refs.h"

namespace origin::git {

class ForeignRepository {
public:
    /// Errors: those of find_repository() and read_foreign_refs().
    static Result<ForeignRepository> open(const std::filesystem::path& folder);

    ForeignRepository(ForeignRepository&&) noexcept;
    ForeignRepository& operator=(ForeignRepository&&) noexcept;
    ForeignRepository(const ForeignRepository&) = delete;
    ForeignRepository& operator=(const ForeignRepository&) = delete;
    ~ForeignRepository();

    const ForeignRefs& refs() const;

    /// What it does just now, for people: a line now and then.
    using Progress = std::function<void(std::string_view line)>;
    /// Takes the next bytes; an Error ends the pack.
    using Take = std::function<Status(Bytes)>;

    /// A pack of everything the refs reach, and of nothing else. A repository that is one such pack
    /// already (a fresh clone, or after `git gc`) gives it as it is; else one is built.
    /// Errors: InvalidInput `missing_object`: an object is missing or cannot be read; what `take`
    ///         returned.
    Status write_pack(const Take& take, const Progress& progress) const;

private:
    struct State;
    explicit ForeignRepository(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace origin::git
