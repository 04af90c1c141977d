// SPDX-License-Identifier: Apache-2.0
// Goal: a folder is served with the key that sealed its secrets, or not at all; a replacement that
// was broken off anywhere goes on.
// Method: a real folder beside the in-memory store.
#include "origind/master_key.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "crypto/encode.h"
#include "store/memory_store.h"

namespace origin {
namespace {

class OpenMasterKey : public ::testing::Test {
protected:
    OpenMasterKey() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "origin-key-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    ~OpenMasterKey() override { std::filesystem::remove_all(folder_); }

    void put(const char* file, char filling) const {
        std::ofstream(folder_ / file, std::ios::binary) << std::string(32, filling);
        ::chmod((folder_ / file).c_str(), 0600);
    }
    bool has(const char* file) const { return std::filesystem::exists(folder_ / file); }

    /// The key's first byte, or the error's reason.
    std::string opened(char text = 0, char previous_text = 0) {
        const auto spelled = [](char filling) {
            return Secret(filling == 0 ? "" : crypto::hex(std::string(32, filling)));
        };
        const auto key = open_master_key(*store_,
                                         {.folder = folder_,
                                          .credentials = {},
                                          .text = spelled(text),
                                          .previous_text = spelled(previous_text)},
                                         random_,
                                         log_,
                                         clock_);
        return key ? key->reveal().substr(0, 1) : std::string(key.error().reason());
    }

    std::filesystem::path folder_;
    SystemClock clock_;
    SystemRandom random_;
    Log log_{2, LogFormat::Text, Level::Error, clock_};
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
};

TEST_F(OpenMasterKey, IsMadeForANewFolderOnly) {
    const std::string made = opened();
    EXPECT_EQ(made.size(), 1U) << made;
    EXPECT_EQ(opened(), made);
    std::filesystem::remove(folder_ / crypto::kMasterKeyFile);
    EXPECT_EQ(opened(), "master_key_missing");
    EXPECT_FALSE(has(crypto::kMasterKeyFile)) << "another one was made";
}

TEST_F(OpenMasterKey, MustBeTheOneThatSealed) {
    put(crypto::kMasterKeyFile, 'a');
    EXPECT_EQ(opened(), "a");
    put(crypto::kMasterKeyFile, 'b');
    EXPECT_EQ(opened(), "master_key_wrong");
    put(crypto::kPreviousKeyFile, 'c');
    EXPECT_EQ(opened(), "master_key_wrong");
    EXPECT_TRUE(has(crypto::kPreviousKeyFile));
    put(crypto::kMasterKeyFile, 'a');
    EXPECT_EQ(opened(), "a");
}

TEST_F(OpenMasterKey, IsReplacedAtTheNextStart) {
    put(crypto::kMasterKeyFile, 'a');
    ASSERT_EQ(opened(), "a");
    ASSERT_TRUE(crypto::rotate_master_key(folder_, random_));
    put(crypto::kMasterKeyFile, 'b');
    EXPECT_EQ(opened(), "b");
    EXPECT_FALSE(has(crypto::kPreviousKeyFile));
    EXPECT_EQ(opened(), "b");
}

TEST_F(OpenMasterKey, AReplacementThatWasBrokenOffChangesNothing) {
    put(crypto::kMasterKeyFile, 'a');
    ASSERT_EQ(opened(), "a");
    put(crypto::kPreviousKeyFile, 'a');  // Killed between the link and the rename.
    EXPECT_EQ(opened(), "a");
    EXPECT_FALSE(has(crypto::kPreviousKeyFile));
}

TEST_F(OpenMasterKey, FromOutsideIsReplacedByGivingBoth) {
    EXPECT_EQ(opened('a'), "a");
    EXPECT_FALSE(has(crypto::kMasterKeyFile));
    EXPECT_EQ(opened(), "master_key_missing");
    EXPECT_EQ(opened('b'), "master_key_wrong");
    EXPECT_EQ(opened('b', 'a'), "b");
    EXPECT_EQ(opened('b', 'a'), "b") << "it may stay given";
    EXPECT_EQ(opened('b'), "b");
    EXPECT_EQ(opened('a'), "master_key_wrong");
}

}  // namespace
}  // namespace origin
