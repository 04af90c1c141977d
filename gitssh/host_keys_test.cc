// SPDX-License-Identifier: Apache-2.0
// Goal: host keys are made once, stay, and are read by nobody else; what is no key is refused, and
// one that was replaced is told.
// Method: a folder; ssh-keygen is the oracle of size, type and fingerprint, and makes what is
// foreign.
#include "gitssh/host_keys.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>

#include <fcntl.h>
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
    void SetUp() override {
        fs::create_directories(folder_);
        ASSERT_GE(log_fd_, 0);
    }
    void TearDown() override {
        ::close(log_fd_);
        fs::remove_all(folder_);
    }
    Result<std::vector<HostKey>> take() { return take_host_keys(folder_, log_); }
    std::string told() { return text_of(folder_ / "log"); }
    static std::string text_of(const fs::path& file) {
        std::ifstream in(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    static void write(const fs::path& file, const std::string& text) {
        fs::remove_all(file);
        std::ofstream(file, std::ios::binary) << text;
        fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    }
    /// A key by ssh-keygen in the place of `file`.
    static void keygen(const fs::path& file, const std::string& options) {
        fs::remove_all(file);
        output_of("ssh-keygen -q " + options + " -f " + file.string() + " </dev/null");
        fs::remove(file.string() + ".pub");
        ASSERT_TRUE(fs::exists(file)) << options;
    }
    void expect_refused(const std::string& about) {
        const auto taken = take();
        ASSERT_FALSE(taken) << about;
        EXPECT_EQ(taken.error().reason(), "bad_host_key") << about;
        EXPECT_NE(taken.error().told_to_peer().find("ssh_host_"), std::string::npos) << about;
        EXPECT_EQ(taken.error().told_to_peer().find(folder_.string()), std::string::npos) << about;
        const auto found = find_host_keys(folder_);
        EXPECT_TRUE(!found[0].key || !found[1].key) << about;
    }

    fs::path folder_ =
        fs::temp_directory_path() / ("origin-host-keys-" + std::to_string(::getpid()));
    fs::path ed25519_ = folder_ / "ssh_host_ed25519_key";
    fs::path rsa_ = folder_ / "ssh_host_rsa_key";
    fs::path seen_ = folder_ / "ssh_host_keys.seen";
    SystemClock clock_;
    int log_fd_ = (fs::create_directories(folder_),
                   ::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600));
    Log log_{log_fd_, LogFormat::Text, Level::Info, clock_};
};

TEST_F(HostKeys, AreMadeOnceForTheirOwnerAlone) {
    const auto made = take();
    ASSERT_TRUE(made) << made.error().kept_in_log();
    ASSERT_EQ(made->size(), 2U);
    for (const HostKey& key : *made) {
        struct stat about{};
        ASSERT_EQ(::stat(key.file.c_str(), &about), 0);
        EXPECT_EQ(about.st_mode & 0777U, 0600U);
        std::string listed = output_of("ssh-keygen -l -f " + key.file.string());
        // "256 SHA256:... COMMENT (ED25519)": ours has none.
        const std::size_t comment = listed.find(' ', listed.find(' ') + 1);
        ASSERT_NE(comment, std::string::npos) << listed;
        listed.erase(comment, listed.rfind(" (") - comment);
        EXPECT_EQ(listed, key.listed + "\n");
        EXPECT_NE(key.listed.find(key.fingerprint), std::string::npos);
    }
    EXPECT_TRUE(made->back().listed.starts_with("3072 SHA256:")) << made->back().listed;
    const auto again = take();
    ASSERT_TRUE(again);
    EXPECT_EQ((*again)[0].fingerprint, (*made)[0].fingerprint);
    EXPECT_EQ((*again)[1].fingerprint, (*made)[1].fingerprint);
    EXPECT_TRUE((*again)[0].replaced.empty() && (*again)[1].replaced.empty());
    EXPECT_EQ(told(), "");
}

