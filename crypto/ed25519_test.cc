// SPDX-License-Identifier: Apache-2.0
// Goal: keys and signatures are those of RFC 8032.
// Method: the vectors of its section 7.1; our own verifier as the other side.
#include "crypto/ed25519.h"

#include <gtest/gtest.h>

#include "crypto/encode.h"
#include "crypto/public_key.h"

namespace origin::crypto {
namespace {

struct Vector {
    std::string seed, public_key, message, signature;
};

TEST(Ed25519, SignsAsTheRfcSays) {
    const Vector vectors[] = {{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                               "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                               "",
                               "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb"
                               "8821590a33bacc61e39701c"
                               "f9b46bd25bf5f0595bbe24655141438e7a100b"},
                              {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                               "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                               "72",
                               "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085"
                               "ac1e43e15996e458f3613d0"
                               "f11d8c387b2eaeb4302aeeb00d291612bb0c00"}};
    for (const Vector& vector : vectors) {
        const std::string seed = *hex_decode(vector.seed);
        const std::string message = *hex_decode(vector.message);
        EXPECT_EQ(hex(ed25519_public_key(seed)), vector.public_key);
        EXPECT_EQ(hex(ed25519_sign(seed, message)), vector.signature);
        const auto key = PublicKey::from_ed25519(ed25519_public_key(seed));
        ASSERT_TRUE(key);
        EXPECT_TRUE(key->verifies(message, ed25519_sign(seed, message)));
        EXPECT_FALSE(key->verifies(message + "x", ed25519_sign(seed, message)));
    }
}

}  // namespace
}  // namespace origin::crypto
