// SPDX-License-Identifier: Apache-2.0
// Goal: a push's head is read to its last byte and not one further, and hostile ones cost little.
// Method: refusals, ref names, bounds and one past, every prefix and every cut of a whole head.
#include "git/wire/receive_commands.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace origin::git {
namespace {

using std::string_literals::operator""s;

const std::string kZero(40, '0');
const std::string kOne = "8dbedbde1c860f1b6afd56e0a7ec4b176daa76f3";
const std::string kTwo = "0135d3874648cfab65a0a8f476e6199b76c83325";
const std::string kUpdate = kOne + " " + kTwo + " refs/heads/main";

std::string pkt(std::string_view text) {
    std::string out;
    append_pkt(out, text);
    return out;
}

Result<bool> fed(ReceiveCommandsParser& parser, std::string_view whole) {
    Bytes chunk = bytes_of(whole);
    return parser.feed(chunk);
}

PushRequest parsed(std::string_view whole) {
    ReceiveCommandsParser parser;
    EXPECT_EQ(fed(parser, whole), true);
    return parser.take();
}

TEST(ReceiveCommands, RefusesWhatIsNoCommand) {
    for (const std::string& head : {"zzzz"s,
                                    "0003"s,
                                    "0004"s,
                                    "0001"s,
                                    "0002"s,
                                    "fff1"s,
                                    pkt("hello"),
                                    pkt(kOne + " " + kTwo),
                                    pkt(kOne + " " + kTwo + " "),
                                    pkt(kOne + " " + kTwo + "\n"),
                                    pkt(kOne.substr(1) + " " + kTwo + " refs/heads/main"),
                                    pkt(kOne + "0 " + kTwo + " refs/heads/main"),
                                    pkt(kOne + "  " + kTwo + " refs/heads/main"),
                                    pkt(kOne + " " + kTwo + "\trefs/heads/main"),
                                    pkt(kOne + kOne.substr(0, 24) + " " + kTwo + " refs/heads/x"),
                                    pkt("shallow " + kOne + "0"),
                                    pkt("shallow "),
                                    pkt("push-cert\0"s),
                                    pkt("push-cert"),
                                    pkt("want " + kOne),
                                    pkt("\0report-status"s),
                                    pkt(kUpdate + "\0object-format=sha256"s)}) {
        ReceiveCommandsParser parser;
        const auto done = fed(parser, head + "0000");
        ASSERT_FALSE(done) << head;
        EXPECT_EQ(done.error().code(), Code::InvalidInput) << head;
        EXPECT_FALSE(parser.finish()) << head;
    }
}

TEST(ReceiveCommands, NamesTheFormatItCannotTake) {
    ReceiveCommandsParser parser;
    const auto done = fed(parser, pkt(kUpdate + "\0 object-format=sha256"s));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().told_to_peer(), "unsupported object format: 'sha256'");
}

TEST(ReceiveCommands, ABadNameRefusesItsRefAlone) {
    for (const std::string& name : {"HEAD"s,
                                    "FETCH_HEAD"s,
                                    "refs/heads/"s,
                                    "refs/heads"s,
                                    "refs/../config"s,
                                    "refs/heads/a..b"s,
                                    "refs/heads/x.lock"s,
                                    "refs/heads/a b"s,
                                    "refs/heads/-h"s,
                                    "refs/heads/a\nb"s,
                                    "refs/heads/\x1b]0;x"s,
                                    "refs/heads/\xe2\x80\xae"s,
                                    "refs/heads/\xff"s,
                                    "refs/heads/" + std::string(5000, 'x')}) {
        const PushRequest push =
            parsed(pkt(kUpdate) + pkt(kZero + " " + kOne + " " + name) + "0000");
        ASSERT_EQ(push.commands.size(), 2U);
        EXPECT_TRUE(push.commands[0].name);
        EXPECT_EQ(push.commands[0].refusal, "");
        EXPECT_FALSE(push.commands[1].name) << name;
        EXPECT_NE(push.commands[1].refusal, "") << name;
        EXPECT_EQ(push.commands[1].raw_name, name);
    }
}

TEST(ReceiveCommands, ARefNamedTwiceIsRefusedTwice) {
    const PushRequest push = parsed(pkt(kZero + " " + kOne + " refs/heads/a") + pkt(kUpdate) +
                                    pkt(kOne + " " + kZero + " refs/heads/a") + "0000");
    ASSERT_EQ(push.commands.size(), 3U);
    EXPECT_NE(push.commands[0].refusal, "");
    EXPECT_EQ(push.commands[1].refusal, "");
    EXPECT_NE(push.commands[2].refusal, "");
}

TEST(ReceiveCommands, TheProbeAsksForNothing) {
    EXPECT_TRUE(parsed("0000").is_probe());
    EXPECT_FALSE(parsed("0000").expects_pack());
    EXPECT_TRUE(parsed(pkt("shallow " + kOne) + "0000").is_probe());
    EXPECT_FALSE(parsed(pkt(kUpdate) + "0000").is_probe());
}

TEST(ReceiveCommands, OnlyDeletesComeWithoutAPack) {
    const std::string removal = pkt(kOne + " " + kZero + " refs/heads/gone");
    const PushRequest deletes = parsed(removal + "0000");
    EXPECT_TRUE(deletes.commands[0].is_delete());
    EXPECT_FALSE(deletes.expects_pack());
    EXPECT_TRUE(parsed(removal + pkt(kUpdate) + "0000").expects_pack());
    EXPECT_TRUE(parsed(pkt(kZero + " " + kOne + " refs/heads/a") + "0000").commands[0].is_create());
}

