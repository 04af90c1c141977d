// SPDX-License-Identifier: Apache-2.0
// Goal: one folder has one master key, that only its owner can read.
// Method: a real temporary folder.
#include "crypto/master_key.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/encode.h"

namespace origin::crypto {
namespace {

class MasterKey : public testing::Test {
protected:
    MasterKey() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "origin-key-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    ~MasterKey() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path file() const { return folder_ / kMasterKeyFile; }
    void write(std::string_view bytes) const { write_to(file(), bytes); }
    void write_to(const std::filesystem::path& path, std::string_view bytes) const {
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << bytes;
        ::chmod(path.c_str(), 0600);
    }
    std::filesystem::path credentials() const { return folder_ / "credentials"; }
    std::filesystem::path previous() const { return folder_ / kPreviousKeyFile; }

    MasterKeySources sources() const {
        return {.folder = folder_,
                .credentials = credentials(),
                .text = Secret(text_),
                .previous_text = Secret(previous_text_)};
    }
    /// "none", "opened", or the error's reason.
    std::string reason() const {
        const auto keys = find_master_keys(sources());
        if (!keys) {
            return std::string(keys.error().reason());
        }
        return *keys ? "opened" : "none";
    }
    /// What is found, as text: the key, and the previous one after a slash.
    std::string found() const {
        const auto keys = find_master_keys(sources());
        if (!keys || !*keys) {
            return reason();
        }
        return (**keys).current.reveal() +
               ((**keys).previous ? "/" + (**keys).previous->reveal() : "");
    }

    std::filesystem::path folder_;
    std::string text_;  // As the environment gives it.
    std::string previous_text_;
    SystemRandom random_;
};

TEST_F(MasterKey, IsMadeOnceAndThenRead) {
    EXPECT_EQ(reason(), "none");
    const auto made = create_master_key(folder_, random_);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->reveal().size(), 32U);
    struct stat found_file{};
    ASSERT_EQ(::stat(file().c_str(), &found_file), 0);
    EXPECT_EQ(found_file.st_mode & 07777U, 0600U);
    EXPECT_EQ(found(), made->reveal());
    const auto again = create_master_key(folder_, random_);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->reveal(), made->reveal());
    const auto entries = std::distance(std::filesystem::directory_iterator(folder_), {});
    EXPECT_EQ(entries, 1) << "a draft was left behind";
}

TEST_F(MasterKey, IsNotUsedWhenOthersCanReadIt) {
    write(std::string(32, 'k'));
    for (const mode_t mode : {0640U, 0604U, 0620U, 0601U, 0777U}) {
        ::chmod(file().c_str(), mode);
        EXPECT_EQ(reason(), "master_key_exposed") << std::oct << mode;
    }
    ::chmod(file().c_str(), 0400);
    EXPECT_EQ(reason(), "opened");
}

TEST_F(MasterKey, IsNotUsedWhenItsSizeIsWrong) {
    for (const std::size_t size : {0U, 31U, 33U}) {
        write(std::string(size, 'k'));
        EXPECT_EQ(reason(), "master_key_damaged") << size;
    }
}

TEST_F(MasterKey, IsNeverReadThroughALink) {
    std::filesystem::create_symlink("elsewhere", file());
    EXPECT_EQ(reason(), "master_key_damaged");
    std::filesystem::remove(file());
    std::filesystem::create_directory(file());
    EXPECT_NE(reason(), "opened");
}

TEST_F(MasterKey, IsNotMadeWithoutAFolder) {
    EXPECT_FALSE(create_master_key(folder_ / "missing", random_));
}

TEST_F(MasterKey, MayComeFromOutside) {
    write_to(credentials() / kMasterKeyFile, std::string(32, 'c'));
    ::chmod((credentials() / kMasterKeyFile).c_str(), 0440);  // As systemd leaves it, with an ACL.
    EXPECT_EQ(found(), std::string(32, 'c'));
    text_ = hex(std::string(32, 'c'));
    EXPECT_EQ(found(), std::string(32, 'c')) << "the same twice";
    text_ = hex(std::string(32, 'e'));
    EXPECT_EQ(reason(), "master_key_twice");
    std::filesystem::remove(credentials() / kMasterKeyFile);
    EXPECT_EQ(found(), std::string(32, 'e'));
    write(std::string(32, 'k'));
    EXPECT_EQ(reason(), "master_key_twice");
}

TEST_F(MasterKey, IsNotTakenFromDamagedText) {
    for (const std::string& text :
         {std::string("00"), std::string(63, '0'), std::string(65, '0'), std::string(64, 'g')}) {
        text_ = text;
        EXPECT_EQ(reason(), "master_key_damaged") << text;
    }
    text_ = hex(std::string(32, 'e'));
    previous_text_ = "old";
    EXPECT_EQ(reason(), "master_key_damaged");
}

TEST_F(MasterKey, IsReplacedAndTheOneBeforeIsKept) {
    EXPECT_EQ(rotate_master_key(folder_, random_).error().reason(), "no_master_key");
    write(std::string(32, 'k'));
    ASSERT_TRUE(rotate_master_key(folder_, random_));
    const std::string keys = found();
    EXPECT_EQ(keys.size(), 65U);
    EXPECT_EQ(keys.substr(32), "/" + std::string(32, 'k'));
    EXPECT_NE(keys.substr(0, 32), std::string(32, 'k'));
    EXPECT_EQ(rotate_master_key(folder_, random_).error().reason(), "rotation_unfinished");
    EXPECT_EQ(found(), keys) << "a refused rotation changed something";
    ASSERT_TRUE(forget_previous_key(folder_));
    ASSERT_TRUE(forget_previous_key(folder_)) << "a second time";
    EXPECT_EQ(found(), keys.substr(0, 32));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

}  // namespace
}  // namespace origin::crypto
