// SPDX-License-Identifier: Apache-2.0
// deploy/vercel_archive: a site that has more files than Vercel takes, in Vercel's archive form: a
// gzipped tar file, cut in pieces that are sent as files. The same site gives the same bytes.
// Source: vercel/vercel 17d9ebaf, packages/client/src/utils/archive.ts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "deploy/task.h"
#include "sandbox/fd.h"

namespace origin::deploy {

inline constexpr std::uint64_t kArchivePieceBytes = std::uint64_t{100} << 20;
inline constexpr std::string_view kArchivePieceName = ".vercel/source.tgz.part";  // And 1, 2 ...

struct ArchivePiece {
    std::string sha1;  // Hex.
    std::uint64_t size = 0;
};

class VercelArchive {
public:
    /// A file that is no file of the site.
    struct Extra {
        std::string_view path;
        std::string_view content;
    };
    /// `extra`, and the site's files below `folder` (with a slash at its end), in a nameless file.
    /// Blocks: reads and compresses every file. Errors: StorageFull; those of Task::read() and
    /// Task::check_time().
    static Result<VercelArchive> pack(Task& task, Extra extra, std::string_view folder);

    const std::vector<ArchivePiece>& pieces() const { return pieces_; }
    /// Errors: Internal.
    Result<std::string> read(std::size_t piece) const;

private:
    explicit VercelArchive(sandbox::Fd file) : file_(std::move(file)) {}
    Status cut(std::string_view bytes);

    sandbox::Fd file_;
    std::vector<ArchivePiece> pieces_;
};

/// As it is remembered between two calls: "<sha1>:<size> ...", and back; of another text: none.
std::string text_of(const std::vector<ArchivePiece>& pieces);
std::vector<ArchivePiece> read_pieces(std::string_view text);

}  // namespace origin::deploy
