// SPDX-License-Identifier: Apache-2.0
#include "git/odb/libgit2_init.h"

#include <array>

#include <git2.h>

#include "base/assert.h"

namespace origin::git {
namespace {

constexpr long kObjectCacheBytesMax = 16L * 1024 * 1024;

bool start() {
    if (git_libgit2_init() < 0) {
        return false;
    }
    bool is_good = true;
    const std::array levels{GIT_CONFIG_LEVEL_PROGRAMDATA,
                            GIT_CONFIG_LEVEL_SYSTEM,
                            GIT_CONFIG_LEVEL_XDG,
                            GIT_CONFIG_LEVEL_GLOBAL};
    for (const auto level : levels) {
        is_good = git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "") == 0 && is_good;
    }
    // Ids were verified when the objects came in; packs carry checksums that doctor verifies.
    is_good = git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0) == 0 && is_good;
    // Our backend says "no" to what is missing; the check would read each object once more.
    is_good = git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 1) == 0 && is_good;
    is_good = git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, kObjectCacheBytesMax) == 0 && is_good;
    return is_good;
}

}  // namespace

void use_libgit2() {
    static const bool kIsStarted = start();
    ORIGIN_ASSERT(kIsStarted);
}

}  // namespace origin::git
