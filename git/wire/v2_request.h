// SPDX-License-Identifier: Apache-2.0
// git/wire/v2_request: one request of protocol v2, whatever the command.
//   request = "command=" name, capability*, [delim, argument*], flush
// In: a POST body or an SSH stream, in chunks. Out: the command, parsed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "git/wire/fetch_request.h"
#include "git/wire/ls_refs.h"
#include "git/wire/pkt_line.h"

namespace origin::git {

struct V2Request {
    std::string agent;                        // Printable.
    std::string session_id;                   // Printable.
    std::vector<std::string> server_options;  // Opaque bytes.
    std::variant<std::monostate, LsRefsRequest, FetchRequest> command;
};

enum class V2Step : std::uint8_t {
    NeedMore,
    Complete,  // take() the request, answer it, feed the rest.
    Closed,    // A flush instead of a request: the client hangs up.
};

/// Reads requests one after the other; over SSH there are several, over HTTP one.
/// Limits: kFetchLinesMax lines, kFetchRequestBytesMax bytes, kServerOptionsMax options a request.
class V2RequestParser {
public:
    explicit V2RequestParser(const FetchFeatures& features);

    /// Takes lines off the front of `chunk` up to the end of one request, and no further.
    /// Errors: InvalidInput (unknown command or capability, another object format, an argument the
    ///         command has not), LimitExceeded. Final: answer append_err(told_to_peer()), hang up.
    Result<V2Step> feed(Bytes& chunk);

    /// The input ended. Errors: InvalidInput if that was inside a request.
    Status finish() const;

    /// The request that is Complete. The parser is then ready for the next.
    V2Request take();

private:
    enum class State : std::uint8_t { Keys, Arguments, Complete, Closed };

    Result<V2Step> take_line(const PktLine& line);
    Result<V2Step> end_request();
    Status take_key(std::string_view line);
    Status take_command(std::string_view name);
    Status take_server_option(std::string_view value);
    Status check_keys() const;
    Status take_argument(std::string_view line);

    FetchFeatures features_;
    PktReader reader_;
    V2Request request_;
    State state_ = State::Keys;
    std::size_t lines_ = 0;
    std::string client_format_ = "sha1";  // What a client means that does not say.
};

}  // namespace origin::git
