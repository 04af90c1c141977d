// SPDX-License-Identifier: Apache-2.0
// Goal: a body comes out of its framing whole, however the bytes are cut, and nothing behind it is
//       touched.
// Method: the same wire bytes whole and in pieces of every size; broken framing of row H13.
#include "net/body_decoder.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace origin::net {
namespace {

const std::string kHead = "POST / HTTP/1.1\r\nHost: x\r\n";
const std::string kChunked = kHead + "Transfer-Encoding: chunked\r\n\r\n";

struct Decoded {
    std::string body{};
    std::string rest{};
    bool done = false;
    bool refused = false;
};

// Feeds `wire` in pieces of `piece` bytes, as a socket would, with `room` for each output.
Decoded decode(const std::string& head,
               const std::string& wire,
               std::size_t piece,
               std::size_t room = 100) {
    BodyDecoder decoder(head);
    Decoded result;
    std::size_t arrived = 0;
    while (!decoder.done()) {
        auto used = decoder.decode(result.rest, result.body, room);
        if (!used) {
            result.refused = true;
            return result;
        }
        result.rest.erase(0, *used);
        if (*used == 0 && !decoder.done()) {
            if (arrived == wire.size()) {
                return result;
            }
            result.rest += wire.substr(arrived, piece);
            arrived = std::min(wire.size(), arrived + piece);
        }
    }
    result.rest += wire.substr(arrived);
    result.done = true;
    return result;
}

TEST(BodyDecoder, DoesNotCareWhereTheBytesAreCut) {
    const std::string text(300, 't');
    const std::string wire =
        "5\r\nhello\r\n12c;a=\"b c\"\r\n" + text + "\r\n0\r\nX-Trailer: 1\r\n\r\nNEXT";
    for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
        const Decoded decoded = decode(kChunked, wire, piece, 1 + piece % 90);
        EXPECT_TRUE(decoded.done) << piece;
        EXPECT_EQ(decoded.body, "hello" + text) << piece;
        EXPECT_EQ(decoded.rest, "NEXT") << piece;
    }
    const std::string counted = kHead + "Content-Length: 305\r\n\r\n";
    for (std::size_t piece = 1; piece <= 309; ++piece) {
        const Decoded decoded = decode(counted, "hello" + text + "NEXT", piece);
        EXPECT_EQ(decoded.body, "hello" + text);
        EXPECT_EQ(decoded.rest, "NEXT");
    }
}

TEST(BodyDecoder, IsNotDoneBeforeTheEnd) {
    const std::string wire = "5\r\nhello\r\n0\r\n\r\n";
    for (std::size_t size = 0; size < wire.size(); ++size) {
        const Decoded decoded = decode(kChunked, wire.substr(0, size), 1);
        EXPECT_FALSE(decoded.done || decoded.refused) << size;
    }
}

TEST(BodyDecoder, TakesAnEmptyBodyThatTricklesIn) {
    const std::string wire = "0\r\n\r\nNEXT";
    for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
        const Decoded decoded = decode(kChunked, wire, piece);
        EXPECT_TRUE(decoded.done) << piece;
        EXPECT_EQ(decoded.rest, "NEXT") << piece;
    }
}

TEST(BodyDecoder, RefusesBrokenFraming) {
    for (const std::string& wire :
         std::vector<std::string>{"fffffffffffffffff\r\nhello",
                                  "0x5\r\nhello\r\n0\r\n\r\n",
                                  "-5\r\nhello\r\n0\r\n\r\n",
                                  "5\r\nhelloXX0\r\n\r\n",
                                  "5\nhello\r\n0\r\n\r\n",
                                  " 5\r\nhello\r\n0\r\n\r\n",
                                  "5;\nx\r\nhello\r\n0\r\n\r\n",
                                  "\r\n0\r\n\r\n",
                                  "5;" + std::string(17 * kKiB, 'x') + "\r\nhello\r\n0\r\n\r\n",
                                  "0\r\nX: " + std::string(17 * kKiB, 'x') + "\r\n\r\n"}) {
        EXPECT_TRUE(decode(kChunked, wire, wire.size()).refused) << wire.substr(0, 30);
        EXPECT_TRUE(decode(kChunked, wire, 1).refused) << wire.substr(0, 30);
    }
}

}  // namespace
}  // namespace origin::net
