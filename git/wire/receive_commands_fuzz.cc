// SPDX-License-Identifier: Apache-2.0
// Invariant: any head ends in a request or a refusal, the same however it is cut, and not one byte
// of the pack is taken; each command has a name or a refusal; its report is whole, printable lines.
// Input: one byte for the size of the pieces, then the push.
#include "base/assert.h"
#include "git/wire/receive_commands.h"
#include "git/wire/report_status.h"

namespace {

using origin::git::PushRequest;

/// The report of a push in which everything not refused worked.
std::string report_of(const PushRequest& push) {
    origin::git::PushReport report;
    for (const auto& command : push.commands) {
        ORIGIN_ASSERT(command.name.has_value() || !command.refusal.empty());
        ORIGIN_ASSERT(!command.name || command.name->str() == command.raw_name);
        ORIGIN_ASSERT(!command.raw_name.contains('\0'));
        report.refs.push_back({.name = command.raw_name,
                               .refusal = command.refusal,
                               .forced_update = true,
                               .old_id = command.old_id});
    }
    std::string out;
    append_report_status(out, report, push.capabilities);
    append_push_end(out, push.capabilities);
    return out;
}

std::string read(origin::Bytes all, std::size_t step) {
    origin::git::ReceiveCommandsParser parser;
    std::string pack;
    bool complete = false;
    while (!all.empty()) {
        origin::Bytes chunk = all.first(std::min(step, all.size()));
        all = all.subspan(chunk.size());
        const auto done = parser.feed(chunk);
        if (!done) {
            return "refused: " + done.error().told_to_peer();
        }
        ORIGIN_ASSERT(*done || chunk.empty());
        complete = *done;
        pack += origin::text_of(chunk);
    }
    ORIGIN_ASSERT(complete == parser.finish().has_value());
    if (!complete) {
        return "cut short";
    }
    const PushRequest push = parser.take();
    ORIGIN_ASSERT(push.options.empty() || push.capabilities.push_options);
    std::string seen = report_of(push);
    for (origin::Bytes unread = origin::bytes_of(seen); !unread.empty();) {
        const auto line = origin::git::take_pkt_line(unread);
        ORIGIN_ASSERT(line && *line);
    }
    for (const std::string& option : push.options) {
        seen += option + '\n';
    }
    return seen + std::to_string(push.shallows.size()) + push.capabilities.agent + pack;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const origin::Bytes all = std::as_bytes(std::span(data + 1, size - 1));
    ORIGIN_ASSERT(read(all, size) == read(all, std::size_t{data[0]} + 1));
    return 0;
}
