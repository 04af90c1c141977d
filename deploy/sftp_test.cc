// SPDX-License-Identifier: Apache-2.0
// Goal: a manifest says what is whole, whatever broke off; an SFTP server that answers nonsense is
// told, and nothing is read that was not sent.
// Method: manifests that are cut at each byte; a channel that plays a server's bytes.
#include <deque>

#include <gtest/gtest.h>

#include "deploy/sftp_client.h"
#include "deploy/sftp_releases.h"

namespace origin::deploy {
namespace {

Oid oid(char digit) {
    return *Oid::from_hex(std::string(40, digit));
}

TEST(SftpManifest, IsReadAsItWasWritten) {
    const std::vector<RemoteFile> files = {
        {"a b\tc", oid('1'), 0644}, {"x/y", oid('2'), 0755}, {"z", oid('3'), 0644}};
    EXPECT_EQ(read_manifest(manifest_of(files)), files);
}

TEST(SftpManifest, ALineThatWasCutCountsForNothing) {
    const std::string whole = manifest_of({{"a", oid('1')}});
    const std::string last = manifest_of({{"b/c", oid('2')}});
    for (std::size_t size = 0; size < last.size(); ++size) {
        const std::string cut = whole + last.substr(0, size) + "\n" + whole;
        const auto read = read_manifest(cut);
        const std::size_t lines = size + 1 == last.size() ? 2 : 1;
        EXPECT_EQ(read.size(), lines) << size;
        EXPECT_EQ(read.front().path, "a");
    }
    EXPECT_TRUE(read_manifest("9 x\t" + std::string(40, '1') + "\n").empty());
    EXPECT_TRUE(read_manifest("644 \t" + std::string(40, '1') + "\n").empty());
    EXPECT_EQ(read_manifest(whole + manifest_of({{"a", oid('9')}})).front().blob, oid('9'));
}

class Played final : public SshChannel {
public:
    explicit Played(std::string bytes) : bytes_(std::move(bytes)) {}
    Status write(std::string_view) override { return {}; }
    Result<std::size_t> read(std::span<char> bytes) override {
        const std::size_t size = std::min<std::size_t>({bytes.size(), bytes_.size(), 3});
        std::copy_n(bytes_.begin(), size, bytes.begin());
        bytes_.erase(0, size);
        return size;
    }

private:
    std::string bytes_;
};

std::string version() {
    return sftp_string(std::string(1, '\2') + sftp_number(3) + sftp_string("x@y") +
                       sftp_string("1"));
}

std::string answer(char type, std::uint32_t id, const std::string& body) {
    return sftp_string(std::string(1, type) + sftp_number(id) + body);
}

TEST(SftpClient, ReadsAnswersInAnyOrder) {
    auto sftp = SftpClient::begin(std::make_unique<Played>(
        version() + answer(101, 2, sftp_number(2) + sftp_string("none") + sftp_string("")) +
        answer(101, 1, sftp_number(0))));
    ASSERT_TRUE(sftp);
    EXPECT_TRUE(sftp->has("x@y"));
    const auto answers = sftp->ask(std::vector<SftpRequest>(2));
    ASSERT_TRUE(answers);
    EXPECT_TRUE(answers->at(0).ok());
    EXPECT_TRUE(answers->at(1).is(SftpStatus::NoSuchFile));
    EXPECT_EQ(answers->at(1).body, "none");
}

TEST(SftpClient, NonsenseIsTold) {
    for (const std::string& bytes : {std::string(),
                                     sftp_number(0),
                                     sftp_number(0xffffffff),
                                     sftp_string("\2"),
                                     sftp_string(std::string(1, '\2') + sftp_number(2)),
                                     sftp_string(std::string(1, '\5') + sftp_number(3))}) {
        EXPECT_FALSE(SftpClient::begin(std::make_unique<Played>(bytes)));
    }
    for (const std::string& bytes : {answer(101, 7, sftp_number(0)),
                                     answer(105, 1, sftp_number(1)),
                                     answer(102, 1, ""),
                                     std::string("\0\0\0\2\1\1", 6)}) {
        auto sftp = SftpClient::begin(std::make_unique<Played>(version() + bytes));
        ASSERT_TRUE(sftp);
        const auto file = sftp->look_at("/x", true);
        ASSERT_FALSE(file);
        EXPECT_EQ(file.error().code(), Code::Unavailable);
    }
}

}  // namespace
}  // namespace origin::deploy
