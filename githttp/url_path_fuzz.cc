// SPDX-License-Identifier: Apache-2.0
// Invariant: a path that is accepted names something inside its tree or its project, and a range
// lies inside its file.
#include "base/assert.h"
#include "base/limits.h"
#include "githttp/conditional.h"
#include "githttp/git_path.h"
#include "githttp/site_files.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto path = origin::githttp::site_path(text)) {
        const std::string slashed = "/" + *path;
        ORIGIN_ASSERT(path->size() <= origin::kPathBytesMax);
        ORIGIN_ASSERT(slashed.find('\0') == std::string::npos && !slashed.contains('\\'));
        ORIGIN_ASSERT(!slashed.contains("//") && !slashed.contains("/.."));
        ORIGIN_ASSERT(!slashed.contains("/.git") && !slashed.contains("/.env"));
    }
    if (const auto path = origin::githttp::parse_git_path(text)) {
        ORIGIN_ASSERT(!path->project.empty());
        ORIGIN_ASSERT(path->project.find_first_of(".%\\\"<>& ") == std::string::npos);
    }
    const std::uint64_t bytes = size;
    const auto wish = origin::githttp::parse_range(text, bytes);
    if (const auto* part = std::get_if<origin::githttp::FilePart>(&wish)) {
        ORIGIN_ASSERT(part->first <= part->last && part->last < bytes);
    }
    origin::githttp::names_etag(text, "\"abc\"");
    return 0;
}
