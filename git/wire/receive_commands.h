// SPDX-License-Identifier: Apache-2.0
// git/wire/receive_commands: what a push asks for, before its pack.
//   head = ("shallow " oid)*, (old SP new SP ref [NUL capabilities])*, flush,
//          [option*, flush] if `push-options` was chosen; the rest of the input is the pack
// In: a POST body or an SSH stream, in chunks. Out: git/serve receive-pack.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/ref_name.h"
#include "base/result.h"
#include "git/wire/pkt_line.h"
#include "git/wire/sideband.h"

namespace origin::git {

struct RefCommand {
    Oid old_id;
    Oid new_id;
    std::string raw_name;         // As sent; the report must echo it.
    std::optional<RefName> name;  // Empty if it breaks a rule.
    std::string refusal;          // Not empty: answer `ng` with it. Bad name, or named twice.

    bool is_create() const { return old_id.is_zero() && !new_id.is_zero(); }
    bool is_delete() const { return new_id.is_zero(); }
};

struct PushCapabilities {
    bool report_status = false;
    bool report_status_v2 = false;
    bool quiet = false;
    bool atomic = false;
    bool delete_refs = false;
    bool ofs_delta = false;
    bool push_options = false;
    SideBand side_band = SideBand::None;
    std::string agent = {};       // Printable.
    std::string session_id = {};  // Printable.
};

struct PushRequest {
    std::vector<RefCommand> commands;
    std::vector<Oid> shallows;  // Roots of the pusher's cut history.
    PushCapabilities capabilities;
    std::vector<std::string> options;  // Opaque bytes: never join, never print bare.

    /// No command at all: git's probe `0000` before a chunked POST. Answer 200 with no body.
    bool is_probe() const { return commands.empty(); }
    /// False if all commands delete. Some clients send an empty pack all the same: let it pass.
    bool expects_pack() const;
};

/// Reads the head of one push.
/// Limits: kPushCommandsMax, kPushOptionsMax, kPushOptionBytesMax, kPushHeadBytesMax.
class ReceiveCommandsParser {
public:
    ReceiveCommandsParser();

    /// Takes lines off the front of `chunk`.
    /// Returns: true when the head is complete; `chunk` is then the beginning of the pack.
    /// Errors:  InvalidInput (not a command, another object format, a push certificate),
    ///          LimitExceeded. Both are final, and nothing has happened yet.
    Result<bool> feed(Bytes& chunk);

    /// The input ended. Errors: InvalidInput if that was inside the head.
    Status finish() const;

    const PushRequest& request() const { return request_; }
    /// Moves the request out, once complete.
    PushRequest take();

private:
    enum class State : std::uint8_t { Commands, Options, Complete };

    Status take_line(const PktLine& line);
    Status take_command_line(Bytes payload);
    Status take_command(std::string_view text);
    Status take_capabilities(std::string_view list);
    Status take_option(Bytes payload);
    void end_commands();

    PktReader reader_;
    PushRequest request_;
    State state_ = State::Commands;
};

}  // namespace origin::git
