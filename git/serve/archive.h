// SPDX-License-Identifier: Apache-2.0
// git/serve/archive: a tree as a tar file, byte for byte as `git archive` makes it. A pull machine.
// In: a tree and what to call it. Out: the file in pieces.
// Memory: the trees on the way down to the entry at hand, and a piece of one blob.
// Attributes (export-ignore, export-subst, eol) are not looked at.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "git/odb/blob_reader.h"
#include "git/odb/object_store.h"
#include "git/odb/zlib_stream.h"

namespace origin::git {

/// Of the trees that are open at once: nobody has such folders, but a pack can hold them.
inline constexpr std::uint64_t kArchiveTreeBytesMax = std::uint64_t{128} << 20;
/// Of a path, and of a link's target. No system has longer ones.
inline constexpr std::size_t kArchiveNameBytesMax = std::size_t{64} << 10;
/// Looked at, in all. A few trees that name each other can have more entries than there are atoms.
inline constexpr std::uint64_t kArchiveEntriesMax = 10'000'000;

enum class ArchiveFormat : std::uint8_t { Tar, TarGz };

/// "tar", "tar.gz" or "tgz".
std::optional<ArchiveFormat> archive_format_of(std::string_view name);

struct ArchiveWish {
    Oid tree;
    std::optional<Oid> commit = {};  // Named in the file's first header.
    std::int64_t seconds = 0;        // When each entry was changed: the commit's time.
    std::string prefix = {};         // Put before each path; with a slash at its end: a folder.
    std::vector<std::string> paths = {};  // Without slashes at their ends; empty: the whole tree.
    ArchiveFormat format = ArchiveFormat::Tar;
};

/// Not thread-safe; steps may run on different threads.
class Archive {
public:
    /// Errors: NotFound (`path_not_found`): one of the paths is not in the tree; InvalidInput
    /// (`bad_path`): a prefix or path that climbs out, or is too long.
    static Result<Archive> of(ObjectStoreRef objects, ArchiveWish wish);

    enum class Progress : std::uint8_t {
        More,
        Pause,  // There was much to look at and nothing to write: others first.
        Done,
    };
    /// Appends about kStepBytes to `out`.
    /// Errors: Corrupt; LimitExceeded (the limits above).
    Result<Progress> step(std::string& out);

private:
    struct Folder {
        Oid oid;
        std::string data;  // Of its tree.
        TreeReader entries;
        std::size_t path_size;  // Of path_: with a slash at its end, or empty.
        bool is_written;
    };

    Archive(ObjectStoreRef objects, ArchiveWish wish);
    void begin(std::string& tar);
    Result<bool> add_some(std::string& tar);
    Status enter(const Oid& tree, bool is_written);
    void leave();
    Status add_next(std::string& tar);
    Status add(std::string& tar, const TreeEntry& entry);
    Status add_content(std::string& tar);
    void write_folders(std::string& tar);
    void put(std::string& tar, const TreeEntry& entry, std::string_view path);
    bool is_wanted(std::string_view path) const;
    bool leads_to_wanted(std::string_view path) const;

    ObjectStoreRef objects_;
    ArchiveWish wish_;
    bool has_begun_ = false;
    std::uint64_t written_ = 0;  // Of the tar file.
    std::uint64_t seen_ = 0;     // Entries.
    std::uint64_t held_bytes_ = 0;
    std::vector<std::unique_ptr<Folder>> folders_;
    std::string path_;                // Of the folder at hand.
    std::optional<BlobReader> blob_;  // Of the file at hand.
    std::optional<Deflater> gzip_;
};

}  // namespace origin::git