TEST_F(HostKeys, ThatAreNoneAreRefused) {
    ASSERT_TRUE(take());
    const std::string good = text_of(ed25519_);
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, good.size() / 2, good.size() - 40}) {
        write(ed25519_, good.substr(0, size));
        expect_refused("cut to " + std::to_string(size));
    }
    for (const std::string& text : {std::string("no key"),
                                    std::string(1000, '\0'),
                                    std::string(200'000, 'x'),
                                    "\n" + std::string(60'000, 'A'),
                                    text_of(rsa_)}) {
        write(ed25519_, text);
        expect_refused(text.substr(0, 20));
    }
    write(ed25519_, output_of("ssh-keygen -y -f " + rsa_.string()));
    expect_refused("a public key");
    write(ed25519_, good);
    EXPECT_TRUE(take());
}

TEST_F(HostKeys, OfAForeignKindAreRefused) {
    ASSERT_TRUE(take());
    const std::string good = text_of(rsa_);
    for (const char* options : {"-t ed25519 -N ''",
                                "-t ecdsa -N ''",
                                "-t rsa -b 2048 -N ''",
                                "-t rsa -b 3072 -N secret",
                                "-t rsa -b 3072 -m PEM -N secret"}) {
        keygen(rsa_, options);
        expect_refused(options);
    }
    write(rsa_, good);
    EXPECT_TRUE(take());
}

TEST_F(HostKeys, ThatOthersMayReadAreRefused) {
    ASSERT_TRUE(take());
    for (const unsigned mode : {0640U, 0604U, 0644U, 0660U, 0666U, 0777U}) {
        ASSERT_EQ(::chmod(rsa_.c_str(), mode), 0);
        expect_refused(std::to_string(mode));
        EXPECT_NE(take().error().told_to_peer().find("chmod 600"), std::string::npos);
    }
    ASSERT_EQ(::chmod(rsa_.c_str(), 0400), 0);
    EXPECT_TRUE(take());
}

TEST_F(HostKeys, ThatAreNoPlainFileAreRefusedAndLeftAlone) {
    ASSERT_TRUE(take());
    const fs::path elsewhere = folder_ / "elsewhere";
    fs::rename(ed25519_, elsewhere);
    for (const fs::path& target : {elsewhere, folder_ / "nowhere"}) {
        fs::create_symlink(target, ed25519_);
        expect_refused("a link to " + target.string());
        EXPECT_TRUE(fs::is_symlink(ed25519_));
        fs::remove(ed25519_);
    }
    fs::create_directory(ed25519_);
    expect_refused("a folder");
    fs::remove(ed25519_);
    ASSERT_EQ(::mkfifo(ed25519_.c_str(), 0600), 0);
    expect_refused("a pipe");
    fs::remove(ed25519_);
    fs::rename(elsewhere, ed25519_);
    EXPECT_TRUE(take());
    EXPECT_EQ(told(), "");
}

TEST_F(HostKeys, ThatWereReplacedAreToldOnce) {
    const auto made = take();
    ASSERT_TRUE(made);
    keygen(ed25519_, "-t ed25519 -N ''");
    const auto found = find_host_keys(folder_);
    ASSERT_TRUE(found[0].key);
    EXPECT_EQ(found[0].key->replaced, made->front().fingerprint);
    EXPECT_EQ(told(), "") << "a look announces nothing";
    const auto replaced = take();
    ASSERT_TRUE(replaced);
    EXPECT_EQ(replaced->front().replaced, made->front().fingerprint);
    EXPECT_TRUE(replaced->back().replaced.empty());
    EXPECT_NE(told().find(made->front().fingerprint), std::string::npos) << told();
    EXPECT_NE(told().find(replaced->front().fingerprint), std::string::npos) << told();
    EXPECT_EQ(told().find("PRIVATE"), std::string::npos);
    const std::string once = told();
    const auto again = take();
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->front().replaced.empty());
    EXPECT_EQ(told(), once);
}

TEST_F(HostKeys, ThatAreMissingAreMadeAndTold) {
    const auto made = take();
    ASSERT_TRUE(made);
    fs::remove(rsa_);
    const auto found = find_host_keys(folder_);
    ASSERT_FALSE(found[1].key);
    EXPECT_EQ(found[1].key.error().code(), Code::NotFound);
    EXPECT_EQ(found[1].seen, made->back().fingerprint);
    EXPECT_FALSE(fs::exists(rsa_)) << "a look makes nothing";
    const auto again = take();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->back().replaced, made->back().fingerprint);
}

TEST_F(HostKeys, WhatWasSeenMayBeDamagedButIsNeverPassedOverInSilence) {
    for (const std::string& text : {std::string(),
                                    std::string("ssh-ed25519"),
                                    std::string(1000, '\0'),
                                    std::string(100'000, 'x'),
                                    std::string("ssh-rsa x\nssh-ed25519 y\n")}) {
        ASSERT_TRUE(take());
        write(seen_, text);
        const auto taken = take();
        ASSERT_TRUE(taken) << text.substr(0, 20);
        EXPECT_FALSE(taken->front().replaced.empty()) << text.substr(0, 20);
        EXPECT_FALSE(taken->back().replaced.empty()) << text.substr(0, 20);
        EXPECT_TRUE(take()->front().replaced.empty()) << "it was not remembered";
    }
    fs::remove(seen_);
    EXPECT_TRUE(take()->front().replaced.empty()) << "never remembered: an older data folder";
    fs::remove(seen_);
    fs::create_directories(seen_ / "x");
    EXPECT_EQ(take()->front().replaced, "not known") << "and the door opens";
    EXPECT_NE(told().find("could not be remembered"), std::string::npos);
}

}  // namespace
}  // namespace origin::gitssh
