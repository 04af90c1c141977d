// SPDX-License-Identifier: Apache-2.0
#include "git/wire/receive_commands.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/limits.h"
#include "git/wire/capabilities.h"
#include "git/wire/protocol_error.h"

namespace origin::git {
namespace {

constexpr std::string_view kShallow = "shallow ";
constexpr std::size_t kNameBegins = 2 * (kOidHexDigits + 1);  // old SP new SP

}  // namespace

bool PushRequest::expects_pack() const {
    return std::ranges::any_of(commands, [](const auto& each) { return !each.is_delete(); });
}

ReceiveCommandsParser::ReceiveCommandsParser() : reader_(kPushHeadBytesMax) {}

Result<bool> ReceiveCommandsParser::feed(Bytes& chunk) {
    while (state_ != State::Complete) {
        ORIGIN_TRY(line, reader_.take(chunk));
        if (!line) {
            return false;
        }
        ORIGIN_CHECK(take_line(*line));
    }
    return true;
}

Status ReceiveCommandsParser::take_line(const PktLine& line) {
    if (line.kind == PktKind::Flush) {
        if (state_ == State::Commands) {
            end_commands();
        } else {
            state_ = State::Complete;
        }
        return {};
    }
    if (line.kind != PktKind::Data) {
        return protocol_error("a delimiter belongs to protocol version 2");
    }
    return state_ == State::Commands ? take_command_line(line.payload) : take_option(line.payload);
}

Status ReceiveCommandsParser::take_command_line(Bytes payload) {
    const std::string_view line = chomped(payload);
    const std::string_view text = line.substr(0, line.find('\0'));
    if (text.size() < line.size()) {
        ORIGIN_CHECK(take_capabilities(line.substr(text.size() + 1)));
    }
    if (text == "push-cert") {
        return protocol_error("signed pushes are not supported");
    }
    if (!text.starts_with(kShallow)) {
        return take_command(text);
    }
    const auto oid = Oid::from_hex(text.substr(kShallow.size()));
    if (!oid) {
        return protocol_error("expected shallow and an object id", text);
    }
    request_.shallows.push_back(*oid);
    return {};
}

Status ReceiveCommandsParser::take_command(std::string_view text) {
    const auto old_id = Oid::from_hex(text.substr(0, kOidHexDigits));
    const bool long_enough = text.size() > kNameBegins;
    const auto new_id =
        long_enough ? Oid::from_hex(text.substr(kOidHexDigits + 1, kOidHexDigits)) : std::nullopt;
    if (!old_id || !new_id || text[kOidHexDigits] != ' ' || text[kNameBegins - 1] != ' ') {
        return protocol_error("expected old/new/ref", text);
    }
    if (request_.commands.size() == kPushCommandsMax) {
        return past_limit("too many refs in one push", kPushCommandsMax);
    }
    RefCommand command{.old_id = *old_id,
                       .new_id = *new_id,
                       .raw_name = std::string(text.substr(kNameBegins)),
                       .name = {},
                       .refusal = {}};
    if (auto name = RefName::parse(command.raw_name)) {
        command.name = *std::move(name);
    } else {
        command.refusal = name.error().told_to_peer();
    }
    request_.commands.push_back(std::move(command));
    return {};
}

Status ReceiveCommandsParser::take_capabilities(std::string_view list) {
    const auto format = capability_value(list, "object-format");
    if (format && *format != "sha1") {
        return protocol_error("unsupported object format", *format);
    }
    PushCapabilities& chosen = request_.capabilities;
    const auto choose = [list](bool& flag, std::string_view name) {
        flag = flag || has_capability(list, name);
    };
    choose(chosen.report_status, "report-status");
    choose(chosen.report_status_v2, "report-status-v2");
    choose(chosen.quiet, "quiet");
    choose(chosen.atomic, "atomic");
    choose(chosen.delete_refs, "delete-refs");
    choose(chosen.ofs_delta, "ofs-delta");
    choose(chosen.push_options, "push-options");
    if (has_capability(list, "side-band-64k")) {
        chosen.side_band = SideBand::Large;
    }
    if (const auto agent = capability_value(list, "agent")) {
        chosen.agent = legible_agent(*agent);
    }
    if (const auto session = capability_value(list, "session-id")) {
        chosen.session_id = legible_agent(*session);
    }
    return {};
}

Status ReceiveCommandsParser::take_option(Bytes payload) {
    const std::string_view option = chomped(payload);
    if (option.size() > kPushOptionBytesMax) {
        return past_limit("too many bytes in a push option", kPushOptionBytesMax);
    }
    if (request_.options.size() == kPushOptionsMax) {
        return past_limit("too many push options", kPushOptionsMax);
    }
    request_.options.emplace_back(option);
    return {};
}

void ReceiveCommandsParser::end_commands() {
    // Sorted, not hashed: the names are the peer's, who could choose them to collide.
    std::vector<RefCommand*> by_name;
    by_name.reserve(request_.commands.size());
    for (RefCommand& command : request_.commands) {
        by_name.push_back(&command);
    }
    std::ranges::sort(by_name, {}, &RefCommand::raw_name);
    for (std::size_t i = 1; i < by_name.size(); ++i) {
        if (by_name[i]->raw_name == by_name[i - 1]->raw_name) {
            by_name[i]->refusal = "more than one update of this ref in one push";
            by_name[i - 1]->refusal = by_name[i]->refusal;
        }
    }
    const bool options_follow = request_.capabilities.push_options && !request_.is_probe();
    state_ = options_follow ? State::Options : State::Complete;
}

Status ReceiveCommandsParser::finish() const {
    if (state_ != State::Complete) {
        return protocol_error("the push ended before its commands did");
    }
    return {};
}

PushRequest ReceiveCommandsParser::take() {
    ORIGIN_ASSERT(state_ == State::Complete);
    return std::exchange(request_, PushRequest{});
}

}  // namespace origin::git
