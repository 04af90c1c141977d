// SPDX-License-Identifier: Apache-2.0
// git/serve/tar: the headers of a tar file, byte for byte as `git archive` writes them.
// Format: POSIX.1-1988 ustar; what does not fit its fields goes into pax headers (POSIX.1-2001).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/oid.h"

namespace origin::git {

inline constexpr std::size_t kTarBlockBytes = 512;
inline constexpr std::int64_t kTarSecondsMax = 077'777'777'777;  // What a header's field can say.

struct TarEntry {
    std::string_view path;     // Of a folder or submodule: with a slash at its end.
    std::uint32_t mode = 0;    // Git's.
    Oid oid;                   // Names what stands in for a name that does not fit.
    std::string_view link;     // Of a symbolic link: its target.
    std::uint64_t size = 0;    // Of a file: of its content, which follows the header.
    std::int64_t seconds = 0;  // At most kTarSecondsMax.
};

void append_tar_header(std::string& out, const TarEntry& entry);

/// The header of the whole file: the commit it is of, and the time if no other header can say it.
void append_tar_global(std::string& out, const std::optional<Oid>& commit, std::int64_t seconds);

/// The zeros after a content of `size` bytes, to the next block.
void append_tar_padding(std::string& out, std::uint64_t size);

/// A file that is no program, whole: header, content and padding.
void append_tar_file(std::string& out,
                     std::string_view path,
                     const Oid& oid,
                     std::string_view content);

/// What ends a tar file of so many bytes: two empty blocks at least, and up to a whole record.
void append_tar_end(std::string& out, std::uint64_t size);

}  // namespace origin::git
