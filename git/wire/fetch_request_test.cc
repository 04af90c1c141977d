// SPDX-License-Identifier: Apache-2.0
// Goal: v0 and v1 fetches are read step by step, however they are cut; numbers cannot lie.
// Method: refusals first, then recorded conversations, bounds and one past them.
#include "git/wire/fetch_request.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace origin::git {
namespace {

const std::string kOne = "8dbedbde1c860f1b6afd56e0a7ec4b176daa76f3";
const std::string kTwo = "0135d3874648cfab65a0a8f476e6199b76c83325";

constexpr FetchFeatures kHistory{.deepen_by_history = true};

std::string pkt(std::string_view text) {
    std::string out;
    append_pkt(out, text);
    return out;
}

Result<FetchStep> fed(V0FetchParser& parser, std::string_view whole) {
    Bytes chunk = bytes_of(whole);
    return parser.feed(chunk);
}

TEST(FetchArgument, RefusesWhatCannotBe) {
    for (const std::string& line : {std::string(""),
                                    std::string("want"),
                                    std::string("want "),
                                    "want " + kOne.substr(1),
                                    "want " + kOne + "0",
                                    "want " + kOne + " thin-pack",
                                    "want  " + kOne,
                                    "have " + std::string(40, 'g'),
                                    "have " + kOne + kOne.substr(0, 24),
                                    std::string("shallow x"),
                                    std::string("deepen "),
                                    std::string("deepen 0"),
                                    std::string("deepen -1"),
                                    std::string("deepen +1"),
                                    std::string("deepen 0x10"),
                                    std::string("deepen 1 "),
                                    std::string("deepen 2147483648"),
                                    std::string("deepen 99999999999999999999"),
                                    std::string("deepen-since "),
                                    std::string("deepen-since yesterday"),
                                    std::string("deepen-since -1"),
                                    std::string("deepen-since 9223372036854775808"),
                                    std::string("deepen-not "),
                                    "deepen-not " + std::string(kRefNameBytesMax + 1, 'r'),
                                    std::string("done "),
                                    std::string("DONE"),
                                    std::string("sideband-all"),
                                    std::string("want-ref refs/heads/main"),
                                    std::string("packfile-uris https"),
                                    std::string("filter blob:none")}) {
        FetchRequest request;
        const auto added = add_fetch_argument(request, line, kHistory);
        ASSERT_FALSE(added) << line;
        EXPECT_EQ(added.error().code(), Code::InvalidInput) << line;
    }
}

TEST(FetchArgument, ReadsDepthsAtTheirBounds) {
    FetchRequest request;
    EXPECT_FALSE(request.deepens());
    EXPECT_TRUE(add_fetch_argument(request, "deepen 1", {}));
    EXPECT_EQ(request.depth, 1U);
    EXPECT_TRUE(add_fetch_argument(request, "deepen 2147483647", {}));
    EXPECT_EQ(request.depth, kInfiniteDepth);
    EXPECT_TRUE(request.deepens());
    EXPECT_TRUE(check_fetch_request(request));
    EXPECT_TRUE(add_fetch_argument(request, "deepen-since 9223372036854775807", kHistory));
    EXPECT_EQ(request.deepen_since, 9223372036854775807);
    EXPECT_FALSE(check_fetch_request(request)) << "depth and time exclude each other";
}

TEST(FetchArgument, BoundsDeepenNot) {
    FetchRequest request;
    for (std::size_t i = 0; i < kDeepenNotMax; ++i) {
        ASSERT_TRUE(add_fetch_argument(request, "deepen-not refs/heads/main", kHistory));
    }
    const auto beyond = add_fetch_argument(request, "deepen-not refs/heads/main", kHistory);
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().code(), Code::LimitExceeded);
}

TEST(FetchArgument, RefusesHistoryThatIsNotOffered) {
    for (const std::string_view line : {"deepen-since 1700000000", "deepen-not refs/heads/main"}) {
        FetchRequest request;
        EXPECT_FALSE(add_fetch_argument(request, line, FetchFeatures{})) << line;
        EXPECT_TRUE(add_fetch_argument(request, line, kHistory)) << line;
    }
}

