// SPDX-License-Identifier: Apache-2.0
// git/serve/reflog: the moves of a project's refs: read newest first, as refs of an earlier time,
// and taken back. Every accepted push writes it (push_transaction.cc).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "git/serve/push.h"
#include "git/serve/refs.h"

namespace origin::git {

/// Rows looked at for one question: about 0.1 s. A longer way back is refused.
inline constexpr std::size_t kReflogScanMax = 100'000;

struct ReflogEntry {
    std::uint64_t push = 0;
    std::string ref;
    store::RefHistoryRow move;
    std::optional<store::PushRow> pushed;  // None: its row is gone.
};

struct ReflogWish {
    std::string ref;  // Full name; empty: every shown ref.
    std::size_t limit = 0;
    std::string after;  // `next` of the page before; empty: the first page.
};

struct ReflogPage {
    std::vector<ReflogEntry> entries;
    std::string next;  // Bytes; empty: this is the last page.
};

/// Shown refs only. A page may be short and still have a next one: kPageScanMax rows are looked at.
/// Errors: InvalidInput `bad_cursor`; Corrupt.
Result<ReflogPage> read_reflog(store::Reader& reader,
                               const ProjectId& project,
                               const ReflogWish& wish);

/// The shown refs as they were after the last push at or before `at`; HEAD's name is today's.
/// `objects`: for what tags peel to.
/// Errors: NotFound `history_expired`: moves made since then are gone, or what they name is;
/// LimitExceeded
///         `too_far_back`.
Result<RefsSnapshot> refs_at(store::Reader& reader,
                             const ProjectId& project,
                             const ObjectStore& objects,
                             UnixMillis at);

struct UndoWish {
    std::string ref;         // Full name.
    std::uint64_t push = 0;  // Whose move of the ref is taken back; it has to be the latest one.
    std::optional<Oid> expected = {};  // Conflict unless the ref is there; zero: it is not.
};

struct Undone {
    Oid before;
    Oid after;         // Zero: the ref is gone, as it was before that push made it.
    PushOutcome push;  // With everything a push sets off.
};

/// Moves a ref back to where it was before a push, as a push of its own: gates, rules, events and
/// jobs are those of any push, and both the push row and the event name the push it undoes.
/// `also`: as ProposedPush::also.
/// Errors: NotFound `move_not_found`, `history_expired`; Conflict `head_moved`, `already_undone`,
///         `push_refused`; LimitExceeded `too_far_back`; those of PushService::push.
Result<Undone> undo(PushService& pushes,
                    const auth::Permit& permit,
                    const UndoWish& wish,
                    std::function<Status(store::Writer&, const Undone&)> also = {});

}  // namespace origin::git
