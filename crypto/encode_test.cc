// SPDX-License-Identifier: Apache-2.0
// Goal: each value has one spelling, and every other spelling is refused.
// Method: published vectors, then tables of near misses.
#include "crypto/encode.h"

#include <gtest/gtest.h>

namespace origin::crypto {
namespace {

// The bytes of a literal, with the zeros in it.
template <std::size_t N>
std::string raw(const char (&text)[N]) {
    return {text, N - 1};
}

TEST(Base64, GivesTheAnswersOfRfc4648) {
    const std::pair<std::string, std::string> rows[] = {{"", ""},
                                                        {"f", "Zg=="},
                                                        {"fo", "Zm8="},
                                                        {"foo", "Zm9v"},
                                                        {"foob", "Zm9vYg=="},
                                                        {"fooba", "Zm9vYmE="},
                                                        {"foobar", "Zm9vYmFy"}};
    for (const auto& [bytes, text] : rows) {
        EXPECT_EQ(base64(bytes), text);
        EXPECT_EQ(base64_decode(text), bytes);
        std::string bare = text.substr(0, text.find('='));
        EXPECT_EQ(base64url(bytes), bare);
        EXPECT_EQ(base64url_decode(bare), bytes);
    }
    EXPECT_EQ(base64("\xfb\xff\xfe"), "+//+");
    EXPECT_EQ(base64url("\xfb\xff\xfe"), "-__-");
}

TEST(Base64, RefusesEveryOtherSpelling) {
    for (const std::string text : {"Zg",
                                   "Zg=",
                                   "Zg===",
                                   "Zh==",
                                   "Zm9=",
                                   "Z===",
                                   "=",
                                   "====",
                                   "Zg==Zg==",
                                   "Zm9v\n",
                                   " Zm9v",
                                   "Zm-_",
                                   "Zm9\0"}) {
        EXPECT_FALSE(base64_decode(text)) << text;
    }
    for (const std::string text : {"Z", "Zg==", "Zh", "Zm9", "Zm+v"}) {
        EXPECT_FALSE(base64url_decode(text)) << text;
    }
}

TEST(Hex, ReadsEitherCaseAndWritesOne) {
    EXPECT_EQ(hex(raw("\x00\xab\xff")), "00abff");
    EXPECT_EQ(hex_decode("00aBFf"), raw("\x00\xab\xff"));
    EXPECT_EQ(hex_decode(""), "");
    EXPECT_FALSE(hex_decode("0"));
    EXPECT_FALSE(hex_decode("0g"));
    EXPECT_FALSE(hex_decode("+1"));
}

TEST(Base62, WritesNumbersAtAFixedWidth) {
    EXPECT_EQ(base62_number(0, 1), "0");
    EXPECT_EQ(base62_number(61, 1), "z");
    EXPECT_EQ(base62_number(62, 3), "010");
    EXPECT_EQ(base62_number(0xFFFFFFFFU, 6), "4gfFC3");
}

TEST(Base62, GivesBytesBack) {
    EXPECT_EQ(base62_digits(32), 43U);
    EXPECT_EQ(base62_digits(16), 22U);
    for (const std::size_t size : {0U, 1U, 7U, 16U, 32U}) {
        for (const char fill : {'\0', '\x01', '\x7f', '\xff'}) {
            const std::string bytes(size, fill);
            const std::string text = base62(bytes);
            EXPECT_EQ(text.size(), base62_digits(size));
            EXPECT_EQ(base62_decode(text, size), bytes);
        }
    }
    EXPECT_EQ(base62(raw("\x00\x3e")), "010");
}

TEST(Base62, RefusesWhatIsNotOfThatSize) {
    EXPECT_EQ(base62_decode("47", 1), "\xff");
    EXPECT_FALSE(base62_decode("48", 1));  // 256
    EXPECT_FALSE(base62_decode("zz", 1));
    EXPECT_FALSE(base62_decode("1", 1));
    EXPECT_FALSE(base62_decode("047", 1));
    EXPECT_FALSE(base62_decode("4-", 1));
}

TEST(Crc32, GivesThePublishedAnswer) {
    EXPECT_EQ(crc32("123456789"), 0xCBF43926U);
    EXPECT_EQ(crc32(""), 0U);
    EXPECT_EQ(base62_checksum("123456789"), base62_number(0xCBF43926U, 6));
    EXPECT_NE(base62_checksum("abd"), base62_checksum("abc"));
}

}  // namespace
}  // namespace origin::crypto
