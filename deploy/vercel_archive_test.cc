// SPDX-License-Identifier: Apache-2.0
// Goal: the pieces of an archive are remembered as they were. Method: there and back, and texts
// that nobody wrote.
#include "deploy/vercel_archive.h"

#include <gtest/gtest.h>

namespace origin::deploy {
namespace {

TEST(VercelArchive, PiecesAreRememberedAsTheyWere) {
    const std::string one(40, 'a');
    const std::string two(40, 'b');
    const std::vector<ArchivePiece> pieces{{one, kArchivePieceBytes}, {two, 7}};
    const std::string text = text_of(pieces);
    EXPECT_EQ(text, one + ":104857600 " + two + ":7");
    const auto back = read_pieces(text);
    ASSERT_EQ(back.size(), 2U);
    EXPECT_EQ(back[1].sha1, two);
    EXPECT_EQ(back[0].size, kArchivePieceBytes);
    EXPECT_EQ(text_of({}), "");
}

TEST(VercelArchive, AnotherTextIsNone) {
    const std::string sha(40, 'a');
    for (const std::string& text : {std::string(),
                                    std::string(" "),
                                    std::string(60, 'x'),
                                    sha,
                                    sha + ":",
                                    sha + ":x",
                                    sha + ":1x",
                                    sha + ":1 x",
                                    std::string("a:1"),
                                    sha + ":-1"}) {
        EXPECT_TRUE(read_pieces(text).empty()) << text;
    }
}

}  // namespace
}  // namespace origin::deploy
