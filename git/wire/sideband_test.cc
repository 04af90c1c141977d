// SPDX-License-Identifier: Apache-2.0
// Goal: bands carry every byte once, in lines a client of that width can hold; text is harmless.
// Method: each width's bound and one past it, read back line by line; a table of hostile texts.
#include "git/wire/sideband.h"

#include <vector>

#include <gtest/gtest.h>

#include "git/wire/pkt_line.h"

namespace origin::git {
namespace {

std::vector<std::size_t> piece_sizes(const std::string& out, std::string& joined) {
    std::vector<std::size_t> sizes;
    Bytes unread = bytes_of(out);
    while (!unread.empty()) {
        const auto line = take_pkt_line(unread);
        if (!line || !*line) {
            ADD_FAILURE() << "not whole lines";
            break;
        }
        const std::string_view payload = text_of((*line)->payload);
        EXPECT_EQ(payload.front(), '\1');
        joined += payload.substr(1);
        sizes.push_back(payload.size() - 1);
    }
    return sizes;
}

TEST(SideBand, SplitsAtTheWidthOfTheClient) {
    using Sizes = std::vector<std::size_t>;
    struct Case {
        SideBand width;
        std::size_t bytes;
        Sizes sizes;
    };
    for (const auto& [width, bytes, sizes] : {
             Case{SideBand::Small, 0, {}},
             Case{SideBand::Small, 1, {1}},
             Case{SideBand::Small, 995, {995}},
             Case{SideBand::Small, 996, {995, 1}},
             Case{SideBand::Large, 65515, {65515}},
             Case{SideBand::Large, 65516, {65515, 1}},
             Case{SideBand::Large, 131031, {65515, 65515, 1}},
         }) {
        const std::string pack(bytes, 'p');
        std::string out;
        append_band(out, Band::Data, bytes_of(pack), width);
        std::string joined;
        EXPECT_EQ(piece_sizes(out, joined), sizes) << bytes;
        EXPECT_EQ(joined, pack);
    }
}

TEST(SideBand, WithoutBandsOnlyThePackIsSent) {
    std::string out;
    append_band(out, Band::Progress, bytes_of("counting"), SideBand::None);
    append_band(out, Band::Fatal, bytes_of("sorry"), SideBand::None);
    append_band(out, Band::Data, bytes_of("PACK"), SideBand::None);
    EXPECT_EQ(out, "PACK");
}

TEST(SideBand, NumbersTheBands) {
    std::string out;
    append_band(out, Band::Progress, bytes_of("p"), SideBand::Large);
    append_band(out, Band::Fatal, bytes_of("f"), SideBand::Small);
    append_keep_alive(out);
    EXPECT_EQ(out,
              "0006\2p0006\3f"
              "0005\1");
}

TEST(ProgressText, LosesWhatATerminalWouldObey) {
    struct Case {
        std::string_view text;
        std::string_view safe;
    };
    for (const auto& [text, safe] : {
             Case{"\x1b[2J\x1b]0;owned\x07", "[2J]0;owned"},
             Case{"100%\r\n", "100%\n"},
             Case{"tab\there", "tabhere"},
             Case{"C1 \xc2\x9b"
                  "31m",
                  "C1 31m"},
             Case{"rtl \xe2\x80\xae"
                  "txt",
                  "rtl txt"},
             Case{"zero\xe2\x80\x8bwidth", "zerowidth"},
             Case{"bad \xff\xc3", "bad ??"},
             Case{"", ""},
             Case{"deployment queued: gr\xc3\xbc\xc3\x9f dich\n",
                  "deployment queued: gr\xc3\xbc\xc3\x9f dich\n"},
         }) {
        EXPECT_EQ(sanitize_progress_text(text), safe);
    }
    EXPECT_EQ(sanitize_progress_text(std::string_view("a\0b", 3)), "ab");
}

}  // namespace
}  // namespace origin::git
