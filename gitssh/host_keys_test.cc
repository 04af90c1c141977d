// SPDX-License-Identifier: Apache-2.0
// Goal: host keys are made once, stay, and are read by nobody else; what is no key is refused.
// Method: a folder; ssh-keygen is the oracle of type and fingerprint.
#include "gitssh/host_keys.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace origin::gitssh {
namespace {

namespace fs = std::filesystem;

std::string output_of(const std::string& command) {
    struct Close {
        void operator()(FILE* pipe) const { ::pclose(pipe); }
    };
    const std::unique_ptr<FILE, Close> pipe(::popen(command.c_str(), "r"));
    std::string out;
    std::array<char, 4096> piece{};
    while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), pipe.get())) {
        out.append(piece.data(), n);
    }
    return out;
}

class HostKeys : public testing::Test {
protected:
    void SetUp() override { fs::create_directories(folder_); }
    void TearDown() override { fs::remove_all(folder_); }

    fs::path folder_ =
        fs::temp_directory_path() / ("origin-host-keys-" + std::to_string(::getpid()));
};

TEST_F(HostKeys, AreMadeOnceForTheirOwnerAlone) {
    const auto made = load_or_make_host_keys(folder_);
    ASSERT_TRUE(made) << made.error().kept_in_log();
    ASSERT_EQ(made->size(), 2U);
    for (const HostKey& key : *made) {
        struct stat about{};
        ASSERT_EQ(::stat(key.file.c_str(), &about), 0);
        EXPECT_EQ(about.st_mode & 0777U, 0600U);
        const std::string listed = output_of("ssh-keygen -l -f " + key.file.string());
        EXPECT_NE(listed.find(key.fingerprint), std::string::npos) << listed;
    }
    const auto again = load_or_make_host_keys(folder_);
    ASSERT_TRUE(again);
    EXPECT_EQ((*again)[0].fingerprint, (*made)[0].fingerprint);
    EXPECT_EQ((*again)[1].fingerprint, (*made)[1].fingerprint);
}

TEST_F(HostKeys, ThatAreNoneAreRefused) {
    const auto made = load_or_make_host_keys(folder_);
    ASSERT_TRUE(made);
    const fs::path file = made->front().file;
    fs::permissions(file, fs::perms::group_read, fs::perm_options::add);
    EXPECT_EQ(load_or_make_host_keys(folder_).error().reason(), "bad_host_key");
    fs::permissions(file, fs::perms::group_read, fs::perm_options::remove);
    EXPECT_TRUE(load_or_make_host_keys(folder_));
    fs::copy_file(made->back().file, file, fs::copy_options::overwrite_existing);
    EXPECT_EQ(load_or_make_host_keys(folder_).error().reason(), "bad_host_key");
    std::ofstream(file) << "no key";
    EXPECT_EQ(load_or_make_host_keys(folder_).error().reason(), "bad_host_key");
}

}  // namespace
}  // namespace origin::gitssh
