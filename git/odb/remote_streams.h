// SPDX-License-Identifier: Apache-2.0
// git/odb/remote_streams: what libgit2 speaks to foreign servers over, instead of sockets of its
// own: libgit2 would resolve the name again, and its SSH trusts what a file in HOME says.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace origin::git {

/// Bytes to and from a program over there.
class RemoteStream {
public:
    RemoteStream() = default;
    RemoteStream(const RemoteStream&) = delete;
    RemoteStream& operator=(const RemoteStream&) = delete;
    virtual ~RemoteStream() = default;
    virtual Status write(std::string_view bytes) = 0;             // All of them.
    virtual Result<std::size_t> read(std::span<char> bytes) = 0;  // 0: the end.
};

struct RemoteRoads {
    /// A connected socket to the server, however its URL calls it. HTTP, with and without TLS.
    std::function<Result<int>()> connect;
    /// Runs a command over there, by SSH: "git-receive-pack '/path'".
    std::function<Result<std::unique_ptr<RemoteStream>>(std::string_view command)> command;
};

/// From now on libgit2 takes these for http, https and ssh, whatever host a URL names. Once, in a
/// process that speaks to one server.
void use_roads(RemoteRoads roads);

/// Why the last road failed, in its own words; nullptr: it did not.
const Error* road_failure();

}  // namespace origin::git
