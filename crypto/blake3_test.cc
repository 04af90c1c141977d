// SPDX-License-Identifier: Apache-2.0
// Goal: the hash is BLAKE3's, however the bytes come in. Method: hashes that Debian's b3sum made,
// of lengths around the edges of its blocks (64 bytes) and chunks (1,024 bytes), at once and in
// pieces.
#include "crypto/blake3.h"

#include <algorithm>
#include <array>

#include <gtest/gtest.h>

#include "crypto/encode.h"

namespace origin::crypto {
namespace {

struct Vector {
    std::size_t bytes;  // 0, 1, ... 250, 0, 1 ...
    std::string_view hash;
};

// clang-format off
constexpr std::array kVectors = std::to_array<Vector>({
    {0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"},
    {1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"},
    {63, "e9bc37a594daad83be9470df7f7b3798297c3d834ce80ba85d6e207627b7db7b"},
    {64, "4eed7141ea4a5cd4b788606bd23f46e212af9cacebacdc7d1f4c6dc7f2511b98"},
    {65, "de1e5fa0be70df6d2be8fffd0e99ceaa8eb6e8c93a63f2d8d1c30ecb6b263dee"},
    {1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"},
    {1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"},
    {1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"},
    {2048, "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a"},
    {2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030"},
    {3072, "b98cb0ff3623be03326b373de6b9095218513e64f1ee2edd2525c7ad1e5cffd2"},
    {3073, "7124b49501012f81cc7f11ca069ec9226cecb8a2c850cfe644e327d22d3e1cd3"},
    {8192, "aae792484c8efe4f19e2ca7d371d8c467ffb10748d8a5a1ae579948f718a2a63"},
    {8193, "bab6c09cb8ce8cf459261398d2e7aef35700bf488116ceb94a36d0f5f1b7bc3b"},
    {102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"},
});
// clang-format on

std::string counted(std::size_t bytes) {
    std::string data(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) {
        data[i] = static_cast<char>(i % 251);
    }
    return data;
}

TEST(Blake3, IsWhatB3sumSays) {
    for (const Vector& vector : kVectors) {
        Blake3 hash;
        hash.update(counted(vector.bytes));
        EXPECT_EQ(hex(hash.finish(32)), vector.hash) << vector.bytes;
        EXPECT_EQ(hex(hash.finish(16)), vector.hash.substr(0, 32)) << vector.bytes;
    }
}

TEST(Blake3, PiecesMakeNoDifference) {
    for (const Vector& vector : kVectors) {
        for (const std::size_t piece : {1UZ, 3UZ, 64UZ, 1000UZ, 1024UZ}) {
            const std::string data = counted(vector.bytes);
            Blake3 hash;
            for (std::size_t at = 0; at < data.size(); at += piece) {
                hash.update(std::string_view(data).substr(at, piece));
            }
            EXPECT_EQ(hex(hash.finish(32)), vector.hash) << vector.bytes << " by " << piece;
        }
    }
}

TEST(Blake3, OneBitIsAnotherHash) {
    Blake3 hash;
    hash.update("x");
    EXPECT_NE(hex(hash.finish(32)), kVectors[1].hash);
}

}  // namespace
}  // namespace origin::crypto
