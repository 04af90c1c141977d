// SPDX-License-Identifier: Apache-2.0
// Goal: hashes and MACs are the standard ones, however the bytes are cut.
// Method: published vectors (FIPS 180-4 examples, RFC 4231).
#include "crypto/hash.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crypto/encode.h"
#include "crypto/hmac.h"

namespace origin::crypto {
namespace {

TEST(Hash, GivesThePublishedAnswers) {
    EXPECT_EQ(hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(hex(sha1("")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    EXPECT_EQ(hex(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(hex(sha512("abc")),
              "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
              "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Hash, DoesNotCareWhereTheBytesAreCut) {
    const std::string text(1000, 'a');
    for (const std::size_t piece : {1U, 7U, 64U, 999U}) {
        Sha256 hash;
        for (std::size_t at = 0; at < text.size(); at += piece) {
            hash.update(std::string_view(text).substr(at, piece));
        }
        EXPECT_EQ(hash.finish(), sha256(text)) << piece;
    }
}

TEST(Hash, StartsAnewAfterFinish) {
    Sha1 hash;
    hash.update(std::string_view("something else"));
    (void)hash.finish();
    hash.update(std::string_view("abc"));
    EXPECT_EQ(hash.finish(), sha1("abc"));
}

TEST(Hmac, GivesTheAnswersOfRfc4231) {
    EXPECT_EQ(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hex(hmac_sha256(std::string(131, '\xaa'),
                              "Test Using Larger Than Block-Size Key - Hash Key First")),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hmac, TakesAnEmptyKeyAsAKey) {
    (void)hmac_sha256("some key", "x");
    EXPECT_EQ(hex(hmac_sha256("", "")),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(ConstantTimeEqual, Compares) {
    EXPECT_TRUE(constant_time_equal("", ""));
    EXPECT_TRUE(constant_time_equal("secret", "secret"));
    EXPECT_FALSE(constant_time_equal("secret", "secreT"));
    EXPECT_FALSE(constant_time_equal("secret", "secre"));
    EXPECT_FALSE(constant_time_equal("", "x"));
}

TEST(ConstantTimeEqual, SeesEachBitOfEachByte) {
    const std::string key(kSha256Bytes, 'k');
    for (std::size_t at = 0; at < key.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string wrong = key;
            wrong[at] = static_cast<char>(wrong[at] ^ (1 << bit));
            EXPECT_FALSE(constant_time_equal(wrong, key)) << at << " " << bit;
        }
    }
}

/// Bytes of which all but the first are where nobody may read.
std::string_view first_byte_readable(const void* pages) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return {static_cast<const char*>(pages) + page - 1, kSha256Bytes};
}

bool stops_at_the_first(std::string_view a, std::string_view b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

/// How long it takes is what `./dev bench constant-time` looks at; here, that it reads on.
TEST(ConstantTimeEqual, ReadsOnAfterAWrongByte) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    void* pages =
        ::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(pages, MAP_FAILED);
    ASSERT_EQ(::mprotect(static_cast<char*>(pages) + page, page, PROT_NONE), 0);
    const std::string wrong(kSha256Bytes, 'x');
    EXPECT_FALSE(stops_at_the_first(wrong, first_byte_readable(pages)));
    EXPECT_DEATH(constant_time_equal(wrong, first_byte_readable(pages)), "");
    EXPECT_DEATH(constant_time_equal(first_byte_readable(pages), wrong), "");
    ::munmap(pages, 2 * page);
}

}  // namespace
}  // namespace origin::crypto