TEST(FetchArgument, TakesOneFilterIfOffered) {
    FetchRequest request;
    EXPECT_FALSE(add_fetch_argument(request, "filter ", {.filter = true}));
    EXPECT_TRUE(add_fetch_argument(request, "filter blob:none", {.filter = true}));
    EXPECT_EQ(request.filter, "blob:none");
    EXPECT_FALSE(add_fetch_argument(request, "filter tree:0", {.filter = true}));
}

TEST(V0Fetch, RefusesWhatCannotBe) {
    const std::string want = pkt("want " + kOne + "\n");
    for (const std::string& body : {std::string("zzzz"),
                                    std::string("0004"),
                                    std::string("0001"),
                                    std::string("0002"),
                                    pkt("have " + kOne),
                                    pkt("done"),
                                    pkt("command=fetch"),
                                    pkt("want " + kOne + "thin-pack"),
                                    pkt("want " + kOne + "00"),
                                    pkt("want " + kOne + " object-format=sha256"),
                                    pkt("want " + kOne + " filter") + pkt("filter blob:none"),
                                    want + pkt("deepen 2147483648"),
                                    want + pkt("deepen-relative"),
                                    want + "0001"}) {
        V0FetchParser parser{FetchFeatures{}};
        const auto step = fed(parser, body);
        ASSERT_FALSE(step) << body;
        EXPECT_EQ(step.error().code(), Code::InvalidInput) << body;
    }
    const std::string both = want + pkt("deepen 1") + pkt("deepen-since 1") + "0000";
    V0FetchParser parser{kHistory};
    const auto refused = fed(parser, both);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().told_to_peer().contains("cannot be used together"));
    for (const std::string& line : {want, pkt("wait"), std::string("0001"), pkt("done now")}) {
        V0FetchParser in_haves{FetchFeatures{}};
        const std::string body = want + "0000" + line;
        Bytes chunk = bytes_of(body);
        ASSERT_EQ(in_haves.feed(chunk), FetchStep::WantsEnd);
        EXPECT_FALSE(in_haves.feed(chunk)) << line;
    }
}

TEST(V0Fetch, ReadsCapabilitiesOffTheFirstWant) {
    V0FetchParser parser{FetchFeatures{.filter = true}};
    const std::string body =
        pkt("want " + kOne +
            " multi_ack_detailed multi_ack no-done side-band side-band-64k "
            "thin-pack no-progress include-tag ofs-delta deepen-relative filter "
            "object-format=sha1 agent=git/2.39.5\n") +
        pkt("want " + kTwo + "\n") + pkt("shallow " + kTwo) + pkt("deepen 5") +
        pkt("filter blob:none") + "0000";
    ASSERT_EQ(fed(parser, body), FetchStep::WantsEnd);
    const FetchRequest& request = parser.request();
    EXPECT_EQ(request.wants.size(), 2U);
    EXPECT_EQ(request.shallows.size(), 1U);
    EXPECT_EQ(request.depth, 5U);
    EXPECT_EQ(request.filter, "blob:none");
    EXPECT_EQ(request.multi_ack, MultiAck::Detailed);
    EXPECT_EQ(request.side_band, SideBand::Large);
    EXPECT_EQ(request.agent, "git/2.39.5");
    EXPECT_TRUE(request.no_done && request.thin_pack && request.no_progress &&
                request.include_tag && request.ofs_delta && request.deepen_relative);
    EXPECT_TRUE(parser.finish()) << "a stateless client may stop here, to read the shallow lines";
}

TEST(V0Fetch, AnOldClientGetsWhatItAsksFor) {
    V0FetchParser parser{FetchFeatures{}};
    ASSERT_EQ(fed(parser, pkt("want " + kOne + " multi_ack side-band\n") + "0000"),
              FetchStep::WantsEnd);
    EXPECT_EQ(parser.request().multi_ack, MultiAck::Plain);
    EXPECT_EQ(parser.request().side_band, SideBand::Small);

    V0FetchParser bare{FetchFeatures{}};
    ASSERT_EQ(fed(bare, pkt("want " + kOne + "\n") + "0000"), FetchStep::WantsEnd);
    EXPECT_EQ(bare.request().multi_ack, MultiAck::None);
    EXPECT_EQ(bare.request().side_band, SideBand::None);
}

