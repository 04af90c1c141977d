// SPDX-License-Identifier: Apache-2.0
// Invariant: any bytes are parsed or refused; what check_object lets through as a push can be
// parsed, and a commit or tag written again from what was read is let through too.
// In: one byte: the type; the object.
#include <string>
#include <tuple>

#include "base/assert.h"
#include "git/odb/fsck.h"
#include "git/odb/gitmodules.h"
#include "git/odb/references.h"

namespace git = origin::git;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const auto type = static_cast<git::ObjectType>(1 + data[0] % 4);
    const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
    git::SpecialBlobs special;
    const bool is_good = git::check_object(type, text, git::FsckLevel::Push, &special).has_value();
    const bool is_importable = git::check_object(type, text, git::FsckLevel::Import).has_value();
    ORIGIN_ASSERT(!is_good || is_importable);
    git::References references;
    const bool is_readable = references.add_all_of(type, text).has_value();
    ORIGIN_ASSERT(!is_importable || is_readable);
    if (type == git::ObjectType::Commit) {
        const auto commit = git::parse_commit(text);
        ORIGIN_ASSERT(!commit || git::check_object(type, git::serialize(*commit)));
    } else if (type == git::ObjectType::Tag) {
        const auto tag = git::parse_tag(text);
        ORIGIN_ASSERT(!tag || git::check_object(type, git::serialize(*tag)));
    } else if (type == git::ObjectType::Blob) {
        std::ignore = git::check_gitmodules(text, git::FsckLevel::Push);
        std::ignore = git::check_gitattributes(text);
    }
    return 0;
}
