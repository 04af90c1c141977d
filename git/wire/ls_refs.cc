// SPDX-License-Identifier: Apache-2.0
#include "git/wire/ls_refs.h"

#include <algorithm>

#include "base/limits.h"
#include "git/wire/pkt_line.h"
#include "git/wire/protocol_error.h"

namespace origin::git {
namespace {

constexpr std::string_view kRefPrefix = "ref-prefix ";

}  // namespace

void RefPrefixes::add(std::string_view prefix) {
    if (++seen_ < kRefPrefixesMax) {
        prefixes_.emplace_back(prefix);
    } else {
        prefixes_ = {};  // Too many are none: frees what they held.
    }
}

void RefPrefixes::close() {
    std::ranges::sort(prefixes_);
    std::vector<std::string> kept;
    for (std::string& prefix : prefixes_) {
        // Sorted, a prefix stands right before everything that it covers.
        if (kept.empty() || !prefix.starts_with(kept.back())) {
            kept.push_back(std::move(prefix));
        }
    }
    prefixes_ = std::move(kept);
}

bool RefPrefixes::matches(std::string_view name) const {
    if (prefixes_.empty()) {
        return true;
    }
    // None covers another, so only the last one that is not behind `name` can be its prefix.
    const auto behind = std::ranges::upper_bound(prefixes_, name);
    return behind != prefixes_.begin() && name.starts_with(*std::prev(behind));
}

Status add_ls_refs_argument(LsRefsRequest& request, std::string_view line) {
    if (line.starts_with(kRefPrefix)) {
        request.prefixes.add(line.substr(kRefPrefix.size()));
    } else if (line == "peel") {
        request.peel = true;
    } else if (line == "symrefs") {
        request.symrefs = true;
    } else if (line == "unborn") {
        request.unborn = true;
    } else {
        return protocol_error("unexpected line", line);
    }
    return {};
}

void append_ls_refs_head(std::string& out,
                         const LsRefsRequest& request,
                         const AdvertisedHead& head) {
    const bool symbolic = request.symrefs && !head.target.empty();
    if (!request.prefixes.matches("HEAD") || (!head.oid && !(request.unborn && symbolic))) {
        return;
    }
    std::string line = head.oid ? head.oid->hex() : "unborn";
    line += " HEAD";
    if (symbolic) {
        line += " symref-target:" + head.target;
    }
    line += '\n';
    append_pkt(out, line);
}

void append_ls_refs_ref(std::string& out, const LsRefsRequest& request, const AdvertisedRef& ref) {
    if (!request.prefixes.matches(ref.name)) {
        return;
    }
    std::string line = ref.oid.hex();
    line += ' ';
    line += ref.name;
    if (request.peel && ref.peeled) {
        line += " peeled:" + ref.peeled->hex();
    }
    line += '\n';
    append_pkt(out, line);
}

void append_ls_refs(std::string& out,
                    const LsRefsRequest& request,
                    const AdvertisedHead& head,
                    std::span<const AdvertisedRef> refs) {
    append_ls_refs_head(out, request, head);
    for (const AdvertisedRef& ref : refs) {
        append_ls_refs_ref(out, request, ref);
    }
    append_flush(out);
}

}  // namespace origin::git
