// SPDX-License-Identifier: Apache-2.0
// Goal: what is no archive request is refused, whatever its pieces; what git sends is understood.
// Method: requests by hand, hostile ones first, each also byte by byte.
#include "git/wire/archive_request.h"

#include <gtest/gtest.h>

namespace origin::git {
namespace {

std::string lines(const std::vector<std::string>& arguments) {
    std::string out;
    for (const std::string& argument : arguments) {
        append_pkt(out, "argument " + argument + "\n");
    }
    append_flush(out);
    return out;
}

/// The request, or why not; "incomplete" if the end is missing.
Result<ArchiveRequest> read(std::string_view bytes, std::size_t piece) {
    ArchiveRequestParser parser;
    bool is_complete = false;
    while (!bytes.empty() && !is_complete) {
        Bytes chunk = bytes_of(bytes.substr(0, piece));
        bytes.remove_prefix(chunk.size());
        ORIGIN_TRY(complete, parser.feed(chunk));
        is_complete = complete;
    }
    return is_complete ? parser.take() : std::unexpected(Error(Code::Timeout, "incomplete"));
}

Code refusal(const std::string& bytes) {
    const auto whole = read(bytes, bytes.size());
    const auto pieces = read(bytes, 1);
    EXPECT_EQ(whole.has_value(), pieces.has_value());
    return whole ? Code::Internal : whole.error().code();
}

TEST(ArchiveRequest, RefusesWhatIsNone) {
    EXPECT_EQ(refusal(lines({})), Code::InvalidInput);
    EXPECT_EQ(refusal(lines({"--format=tar"})), Code::InvalidInput);
    EXPECT_EQ(refusal(lines({"--output=/etc/passwd", "HEAD"})), Code::InvalidInput);
    EXPECT_EQ(refusal(lines({"--exec=sh", "HEAD"})), Code::InvalidInput);
    EXPECT_EQ(refusal(lines({"--remote=x", "HEAD"})), Code::InvalidInput);
    EXPECT_EQ(refusal(lines({"--format", "tar", "HEAD"})), Code::InvalidInput);
    EXPECT_EQ(refusal(lines({"-10", "HEAD"})), Code::InvalidInput);
    EXPECT_EQ(refusal(lines({"HEAD", "/"})), Code::InvalidInput);
    EXPECT_EQ(refusal(lines({std::string("a\0b", 3)})), Code::InvalidInput);
    EXPECT_EQ(refusal("zzzz"), Code::InvalidInput);
    EXPECT_EQ(refusal("0000"), Code::InvalidInput);
    EXPECT_EQ(refusal("0001"), Code::InvalidInput);
    std::string other;
    append_pkt(other, "want HEAD\n");
    EXPECT_EQ(refusal(other), Code::InvalidInput);
    EXPECT_EQ(refusal("0014argument HE"), Code::Timeout);
}

TEST(ArchiveRequest, IsBounded) {
    EXPECT_EQ(refusal(lines(std::vector<std::string>(65, "HEAD"))), Code::LimitExceeded);
    EXPECT_EQ(refusal(lines({std::string(40'000, 'a'), std::string(40'000, 'b')})),
              Code::LimitExceeded);
}

TEST(ArchiveRequest, UnderstandsWhatGitSends) {
    const auto request =
        read(lines({"--format=tar.gz", "--prefix=app/", "-9", "-v", "v1", "src/", "docs/a b"}), 3);
    ASSERT_TRUE(request) << request.error().told_to_peer();
    EXPECT_EQ(request->format, "tar.gz");
    EXPECT_EQ(request->prefix, "app/");
    EXPECT_EQ(request->revision, "v1");
    EXPECT_EQ(request->paths, (std::vector<std::string>{"src", "docs/a b"}));
    const auto dashes = read(lines({"HEAD", "--", "--list"}), 100);
    ASSERT_TRUE(dashes);
    EXPECT_EQ(dashes->paths, std::vector<std::string>{"--list"});
    EXPECT_FALSE(dashes->lists_formats);
    const auto list = read(lines({"--list"}), 100);
    ASSERT_TRUE(list);
    EXPECT_TRUE(list->lists_formats);
}

TEST(ArchiveRequest, AnswersInGitsWords) {
    std::string out;
    append_archive_ack(out);
    EXPECT_EQ(out, "0008ACK\n0000");
    out.clear();
    append_archive_nack(out, "no\x1b such");
    EXPECT_EQ(out, "0011NACK no such\n");
}

}  // namespace
}  // namespace origin::git
