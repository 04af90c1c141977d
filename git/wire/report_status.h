// SPDX-License-Identifier: Apache-2.0
// git/wire/report_status: what became of a push, ref by ref.
//   report = "unpack " ("ok" | error), ("ok " ref ["option " ...]* | "ng " ref SP reason)*, flush
// The whole report is nested in band 1 if the client can read bands; an outer flush ends the
// answer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/oid.h"
#include "git/wire/receive_commands.h"

namespace origin::git {

struct RefReport {
    std::string name;          // RefCommand::raw_name.
    std::string refusal = {};  // Empty: ok.
    // For report-status-v2, and only if the outcome differs from what was asked.
    bool forced_update = false;
    std::optional<std::string> actual_name = {};
    std::optional<Oid> old_id = {};
    std::optional<Oid> new_id = {};
};

struct PushReport {
    std::string unpack_error = {};  // Empty: ok.
    std::vector<RefReport> refs = {};
};

/// Appends what the client chose to hear: report-status-v2, report-status or nothing; in band 1 or
/// bare. Each reason is made one printable line. The outer flush is append_push_end's, so that
/// progress may follow the report.
/// Source: gitprotocol-pack(5), "Report Status".
void append_report_status(std::string& out,
                          const PushReport& report,
                          const PushCapabilities& capabilities);

/// Appends the end of the answer: flush if bands are in use, else nothing.
void append_push_end(std::string& out, const PushCapabilities& capabilities);

}  // namespace origin::git
