// SPDX-License-Identifier: Apache-2.0
#include "git/wire/report_status.h"

#include <algorithm>

#include "base/limits.h"
#include "base/utf8.h"
#include "git/wire/pkt_line.h"
#include "git/wire/sideband.h"

namespace origin::git {
namespace {

/// The name as it was pushed, for the client finds its ref by it; only what could break a terminal
/// or a line is masked, and no name git would send has it.
std::string masked(std::string_view name) {
    std::string safe(name);
    std::ranges::replace_if(
        safe, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
    return safe;
}

void append_line(std::string& out, std::string line) {
    line.resize(std::min(line.size(), kPktPayloadBytesMax - 1));
    line += '\n';
    append_pkt(out, line);
}

std::string one_line(std::string_view reason) {
    return printable(reason.substr(0, kErrTextBytesMax));
}

void append_options(std::string& out, const RefReport& ref) {
    if (ref.actual_name) {
        append_line(out, "option refname " + masked(*ref.actual_name));
    }
    if (ref.old_id) {
        append_line(out, "option old-oid " + ref.old_id->hex());
    }
    if (ref.new_id) {
        append_line(out, "option new-oid " + ref.new_id->hex());
    }
    if (ref.forced_update) {
        append_line(out, "option forced-update");
    }
}

std::string render(const PushReport& report, bool with_options) {
    std::string out;
    append_line(out,
                "unpack " + (report.unpack_error.empty() ? "ok" : one_line(report.unpack_error)));
    for (const RefReport& ref : report.refs) {
        if (!ref.refusal.empty()) {
            append_line(out, "ng " + masked(ref.name) + " " + one_line(ref.refusal));
            continue;
        }
        append_line(out, "ok " + masked(ref.name));
        if (with_options) {
            append_options(out, ref);
        }
    }
    append_flush(out);
    return out;
}

}  // namespace

void append_report_status(std::string& out,
                          const PushReport& report,
                          const PushCapabilities& capabilities) {
    if (!capabilities.report_status && !capabilities.report_status_v2) {
        return;
    }
    const std::string nested = render(report, capabilities.report_status_v2);
    append_band(out, Band::Data, bytes_of(nested), capabilities.side_band);
}

void append_push_end(std::string& out, const PushCapabilities& capabilities) {
    if (capabilities.side_band != SideBand::None) {
        append_flush(out);
    }
}

}  // namespace origin::git
