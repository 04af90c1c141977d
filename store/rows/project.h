// SPDX-License-Identifier: Apache-2.0
// store/rows/project: what is stored about a project, its refs, packs and pushes. docs/formats.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/oid.h"

namespace origin::store {

/// Table Projects. Key: project id (16 raw bytes).
struct ProjectRow {
    static constexpr std::uint8_t kVersion = 3;
    static constexpr std::uint8_t kOldestVersion = 1;
    ClientId owner;
    std::string slug;  // Unique for its owner: table Slugs.
    std::string name;  // For people.
    std::string site;  // Globally unique, [a-z0-9-]; never changes: table Sites.
    std::string head;  // Full name of the default branch; it may be unborn.
    std::vector<std::string> protected_branches;  // Globs over branch names: no force, no delete.
    std::uint64_t features = 0;  // Feature branches reserved so far: the last one's number.
    std::uint64_t gc_generation = 0;
    UnixMillis created_at = 0;
    UnixMillis deleted_at = 0;  // 0: it exists.
    bool is_public = false;     // Anybody may fetch. Since version 2.
    /// What one move of a ref brings to several targets goes live together, or not at all. Since
    /// version 3.
    bool promotes_together = false;

    template <class F>
    void fields(F& f) {
        f(owner);
        f(slug);
        f(name);
        f(site);
        f(head);
        f(protected_branches);
        f(features);
        f(gc_generation);
        f(created_at);
        f(deleted_at);
        if (f.version() >= 2) {
            f(is_public);
        }
        if (f.version() >= 3) {
            f(promotes_together);
        }
    }
};

/// Table Sites. Key: a site's name, or a whole host name ("www.example.org": it has a dot, which no
/// site's name has). Says whose it is.
struct SiteRow {
    static constexpr std::uint8_t kVersion = 2;
    static constexpr std::uint8_t kOldestVersion = 1;
    ProjectId project;
    std::string target = {};  // A host name's. It holds as long as the target's settings name it.

    template <class F>
    void fields(F& f) {
        f(project);
        if (f.version() >= 2) {
            f(target);
        }
    }
};

/// Table Refs. Key: project id + full ref name.
struct RefRow {
    static constexpr std::uint8_t kVersion = 1;
    Oid oid;
    std::optional<Oid> peeled;  // What an annotated tag finally points to.
    std::uint64_t push = 0;     // Sequence of the push that set it.
    UnixMillis updated_at = 0;

    template <class F>
    void fields(F& f) {
        f(oid);
        f(peeled);
        f(push);
        f(updated_at);
    }
};

/// What happened to one ref in a push.
struct RefOutcome {
    std::string name;
    Oid old_id;  // Zero: it was created.
    Oid new_id;  // Zero: it was deleted.
    bool ok = false;
    bool forced = false;  // The old commit is not an ancestor of the new one.
    std::string reason;   // Why not, as told to the client; empty when ok.

    template <class F>
    void fields(F& f) {
        f(name);
        f(old_id);
        f(new_id);
        f(ok);
        f(forced);
        f(reason);
    }
};

/// Table RefHistory. Key: project id + push sequence (8 bytes) + full ref name. Every move of a
/// ref.
struct RefHistoryRow {
    static constexpr std::uint8_t kVersion = 1;
    Oid old_id;
    Oid new_id;
    bool forced = false;
    UnixMillis moved_at = 0;

    template <class F>
    void fields(F& f) {
        f(old_id);
        f(new_id);
        f(forced);
        f(moved_at);
    }
};

/// Table Packs. Key: project id + pack name ("pack-" + 40 hex digits).
struct PackRow {
    static constexpr std::uint8_t kVersion = 1;
    std::uint64_t bytes = 0;
    std::uint32_t objects = 0;
    UnixMillis added_at = 0;

    template <class F>
    void fields(F& f) {
        f(bytes);
        f(objects);
        f(added_at);
    }
};

/// One object of a small write: where its entry is, as an offset in a pack of these entries alone.
struct JournalObject {
    Oid oid;
    std::uint32_t offset = 0;
    std::uint32_t crc = 0;  // CRC-32 of the entry.

    template <class F>
    void fields(F& f) {
        f(oid);
        f(offset);
        f(crc);
    }
};

/// Table Journal. Key: project id + push sequence (8 bytes). The objects that a small push brought,
/// until they are sealed into a pack: git/odb/small_pack.
struct JournalRow {
    static constexpr std::uint8_t kVersion = 1;
    std::string entries;  // As in a pack file, without its header and trailer.
    std::vector<JournalObject> objects;
    UnixMillis added_at = 0;

    template <class F>
    void fields(F& f) {
        f(entries);
        f(objects);
        f(added_at);
    }
};

/// Table DeadPacks. Key: as in Packs. A pack that is no part of its project any more; its files
/// stay for readers of the pack set before.
struct DeadPackRow {
    static constexpr std::uint8_t kVersion = 1;
    std::uint64_t bytes = 0;
    UnixMillis died_at = 0;

    template <class F>
    void fields(F& f) {
        f(bytes);
        f(died_at);
    }
};

/// Who asked for a push, and through which door.
struct Actor {
    ClientId client;
    std::optional<KeyId> key;
    std::string via;  // "http", "ssh", "api", "run", "operator".

    template <class F>
    void fields(F& f) {
        f(client);
        f(key);
        f(via);
    }
};

/// Table Pushes. Key: project id + push sequence (8 bytes, from 1).
struct PushRow {
    static constexpr std::uint8_t kVersion = 2;
    static constexpr std::uint8_t kOldestVersion = 1;
    Actor actor;
    std::vector<RefOutcome> refs;
    std::vector<std::string> options;
    std::optional<RunId> run;
    std::string pack;  // Empty: nothing was stored, or it went to the journal.
    UnixMillis pushed_at = 0;
    std::uint64_t undoes = 0;  // The push whose move it took back; 0: none. Since version 2.

    template <class F>
    void fields(F& f) {
        f(actor);
        f(refs);
        f(options);
        f(run);
        f(pack);
        f(pushed_at);
        if (f.version() >= 2) {
            f(undoes);
        }
    }
};

}  // namespace origin::store
