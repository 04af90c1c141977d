// SPDX-License-Identifier: Apache-2.0
// git/odb/libgit2_handle: owns what libgit2 gave out, and gives it back.
#pragma once

#include <memory>

namespace origin::git {

/// `Free` is the library's own function for a `T`: git_tree_free and its like.
template <class T, void (*Free)(T*)>
struct Libgit2Free {
    void operator()(T* thing) const { Free(thing); }
};
template <class T, void (*Free)(T*)>
using Libgit2Handle = std::unique_ptr<T, Libgit2Free<T, Free>>;

}  // namespace origin::git
