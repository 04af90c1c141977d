// SPDX-License-Identifier: Apache-2.0
// Goal: a sealed secret opens with its key and context, and with nothing else.
// Method: real AES-GCM with counted nonces; every single altered byte.
#include "crypto/seal.h"

#include <cstring>

#include <gtest/gtest.h>

namespace origin::crypto {
namespace {

const std::string kKey(kSealKeyBytes, 'k');

class CountingRandom final : public Random {
public:
    void fill(std::span<std::byte> out) override {
        for (std::byte& byte : out) {
            byte = static_cast<std::byte>(next_++);
        }
    }

private:
    unsigned char next_ = 0;
};

TEST(Seal, OpensWhatItSealed) {
    CountingRandom random;
    for (const std::string& text :
         {std::string(), std::string("token"), std::string(70'000, 'x')}) {
        const std::string sealed = seal(kKey, text, "target/1", random);
        EXPECT_EQ(sealed.size(), text.size() + kSealOverheadBytes);
        EXPECT_EQ(sealed[0], '\x01');
        const auto opened = open(kKey, sealed, "target/1");
        ASSERT_TRUE(opened);
        EXPECT_EQ(*opened, text);
    }
}

TEST(Seal, NeverUsesANonceTwice) {
    CountingRandom random;
    EXPECT_NE(seal(kKey, "token", "c", random), seal(kKey, "token", "c", random));
}

TEST(Seal, DoesNotOpenElsewhere) {
    CountingRandom random;
    const std::string sealed = seal(kKey, "token", "target/1", random);
    EXPECT_FALSE(open(std::string(kSealKeyBytes, 'K'), sealed, "target/1"));
    EXPECT_FALSE(open(kKey, sealed, "target/2"));
    EXPECT_FALSE(open(kKey, sealed, ""));
}

TEST(Seal, DoesNotOpenWithOneBitAltered) {
    CountingRandom random;
    const std::string sealed = seal(kKey, "token", "target/1", random);
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        std::string altered = sealed;
        altered[i] = static_cast<char>(altered[i] ^ 1);
        const auto opened = open(kKey, altered, "target/1");
        ASSERT_FALSE(opened) << i;
        EXPECT_EQ(opened.error().code(), Code::Corrupt);
        EXPECT_EQ(opened.error().reason(), "not_sealed_here");
    }
}

TEST(Seal, DoesNotOpenWhenCutShort) {
    CountingRandom random;
    const std::string sealed = seal(kKey, "token", "", random);
    for (std::size_t size = 0; size < sealed.size(); ++size) {
        EXPECT_FALSE(open(kKey, std::string_view(sealed).substr(0, size), ""));
    }
}

}  // namespace
}  // namespace origin::crypto
