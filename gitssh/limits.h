// SPDX-License-Identifier: Apache-2.0
// gitssh/limits: what a peer of the SSH door may take: value, unit, reason. libssh has none of
// these.
#pragma once

#include <chrono>
#include <cstddef>

namespace origin::gitssh {

/// From the connection to the proof of a key. OpenSSH's LoginGraceTime is 120 s; Git needs one.
inline constexpr std::chrono::seconds kLoginGrace{20};
/// A client offers each key it has; as OpenSSH's MaxAuthTries.
inline constexpr unsigned kAuthTriesMax = 6;
/// Without anything to do, as long as a shared connection (ControlMaster) likes to stay.
inline constexpr std::chrono::seconds kIdleMax{600};
/// A command whose peer takes nothing and sends nothing.
inline constexpr std::chrono::seconds kStalledMax{120};
/// Commands at once on one connection.
inline constexpr std::size_t kChannelsMax = 4;
/// Connections that have not proved a key. From kStartupsBegin on some are refused at random, from
/// kStartupsMax on all: OpenSSH's MaxStartups 10:30:100.
inline constexpr std::size_t kStartupsBegin = 10;
inline constexpr std::size_t kStartupsRefusedPercent = 30;
inline constexpr std::size_t kStartupsMax = 100;
inline constexpr std::size_t kSessionsMax = 1000;
/// Unread bytes of one channel: more than the window we give, so only a hostile peer sends it.
inline constexpr std::size_t kUnreadMax = 4 * 1024 * 1024;
/// What one visit of a worker takes of the input and makes of the answer.
inline constexpr std::size_t kVisitBytes = 256 * 1024;

}  // namespace origin::gitssh
