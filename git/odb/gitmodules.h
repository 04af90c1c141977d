// SPDX-License-Identifier: Apache-2.0
// git/odb/gitmodules: what .gitmodules and .gitattributes may say, since git acts on both when the
// project is checked out.
#pragma once

#include <string_view>

#include "base/result.h"
#include "git/odb/fsck.h"
#include "git/odb/objects.h"

namespace origin::git {

/// Refuses names that leave the folder of modules, urls and paths that are options, urls that
/// smuggle a line end or another host, urls and update settings that run a command.
/// Errors: InvalidInput (gitmodules_name, _url, _path, _update, _large; _parse at Push only).
/// Source: git-config(1), "Syntax"; gitmodules(5).
Status check_gitmodules(std::string_view data, FsckLevel level);

/// Refuses what git refuses to read: 100 MB, lines of 2048 bytes.
/// Errors: InvalidInput (gitattributes_large, gitattributes_line_length).
Status check_gitattributes(std::string_view data);

/// Where the objects are that new trees name: the new ones and those that were here before.
class SpecialBlobSource {
public:
    virtual ~SpecialBlobSource() = default;
    virtual Result<ObjectHeader> header(const Oid& oid) const = 0;
    virtual Result<Object> read(const Oid& oid) const = 0;
    /// Was it here before?
    virtual bool is_known(const Oid& oid) const = 0;
};

/// Judges everything that new trees call .gitmodules or .gitattributes. Also what is known: it may
/// have come under a harmless name. That is judged as at an import, so that a project whose history
/// was forgiven something can still be pushed to.
/// Errors: of the two above; InvalidInput (gitmodules_missing, _blob; the same of gitattributes).
Status check_special_blobs(const SpecialBlobs& blobs,
                           const SpecialBlobSource& source,
                           FsckLevel level);

}  // namespace origin::git
