// SPDX-License-Identifier: Apache-2.0
// Invariant: payload and signature together are the commit without the header's name and its
// continuation spaces; a verdict is a key or a known fault; what is good stays good when it is
// asked for as the parts it is made of.
// In: a commit's or a tag's bytes, or an armored signature.
#include <algorithm>
#include <array>

#include "auth/commit_signature.h"
#include "auth/ssh_public_key.h"
#include "auth/ssh_signature.h"
#include "base/assert.h"

namespace {

void check(const origin::auth::SignatureVerdict& verdict) {
    static constexpr std::array<std::string_view, 9> kFaults = {"",
                                                                "unsigned",
                                                                "openpgp_not_checked",
                                                                "x509_not_checked",
                                                                "malformed_signature",
                                                                "namespace_not_git",
                                                                "key_not_taken",
                                                                "touch_missing",
                                                                "wrong_signature"};
    ORIGIN_ASSERT(std::ranges::find(kFaults, verdict.fault) != kFaults.end());
    ORIGIN_ASSERT(verdict.fault.empty() == !verdict.blob.empty());
    ORIGIN_ASSERT(verdict.blob.empty() || origin::auth::read_ssh_blob(verdict.blob));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto verdict = origin::auth::check_commit_signature(text);
    check(verdict);
    check(origin::auth::check_tag_signature(text));
    if (const auto signature = origin::auth::parse_ssh_signature(text)) {
        (void)origin::auth::fault_of(*signature, signature->name_space, "message");
    }
    const auto split = origin::auth::split_signed_commit(text);
    ORIGIN_ASSERT(split || !verdict.fault.empty());
    if (split) {
        const auto lines = static_cast<std::size_t>(std::ranges::count(split->signature, '\n'));
        const std::size_t left = size - split->payload.size() - split->signature.size();
        ORIGIN_ASSERT(left >= 7 && left <= 7 + lines + 1);
        ORIGIN_ASSERT(!split->payload.contains("\ngpgsig ") ||
                      split->payload.find("\ngpgsig ") > split->payload.find("\n\n"));
    }
    return 0;
}
