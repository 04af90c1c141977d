// SPDX-License-Identifier: Apache-2.0
// gitssh/limits: what a peer of the SSH door may take: value, unit, reason. libssh has none of
// these.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace origin::gitssh {

/// What an operator may set.
struct Limits {
    /// From the connection to the proof of a key. OpenSSH's LoginGraceTime is 120 s; Git needs one.
    std::chrono::seconds login{20};
    /// Without anything to do, as long as a shared connection (ControlMaster) likes to stay.
    std::chrono::seconds idle{600};
    std::size_t connections = 1000;
    /// Many people may share one.
    std::size_t connections_per_address = 200;
    std::size_t connections_per_client = 100;
};

/// A client offers each key it has; as OpenSSH's MaxAuthTries.
inline constexpr unsigned kAuthTriesMax = 6;
/// Packets before a client asks to log in: three or four as a rule.
inline constexpr std::uint64_t kHandshakePacketsMax = 64;
/// A command whose peer takes nothing and sends nothing.
inline constexpr std::chrono::seconds kStalledMax{120};
/// Commands at once on one connection.
inline constexpr std::size_t kChannelsMax = 4;
/// Connections that have not proved a key. From kStartupsBegin on some are refused at random, from
/// kStartupsMax on all: OpenSSH's MaxStartups 10:30:100.
inline constexpr std::size_t kStartupsBegin = 10;
inline constexpr std::size_t kStartupsRefusedPercent = 30;
inline constexpr std::size_t kStartupsMax = 100;
/// Unread bytes of one channel from which on nothing more is read from its connection, unless
/// something has to be sent. More than the 1.28 MB of libssh's window: only a hostile peer sends
/// it, for libssh itself takes what is above the window.
inline constexpr std::size_t kUnreadPause = 2 * 1024 * 1024;
/// The connection ends.
inline constexpr std::size_t kUnreadMax = 4 * 1024 * 1024;
/// Packets to or from a peer that takes none: what libssh makes of each is kept until then.
inline constexpr std::uint64_t kUntakenPacketsMax = 50'000;
/// What one visit of a worker takes of the input and makes of the answer.
inline constexpr std::size_t kVisitBytes = 256 * 1024;
/// The first piece written to a channel; a peer must take it in few packets. RFC 4254 has clients
/// say how large a packet may be, libssh keeps it to itself.
inline constexpr std::size_t kFirstPieceBytes = 1024;
/// A peer that vanished is noticed: after the silence, so many probes so far apart.
inline constexpr int kKeepAliveIdleSeconds = 30;
inline constexpr int kKeepAliveEverySeconds = 10;
inline constexpr int kKeepAliveProbes = 6;

}  // namespace origin::gitssh
