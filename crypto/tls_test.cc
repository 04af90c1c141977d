// SPDX-License-Identifier: Apache-2.0
// Goal: an unusable certificate is an error when it is loaded, not at the first handshake.
// Method: files that are missing or broken. Handshakes are tested in net.
#include "crypto/tls.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "crypto/self_signed.h"

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

TEST(TlsContext, TakesACertificateOnlyWithItsOwnKey) {
    const std::filesystem::path folder = testing::TempDir();
    const auto write = [&](const char* name, const std::string& text) {
        std::ofstream(folder / name) << text;
        return (folder / name).string();
    };
    const PemPair one = make_self_signed();
    const std::string chain = write("origin-chain.pem", one.certificate);
    const std::string key = write("origin-key.pem", one.key);
    const std::string other = write("origin-other.pem", make_self_signed().key);
    auto context = TlsContext::load(chain, key);
    ASSERT_TRUE(context);
    TlsContext moved = std::move(*context);
    EXPECT_NE(moved.get(), nullptr);
    EXPECT_FALSE(TlsContext::load(chain, other));
    for (const std::string& file : {chain, key, other}) {
        std::filesystem::remove(file);
    }
}

}  // namespace
}  // namespace origin::crypto
