// SPDX-License-Identifier: Apache-2.0
// git/serve/key_moves: what a leaked key, and those made with it, moved since a time, and all of it
// taken back. There is no index by key: pushes are read back from each project's newest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "git/serve/push.h"
#include "store/store.h"

namespace origin::git {

/// Moves looked at for an undo.
inline constexpr std::size_t kKeyMovesMax = 100'000;
/// Projects and pushes looked at for an undo.
inline constexpr std::size_t kKeyMovesScanMax = 500'000;

struct KeyMove {
    ProjectId project;
    std::uint64_t push = 0;
    KeyId key;
    std::string ref;
    Oid before;
    Oid after;
    UnixMillis moved_at = 0;
    bool still_there = false;  // The ref's value is what this move made it.
};

struct KeyMovesWish {
    std::vector<KeyId> keys;  // Moved by any of them. Sorted.
    UnixMillis since = 0;
    std::optional<std::vector<ProjectId>> projects = {};  // nullopt: all there are. Sorted.
    std::size_t limit = 0;
    std::string after = {};  // `next` of the page before; empty: the first page.
};

struct KeyMovesPage {
    std::vector<KeyMove> moves;
    std::string next;      // Bytes; empty: this is the last page.
    std::size_t seen = 0;  // Projects and pushes looked at.
};

/// Moves of shown refs in projects that exist, project after project, the newest push first. A push
/// is never cut in two, so a page may have more than `limit`; it may have fewer and still a next
/// one: kPageScanMax projects and pushes are looked at. A clock that was set back by less than a
/// day hides nothing. Errors: InvalidInput `bad_cursor`; Corrupt.
Result<KeyMovesPage> read_key_moves(store::Reader& reader, const KeyMovesWish& wish);

/// Every page. Errors: LimitExceeded `too_many_moves`: more than kKeyMovesMax, or than `scan_max`
/// projects and pushes to look at. Blocks.
Result<std::vector<KeyMove>> all_key_moves(store::Store& store,
                                           KeyMovesWish wish,
                                           std::size_t scan_max = kKeyMovesScanMax);
/// LimitExceeded `too_many_moves`: what there is too much of, and to begin later.
Error too_many_moves(const std::string& what);

enum class UndoVerdict : std::uint8_t {
    Undone,    // Taken back; of a dry run: would be.
    Already,   // It is where it was before the key's moves.
    MovedOn,   // Somebody moved it since: left alone.
    NoPermit,  // Whoever asks may not push to this project.
    Expired,   // What it was at is not kept any more.
    Refused,   // By a rule of the project: `reason`.
};
/// "undone", "already_undone", "moved_on", "not_permitted", "history_expired", "refused".
std::string_view name_of(UndoVerdict verdict);

/// One ref that the key moved.
struct RefUndo {
    ProjectId project;
    std::string ref;
    Oid now;                      // Before the undo; zero: it does not exist.
    Oid target;                   // What it was before the key's moves; zero: it did not exist.
    std::uint64_t last_move = 0;  // The push of the key's latest move.
    UndoVerdict verdict = UndoVerdict::MovedOn;
    std::string reason = {};
    std::uint64_t push = 0;  // That took it back; 0: none did.
};

enum class DryRun : std::uint8_t { No, Yes };

struct KeyUndo {
    KeyId key;
    std::vector<KeyMove> moves;  // Of all_key_moves().
    DryRun dry_run = DryRun::No;
};

/// Takes back, in one push for each project, the moves of the key that are still on top of their
/// refs, down to the first that is not the key's. Each project's push is under all its rules and
/// names the key in an option: `quarantine=key_...`. Asked again, it does what is left to do.
/// Errors: those of the store; what one project refuses is a verdict.
/// Blocks: for a durable commit for each project.
Result<std::vector<RefUndo>> undo_key_moves(PushService& pushes,
                                            const auth::Gatekeeper& gatekeeper,
                                            const auth::Identity& identity,
                                            const KeyUndo& wish);

}  // namespace origin::git
