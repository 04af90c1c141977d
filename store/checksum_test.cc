// SPDX-License-Identifier: Apache-2.0
// Goal: no changed bit and no misplaced value passes for the stored one.
// Method: the published check values of CRC-32C, then every single-bit change of a stored value.
#include "store/checksum.h"

#include <gtest/gtest.h>

namespace origin::store {
namespace {

TEST(Checksum, AgreesWithThePublishedValues) {
    EXPECT_EQ(crc32c(""), 0U);
    EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);    // RFC 3720, B.4.
    EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);  // RFC 3720, B.4.
    EXPECT_EQ(crc32c("6789", crc32c("12345")), 0xe3069283U);
}

TEST(Checksum, IsTheSameByTableAndByInstruction) {
    std::string bytes;
    for (int i = 0; i < 100; ++i) {
        for (std::size_t from = 0; from < 9 && from <= bytes.size(); ++from) {
            const std::string_view part = std::string_view(bytes).substr(from);
            EXPECT_EQ(crc32c(part, 7), crc32c_by_table(part, 7)) << i << " from " << from;
        }
        bytes += static_cast<char>(i * 37);
    }
    EXPECT_EQ(crc32c_by_table("123456789"), 0xe3069283U);
}

TEST(Checksum, FindsEveryChangedBitAndEveryCut) {
    const std::string stored = checksum(Table::Refs, "key", "some value") + "some value";
    ASSERT_EQ(verified(Table::Refs, "key", stored), "some value");
    for (std::size_t bit = 0; bit < stored.size() * 8; ++bit) {
        std::string changed = stored;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
        EXPECT_FALSE(verified(Table::Refs, "key", changed)) << bit;
    }
    for (std::size_t size = 0; size < stored.size(); ++size) {
        EXPECT_FALSE(verified(Table::Refs, "key", std::string_view(stored).substr(0, size)));
    }
}

TEST(Checksum, FindsAMisplacedValue) {
    const std::string stored = checksum(Table::Refs, "key", "value") + "value";
    EXPECT_FALSE(verified(Table::Refs, "kez", stored));
    EXPECT_FALSE(verified(Table::Keys, "key", stored));
    const std::string moved = checksum(Table::Refs, "ke", "yvalue") + "yvalue";
    EXPECT_NE(stored.substr(0, kChecksumBytes), moved.substr(0, kChecksumBytes));
}

}  // namespace
}  // namespace origin::store
