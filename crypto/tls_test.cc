// SPDX-License-Identifier: Apache-2.0
// Goal: an unusable certificate is an error when it is loaded, not at the first handshake.
// Method: files that are missing or broken. Handshakes are tested in net.
#include "crypto/tls.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace origin::crypto {
namespace {

TEST(TlsContext, RefusesMissingAndBrokenFiles) {
    const auto missing = TlsContext::load("/nonexistent/chain.pem", "/nonexistent/key.pem");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().reason(), "bad_certificate");
    EXPECT_EQ(missing.error().told_to_peer().find("nonexistent"), std::string::npos);

    const std::filesystem::path file =
        std::filesystem::path(testing::TempDir()) / "origin-broken.pem";
    std::ofstream(file) << "-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n";
    EXPECT_FALSE(TlsContext::load(file.string(), file.string()));
    std::filesystem::remove(file);
}

}  // namespace
}  // namespace origin::crypto
