// SPDX-License-Identifier: Apache-2.0
// Goal: a client learns the outcome of each ref, and no reason can break its terminal or the
// framing. Method: whole answers as text, per capability; then hostile names and reasons.
#include "git/wire/report_status.h"

#include <gtest/gtest.h>

#include "git/wire/pkt_line.h"

namespace origin::git {
namespace {

const Oid kOne = *Oid::from_hex("8dbedbde1c860f1b6afd56e0a7ec4b176daa76f3");

PushReport sample() {
    return {
        .unpack_error = "",
        .refs = {{.name = "refs/heads/main", .refusal = ""},
                 {.name = "refs/heads/old", .refusal = "non-fast-forward"},
                 {.name = "refs/heads/f", .refusal = "", .forced_update = true, .old_id = kOne}}};
}

std::string rendered(const PushReport& report, const PushCapabilities& capabilities) {
    std::string out;
    append_report_status(out, report, capabilities);
    append_push_end(out, capabilities);
    return out;
}

TEST(ReportStatus, SaysNothingToWhoDoesNotListen) {
    EXPECT_EQ(rendered(sample(), {}), "");
    EXPECT_EQ(rendered(sample(), {.side_band = SideBand::Large}), "0000");
}

TEST(ReportStatus, VersionOneHasNoOptions) {
    EXPECT_EQ(rendered(sample(), {.report_status = true}),
              "000eunpack ok\n0017ok refs/heads/main\n"
              "0027ng refs/heads/old non-fast-forward\n0014ok refs/heads/f\n0000");
}

TEST(ReportStatus, VersionTwoTellsWhatDiffers) {
    EXPECT_EQ(rendered(sample(), {.report_status_v2 = true}),
              "000eunpack ok\n0017ok refs/heads/main\n"
              "0027ng refs/heads/old non-fast-forward\n0014ok refs/heads/f\n"
              "003coption old-oid 8dbedbde1c860f1b6afd56e0a7ec4b176daa76f3\n"
              "0019option forced-update\n0000");
    EXPECT_EQ(rendered({.unpack_error = "",
                        .refs = {{.name = "refs/for/x",
                                  .refusal = "",
                                  .actual_name = "refs/heads/x",
                                  .new_id = kOne}}},
                       {.report_status = true, .report_status_v2 = true}),
              "000eunpack ok\n0012ok refs/for/x\n0020option refname refs/heads/x\n"
              "003coption new-oid 8dbedbde1c860f1b6afd56e0a7ec4b176daa76f3\n0000");
}

TEST(ReportStatus, IsNestedInTheDataBand) {
    EXPECT_EQ(rendered({.unpack_error = "index-pack failed", .refs = {}},
                       {.report_status = true, .side_band = SideBand::Large}),
              "0026\1"
              "001dunpack index-pack failed\n0000"
              "0000");
}

TEST(ReportStatus, LongReportsAreSplitOverBandsAndJoinAgain) {
    PushReport report;
    for (int i = 0; i < 10'000; ++i) {
        report.refs.push_back({.name = "refs/heads/" + std::to_string(i), .refusal = ""});
    }
    const std::string bare = rendered(report, {.report_status = true});
    const std::string banded =
        rendered(report, {.report_status = true, .side_band = SideBand::Large});
    std::string joined;
    Bytes unread = bytes_of(banded);
    while (!unread.empty()) {
        const auto line = take_pkt_line(unread);
        ASSERT_TRUE(line && *line);
        if ((*line)->kind == PktKind::Data) {
            joined += text_of((*line)->payload).substr(1);
        }
    }
    EXPECT_EQ(joined, bare);
}

TEST(ReportStatus, AReasonIsOnePrintableLine) {
    EXPECT_EQ(rendered({.unpack_error = "bad\npack\x1b[2J", .refs = {}}, {.report_status = true}),
              "001eunpack bad\\x0apack\\x1b[2J\n0000");
    EXPECT_EQ(
        rendered({.unpack_error = "",
                  .refs = {{.name = "refs/heads/a\nok refs/heads/b", .refusal = "no\r\nyes"}}},
                 {.report_status = true}),
        "000eunpack ok\n0032ng refs/heads/a?ok refs/heads/b no\\x0d\\x0ayes\n0000");
}

TEST(ReportStatus, TheLongestNameStillFitsALine) {
    const std::string name(kPktPayloadBytesMax - 82, 'n');  // The longest that a command can carry.
    const std::string out =
        rendered({.unpack_error = "", .refs = {{.name = name, .refusal = std::string(9999, 'r')}}},
                 {.report_status = true});
    EXPECT_TRUE(out.contains("\nfff0ng " + name + " rrr"));
}

}  // namespace
}  // namespace origin::git
