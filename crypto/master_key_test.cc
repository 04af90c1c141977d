// SPDX-License-Identifier: Apache-2.0
// Goal: one folder has one master key, that only its owner can read.
// Method: a real temporary folder.
#include "crypto/master_key.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

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
    void write(std::string_view bytes) const {
        std::ofstream(file(), std::ios::binary) << bytes;
        ::chmod(file().c_str(), 0600);
    }
    std::string_view reason() {
        static Error last(Code::Internal, "");
        auto key = load_or_create_master_key(folder_, random_);
        if (key) {
            return "opened";
        }
        last = key.error();
        return last.reason();
    }

    std::filesystem::path folder_;
    SystemRandom random_;
};

TEST_F(MasterKey, IsMadeOnceAndThenRead) {
    const auto made = load_or_create_master_key(folder_, random_);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->reveal().size(), 32U);
    struct stat found{};
    ASSERT_EQ(::stat(file().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777U, 0600U);
    const auto read = load_or_create_master_key(folder_, random_);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->reveal(), made->reveal());
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
    EXPECT_EQ(reason(), "internal");
    std::filesystem::remove(file());
    std::filesystem::create_directory(file());
    EXPECT_NE(reason(), "opened");
}

TEST_F(MasterKey, IsRefusedWithoutAFolder) {
    folder_ /= "missing";
    EXPECT_EQ(reason(), "internal");
    folder_ = folder_.parent_path();
}

}  // namespace
}  // namespace origin::crypto