TEST(V0Fetch, GivesTheSameStepsHoweverItIsCut) {
    const std::string whole = pkt("want " + kOne + " multi_ack_detailed\n") + "0000" +
                              pkt("have " + kOne + "\n") + pkt("have " + kTwo + "\n") + "0000" +
                              "0000" + pkt("have " + kTwo + "\n") + pkt("done\n") + "rest";
    for (std::size_t step = 1; step <= whole.size(); ++step) {
        V0FetchParser parser{FetchFeatures{}};
        std::string seen;
        std::string rest;
        for (std::size_t at = 0; at < whole.size(); at += step) {
            Bytes chunk = bytes_of(std::string_view(whole).substr(at, step));
            while (true) {
                const auto fed_step = parser.feed(chunk);
                ASSERT_TRUE(fed_step);
                if (*fed_step == FetchStep::NeedMore || seen.ends_with('D')) {
                    break;
                }
                seen += "?NWBD"[static_cast<int>(*fed_step)];
                seen += std::to_string(parser.request().haves.size() - parser.batch_begin());
                seen += *fed_step == FetchStep::Done ? "D" : "";
            }
            rest += text_of(chunk);
        }
        EXPECT_EQ(seen, "W0B2B0D1D") << step;
        EXPECT_EQ(rest, "rest") << step;
        EXPECT_TRUE(parser.request().done);
        EXPECT_TRUE(parser.finish());
    }
}

TEST(V0Fetch, ASatisfiedClientWantsNothing) {
    V0FetchParser parser{FetchFeatures{}};
    EXPECT_TRUE(parser.finish());
    EXPECT_EQ(fed(parser, "0000"), FetchStep::NothingWanted);
    EXPECT_EQ(fed(parser, "0032want"), FetchStep::NothingWanted) << "nothing more is read";
    EXPECT_TRUE(parser.finish());
}

TEST(V0Fetch, EndingInTheMiddleIsAnError) {
    const std::string want = pkt("want " + kOne + "\n");
    for (const std::string& body : {want, std::string("00"), want.substr(0, 20)}) {
        V0FetchParser parser{FetchFeatures{}};
        ASSERT_EQ(fed(parser, body), FetchStep::NeedMore);
        EXPECT_FALSE(parser.finish()) << body;
    }
    V0FetchParser in_batch{FetchFeatures{}};
    const std::string body = want + "0000" + pkt("have " + kOne);
    Bytes chunk = bytes_of(body);
    ASSERT_EQ(in_batch.feed(chunk), FetchStep::WantsEnd);
    ASSERT_EQ(in_batch.feed(chunk), FetchStep::NeedMore);
    EXPECT_FALSE(in_batch.finish());
}

TEST(V0Fetch, KnowsItsLineLimitAndOneBeyond) {
    std::string body = pkt("want " + kOne) + "0000";
    for (std::size_t i = 0; i < kFetchLinesMax - 3; ++i) {
        body += pkt("have " + kTwo);
    }
    for (const bool one_beyond : {false, true}) {
        V0FetchParser parser{FetchFeatures{}};
        const std::string whole = body + (one_beyond ? pkt("have " + kTwo) : "") + "0000";
        Bytes chunk = bytes_of(whole);
        ASSERT_EQ(parser.feed(chunk), FetchStep::WantsEnd);
        const auto step = parser.feed(chunk);
        ASSERT_EQ(step.has_value(), !one_beyond);
        if (one_beyond) {
            EXPECT_EQ(step.error().code(), Code::LimitExceeded);
        }
    }
}

TEST(V0Fetch, FlushesWithoutEndEnd) {
    V0FetchParser parser{FetchFeatures{}};
    ASSERT_EQ(fed(parser, pkt("want " + kOne) + "0000"), FetchStep::WantsEnd);
    std::size_t flushes = 0;
    while (fed(parser, "0000")) {
        ASSERT_LT(++flushes, kFetchLinesMax);
    }
    EXPECT_EQ(flushes, kFetchLinesMax - 2);
}

}  // namespace
}  // namespace origin::git
