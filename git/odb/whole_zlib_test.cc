// SPDX-License-Identifier: Apache-2.0
// Goal: what is deflated as a whole is what zlib reads, and what zlib deflates is read as a whole.
// Method: zlib's own two directions as the oracle; every cut and every changed byte of a stream.
#include "git/odb/whole_zlib.h"

#include <vector>

#include <gtest/gtest.h>

#include "git/odb/zlib_stream.h"

namespace origin::git {
namespace {

std::vector<std::string> samples() {
    std::vector<std::string> texts = {"", "a", "hello, hello, hello", std::string(300'000, 'x')};
    std::string noise;
    std::uint32_t state = 1;
    for (int i = 0; i < 100'000; ++i) {
        state = state * 1664525U + 1013904223U;
        noise += static_cast<char>(state >> 24);
    }
    texts.push_back(noise);
    texts.push_back(noise + texts[3] + noise.substr(0, 999));
    return texts;
}

std::string by_zlib(std::string_view text, int level) {
    std::string out;
    Deflater(level).step(text, true, out);
    return out;
}

Result<std::string> read_whole(std::string_view stream, std::size_t size) {
    std::string out(size, '?');
    ORIGIN_CHECK(inflate_exactly(bytes_of(stream), out));
    return out;
}

TEST(WholeZlib, IsReadByZlib) {
    for (const std::string& text : samples()) {
        for (const int level : {0, 1, 6, 9}) {
            const std::string stream = deflate_all(text, level);
            std::string out(text.size() + 1, '?');
            Inflater inflater;
            const auto read = inflater.step(bytes_of(stream), out);
            ASSERT_TRUE(read) << text.size() << " at " << level;
            EXPECT_TRUE(read->is_end);
            EXPECT_EQ(read->consumed, stream.size());
            EXPECT_EQ(out.substr(0, read->produced), text);
        }
    }
}

TEST(WholeZlib, ReadsWhatZlibWrote) {
    for (const std::string& text : samples()) {
        for (const int level : {0, 1, 9}) {
            EXPECT_EQ(read_whole(by_zlib(text, level) + "what follows", text.size()).value(), text);
        }
    }
}

TEST(WholeZlib, AppendsBehindWhatIsThere) {
    const WholeDeflater deflater(1);
    std::string out = "head";
    deflater.append("one", out);
    const std::size_t second = out.size();
    deflater.append("two", out);
    EXPECT_EQ(out.substr(0, 4), "head");
    EXPECT_EQ(read_whole(std::string_view(out).substr(4), 3).value(), "one");
    EXPECT_EQ(read_whole(std::string_view(out).substr(second), 3).value(), "two");
}

TEST(WholeZlib, RefusesAnotherLength) {
    const std::string stream = deflate_all("hello, hello, hello", 1);
    for (const std::size_t size : {0U, 18U, 20U, 1000U}) {
        EXPECT_EQ(read_whole(stream, size).error().reason(), "bad_object_size") << size;
    }
}

TEST(WholeZlib, RefusesEveryCutAndEveryChangedByte) {
    const std::string text = "hello, hello, hello, and a little more that is not the same";
    const std::string stream = deflate_all(text, 1);
    for (std::size_t size = 0; size < stream.size(); ++size) {
        EXPECT_FALSE(read_whole(std::string_view(stream).substr(0, size), text.size())) << size;
    }
    // The first two bytes hold the window and level that nobody needs; their check digit covers it.
    for (std::size_t at = 0; at < stream.size(); ++at) {
        std::string changed = stream;
        changed[at] = static_cast<char>(changed[at] ^ 0x10);
        EXPECT_FALSE(read_whole(changed, text.size())) << at;
    }
}

TEST(WholeZlib, CountsTheCheckOfAnIndex) {
    EXPECT_EQ(crc32_of("123456789"), 0xcbf43926U);  // Of CRC-32/ISO-HDLC; published.
    EXPECT_EQ(crc32_of(""), 0U);
}

}  // namespace
}  // namespace origin::git
