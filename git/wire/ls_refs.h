// SPDX-License-Identifier: Apache-2.0
// git/wire/ls_refs: protocol v2's command `ls-refs`.
//   request  = "peel" | "symrefs" | "unborn" | "ref-prefix " prefix, in any order and number
//   response = (oid | "unborn") SP name [SP "symref-target:" name] [SP "peeled:" oid] LF ..., flush
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "git/wire/advertisement.h"

namespace origin::git {

/// The prefixes of one request. No prefix, or too many: every name matches.
class RefPrefixes {
public:
    void add(std::string_view prefix);
    /// No more will come: sorts, and drops each prefix that another one covers. A match is then one
    /// binary search, so many prefixes times many refs stays cheap.
    void close();
    /// Only after close().
    bool matches(std::string_view name) const;
    /// After close(): the ranges of names to scan, sorted and disjoint; empty means all.
    std::span<const std::string> ranges() const { return prefixes_; }

private:
    std::vector<std::string> prefixes_;
    std::size_t seen_ = 0;
};

struct LsRefsRequest {
    bool peel = false;
    bool symrefs = false;
    bool unborn = false;
    RefPrefixes prefixes;
};

/// Reads one argument line.
/// Errors: InvalidInput for a line that is none of the four.
Status add_ls_refs_argument(LsRefsRequest& request, std::string_view line);

/// Appends HEAD's line if the request may see it: its prefixes match, and it is born or the client
/// asked for unborn ones.
void append_ls_refs_head(std::string& out,
                         const LsRefsRequest& request,
                         const AdvertisedHead& head);

/// Appends the ref's line if its name matches.
void append_ls_refs_ref(std::string& out, const LsRefsRequest& request, const AdvertisedRef& ref);

/// The whole response: HEAD, the refs that match, flush.
void append_ls_refs(std::string& out,
                    const LsRefsRequest& request,
                    const AdvertisedHead& head,
                    std::span<const AdvertisedRef> refs);

}  // namespace origin::git