TEST(ReceiveCommands, ReadsCapabilities) {
    const PushRequest all =
        parsed(pkt(kUpdate +
                   "\0 report-status report-status-v2 side-band-64k quiet atomic delete-refs "
                   "ofs-delta object-format=sha1 agent=git/2.39.5\x1b session-id=s1 nonsense\n"s) +
               "0000");
    const PushCapabilities& chosen = all.capabilities;
    EXPECT_TRUE(chosen.report_status && chosen.report_status_v2 && chosen.quiet && chosen.atomic &&
                chosen.delete_refs && chosen.ofs_delta);
    EXPECT_FALSE(chosen.push_options);
    EXPECT_EQ(chosen.side_band, SideBand::Large);
    EXPECT_EQ(chosen.agent, "git/2.39.5\\x1b");
    EXPECT_EQ(chosen.session_id, "s1");
    EXPECT_EQ(all.commands[0].raw_name, "refs/heads/main");

    const PushRequest none = parsed(pkt(kUpdate) + "0000");
    EXPECT_FALSE(none.capabilities.report_status || none.capabilities.report_status_v2);
    EXPECT_EQ(none.capabilities.side_band, SideBand::None);

    // report-status-v2 alone does not mean report-status.
    EXPECT_FALSE(parsed(pkt(kUpdate + "\0report-status-v2"s) + "0000").capabilities.report_status);
}

TEST(ReceiveCommands, KeepsPushOptionsAsTheyCame) {
    const PushRequest push =
        parsed(pkt(kUpdate + "\0push-options"s) + "0000" + pkt("a;b=c\n") + pkt("a\nb") +
               pkt("nul\0byte"s) + pkt("\xff\x1b]") + pkt("=") + "0004" + "0000");
    EXPECT_EQ(push.options,
              (std::vector{"a;b=c"s, "a\nb"s, "nul\0byte"s, "\xff\x1b]"s, "="s, ""s}));
    EXPECT_TRUE(parsed(pkt(kUpdate) + "0000").options.empty()) << "not chosen: none follow";
}

TEST(ReceiveCommands, KnowsItsOptionLimitsAndOneBeyond) {
    const std::string begin = pkt(kUpdate + "\0push-options"s) + "0000";
    std::string most;
    for (std::size_t i = 0; i < kPushOptionsMax; ++i) {
        most += pkt(std::string(kPushOptionBytesMax, 'o'));
    }
    EXPECT_EQ(parsed(begin + most + "0000").options.size(), kPushOptionsMax);
    for (const std::string& beyond :
         {begin + most + pkt("o"), begin + pkt(std::string(kPushOptionBytesMax + 1, 'o'))}) {
        ReceiveCommandsParser parser;
        const auto done = fed(parser, beyond);
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code(), Code::LimitExceeded);
    }
}

TEST(ReceiveCommands, KnowsItsCommandLimitAndOneBeyond) {
    std::string most;
    for (std::size_t i = 0; i < kPushCommandsMax; ++i) {
        most += pkt(kZero + " " + kOne + " refs/heads/" + std::to_string(i));
    }
    const PushRequest push = parsed(most + "0000");
    EXPECT_EQ(push.commands.size(), kPushCommandsMax);
    EXPECT_EQ(push.commands.back().refusal, "");
    ReceiveCommandsParser parser;
    const auto beyond = fed(parser, most + pkt(kUpdate));
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().code(), Code::LimitExceeded);
}

TEST(ReceiveCommands, LongNamesEndAtTheByteLimit) {
    const std::string command = pkt(kZero + " " + kOne + " refs/heads/" + std::string(60'000, 'x'));
    ReceiveCommandsParser parser;
    Result<bool> done = false;
    std::size_t taken = 0;
    while (done && taken < 1000) {
        done = fed(parser, command);
        ++taken;
    }
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), Code::LimitExceeded);
    EXPECT_EQ(taken, kPushHeadBytesMax / command.size() + 1);
}

TEST(ReceiveCommands, StopsAtThePackHoweverItIsCut) {
    const std::string head = pkt("shallow " + kTwo) + pkt(kUpdate + "\0push-options atomic\n"s) +
                             pkt(kOne + " " + kZero + " refs/tags/v1") + "0000" +
                             pkt("deploy.skip") + "0000";
    const std::string whole = head + "PACK\0\0\0\2"s;
    for (std::size_t step = 1; step <= whole.size(); ++step) {
        ReceiveCommandsParser parser;
        std::string pack;
        for (std::size_t at = 0; at < whole.size(); at += step) {
            Bytes chunk = bytes_of(std::string_view(whole).substr(at, step));
            const auto done = parser.feed(chunk);
            ASSERT_TRUE(done);
            EXPECT_EQ(*done, at + step >= head.size());
            pack += text_of(chunk);
        }
        EXPECT_EQ(pack, "PACK\0\0\0\2"s) << step;
        ASSERT_TRUE(parser.finish());
        const PushRequest push = parser.take();
        EXPECT_EQ(push.commands.size(), 2U);
        EXPECT_EQ(push.shallows.size(), 1U);
        EXPECT_EQ(push.options, std::vector{"deploy.skip"s});
    }
    for (std::size_t size = 0; size < head.size(); ++size) {
        ReceiveCommandsParser parser;
        EXPECT_EQ(fed(parser, std::string_view(head).substr(0, size)), false) << size;
        EXPECT_FALSE(parser.finish()) << size;
    }
}

}  // namespace
}  // namespace origin::git
