// SPDX-License-Identifier: Apache-2.0
// Goal: the lines around a pack are the ones each generation of clients waits for.
// Method: whole answers as text; a wrong flush or delimiter here is a client that hangs.
#include "git/wire/fetch_response.h"

#include <array>

#include <gtest/gtest.h>

namespace origin::git {
namespace {

const std::string kA = std::string(40, 'a');
const std::string kB = std::string(40, 'b');
const Oid kOidA = *Oid::from_hex(kA);
const Oid kOidB = *Oid::from_hex(kB);

TEST(FetchResponse, AcknowledgesInSections) {
    std::string out;
    append_acknowledgments(out, {}, false);
    EXPECT_EQ(out, "0014acknowledgments\n0008NAK\n0000");

    const std::array common{kOidA, kOidB};
    out.clear();
    append_acknowledgments(out, common, false);
    EXPECT_EQ(out, "0014acknowledgments\n0031ACK " + kA + "\n0031ACK " + kB + "\n0000");

    out.clear();
    append_acknowledgments(out, common, true);
    append_shallow_info(out, {.shallow = {kOidA}, .unshallow = {kOidB}});
    append_packfile_header(out);
    EXPECT_EQ(out,
              "0014acknowledgments\n0031ACK " + kA + "\n0031ACK " + kB + "\n000aready\n0001" +
                  "0011shallow-info\n0034shallow " + kA + "0036unshallow " + kB + "0001" +
                  "000dpackfile\n");
}

TEST(FetchResponse, V0ShallowLinesEndWithAFlush) {
    std::string out;
    append_v0_shallow(out, {.shallow = {kOidA}, .unshallow = {kOidB}});
    EXPECT_EQ(out, "0034shallow " + kA + "0036unshallow " + kB + "0000");
    out.clear();
    append_v0_shallow(out, {});
    EXPECT_EQ(out, "0000");
}

/// One letter a call: A known, B unknown, E unknown and enough, `.` a batch's end, `!` one that is
/// enough, D done. `P`: the pack follows.
std::string conversation(MultiAck mode, bool no_done, std::string_view calls) {
    V0Acks acks(mode, no_done);
    std::string out;
    for (const char call : calls) {
        std::string lines;
        bool pack = false;
        switch (call) {
            case 'A':
                acks.known(lines, kOidA);
                break;
            case 'B':
            case 'E':
                acks.unknown(lines, kOidB, call == 'E');
                break;
            case '.':
            case '!':
                pack = acks.end_batch(lines, call == '!');
                break;
            default:
                acks.done(lines);
        }
        for (Bytes unread = bytes_of(lines); !unread.empty();) {
            const auto line = take_pkt_line(unread);
            std::string text(chomped((*line)->payload));
            for (const auto& [id, letter] : {std::pair{kA, "a"}, std::pair{kB, "b"}}) {
                if (const auto at = text.find(id); at != std::string::npos) {
                    text.replace(at, id.size(), letter);
                }
            }
            out += text + "; ";
        }
        out += pack ? "P" : "";
    }
    return out;
}

TEST(V0Acks, FollowTheModeOfTheClient) {
    struct Case {
        MultiAck mode;
        bool no_done;
        std::string_view calls;
        std::string_view lines;
    };
    for (const auto& [mode, no_done, calls, lines] : {
             Case{MultiAck::None, false, "D", "NAK; "},
             Case{MultiAck::None, false, "B.BD", "NAK; NAK; "},
             Case{MultiAck::None, false, "A.D", "ACK a; "},
             Case{MultiAck::None, false, "BAAE.!D", "ACK a; "},
             Case{MultiAck::Plain, false, "D", "NAK; "},
             Case{MultiAck::Plain, false, "B.D", "NAK; NAK; "},
             Case{MultiAck::Plain, false, "AB.D", "ACK a continue; NAK; ACK a; "},
             Case{MultiAck::Plain, false, "AE.D", "ACK a continue; ACK b continue; NAK; ACK a; "},
             Case{MultiAck::Plain, true, "A!D", "ACK a continue; NAK; ACK a; "},
             Case{MultiAck::Detailed, false, "D", "NAK; "},
             Case{MultiAck::Detailed, false, "E!D", "NAK; NAK; "},
             Case{MultiAck::Detailed, false, "AB!D", "ACK a common; NAK; ACK a; "},
             Case{MultiAck::Detailed, false, "AE!D", "ACK a common; ACK b ready; NAK; ACK a; "},
             Case{MultiAck::Detailed, false, "A!D", "ACK a common; ACK a ready; NAK; ACK a; "},
             Case{MultiAck::Detailed, false, "A.D", "ACK a common; NAK; ACK a; "},
             Case{MultiAck::Detailed, true, "A.", "ACK a common; NAK; "},
             Case{MultiAck::Detailed, true, "A!", "ACK a common; ACK a ready; NAK; ACK a; P"},
             Case{MultiAck::Detailed, true, "AE.", "ACK a common; ACK b ready; NAK; ACK a; P"},
             Case{MultiAck::Detailed, true, "!", "NAK; "},
         }) {
        EXPECT_EQ(conversation(mode, no_done, calls), lines)
            << calls << " in mode " << static_cast<int>(mode);
    }
}

}  // namespace
}  // namespace origin::git
