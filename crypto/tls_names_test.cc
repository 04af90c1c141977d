// SPDX-License-Identifier: Apache-2.0
// Goal: a folder of certificates is read whole or not at all, and each is found by its own names.
// Method: broken folders first. Handshakes are in the scenario (curl).
#include "crypto/tls_names.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "crypto/self_signed.h"

namespace origin::crypto {
namespace {

namespace fs = std::filesystem;

class TlsNamesTest : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::path(testing::TempDir()) / "origin-tls-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { fs::remove_all(folder_); }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name) << text;
    }

    fs::path folder_;
    TlsNames names_;
};

TEST_F(TlsNamesTest, KeepsWhatItHasWhenAFolderCannotBeUsed) {
    const PemPair pair = make_self_signed();
    write("a.pem", pair.certificate);
    write("a.key", pair.key);
    write("notes.txt", "not one");
    ASSERT_TRUE(names_.load(folder_.string()));
    EXPECT_EQ(names_.size(), 1U);
    write("b.pem", pair.certificate);
    EXPECT_FALSE(names_.load(folder_.string()));  // Without its key.
    write("b.key", make_self_signed().key);
    EXPECT_FALSE(names_.load(folder_.string()));  // With another's.
    write("b.pem", "nothing");
    EXPECT_EQ(names_.load(folder_.string()).error().reason(), "bad_certificate");
    EXPECT_FALSE(names_.load((folder_ / "missing").string()));
    EXPECT_NE(names_.find("localhost"), nullptr);
    fs::remove(folder_ / "b.pem");
    fs::remove(folder_ / "a.pem");
    EXPECT_TRUE(names_.load(folder_.string()));
    EXPECT_EQ(names_.find("localhost"), nullptr);
}

TEST_F(TlsNamesTest, FindsByWholeNames) {
    const PemPair pair = make_self_signed();
    write("a.pem", pair.certificate);
    write("a.key", pair.key);
    ASSERT_TRUE(names_.load(folder_.string()));
    EXPECT_NE(names_.find("localhost"), nullptr);
    for (const std::string name : {"", ".", "x.localhost", "localhost.", "localhos", "127.0.0.1"}) {
        EXPECT_EQ(names_.find(name), nullptr) << name;
    }
}

}  // namespace
}  // namespace origin::crypto
