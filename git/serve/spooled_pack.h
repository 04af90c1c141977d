// SPDX-License-Identifier: Apache-2.0
// git/serve/spooled_pack: a pack of spooled files and of the trees and the commit made of them,
// sent through the intake as if a client had pushed it: no file is ever held whole. In: a spool,
// where its files are, a builder. Out: an intake that is ready for PushService.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "git/odb/hash.h"
#include "git/odb/intake.h"
#include "git/odb/pack_builder.h"
#include "git/odb/zlib_stream.h"
#include "git/serve/spool.h"

namespace origin::git {

/// One file in a spool.
struct SpooledFile {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    Oid oid;  // Zero until it is known.
};

/// Finds the ids of spooled files. A pull machine: step() reads about 1 MiB.
class SpooledIds {
public:
    /// Lifetime: borrows both.
    SpooledIds(Spool& spool, std::vector<SpooledFile>& files) : spool_(spool), files_(files) {}
    /// Returns: true when every file has its id. Errors: InvalidInput (sha1_collision).
    Result<bool> step();

private:
    Spool& spool_;
    std::vector<SpooledFile>& files_;
    std::size_t file_ = 0;
    std::uint64_t done_ = 0;  // Of the file.
    std::optional<ObjectHasher> hasher_;
};

/// A pull machine: step() deflates about 256 KiB, or is one step of the intake.
class SpooledPack {
public:
    struct Parts {
        Spool& spool;
        const std::vector<SpooledFile>& files;  // With ids. Those that exist already are left out.
        const PackBuilder& made;                // Trees and the commit.
        Quarantine quarantine;
    };
    /// Lifetime: borrows the parts.
    explicit SpooledPack(Parts parts);

    /// Returns: true when the intake is finished and its connectivity was checked.
    /// Errors: those of PackIntake.
    Result<bool> step();
    PackIntake& intake() { return intake_; }

private:
    enum class Phase : std::uint8_t { Header, Files, Made, Trailer, Resolve, Check, Done };

    Status give(const std::string& bytes);
    Result<bool> step_file();
    Status put_header();
    Status put_made();

    Parts parts_;
    PackIntake intake_;
    PackHash hash_;
    Deflater deflater_;
    std::vector<const SpooledFile*> new_files_;  // Each content once.
    Phase phase_ = Phase::Header;
    std::size_t place_ = 0;   // In new_files_, then in made.added().
    std::uint64_t done_ = 0;  // Of the file.
};

}  // namespace origin::git
