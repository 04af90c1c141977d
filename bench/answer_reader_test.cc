// SPDX-License-Identifier: Apache-2.0
// Goal: an answer is read to its last byte and not one further, however its bytes arrive.
// Method: tables of answers, each fed whole and cut at every place.
#include "bench/answer_reader.h"

#include <gtest/gtest.h>

namespace origin::bench {
namespace {

struct Row {
    const char* name;
    std::string text;
    int status;
    std::string body;
    bool keeps;
};

const std::vector<Row>& rows() {
    static const std::vector<Row> kRows = {
        {"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", true},
        {"no body", "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n", 201, "", true},
        {"no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", true},
        {"chunks",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
         "chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
         200,
         "abc0123456789",
         true},
        {"trailer",
         "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\n",
         200,
         "x",
         true},
        {"close",
         "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno",
         404,
         "no",
         false},
        {"continue first",
         "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny",
         200,
         "y",
         true},
    };
    return kRows;
}

TEST(AnswerReader, ReadsAnAnswerWholeAndCutAtEveryPlace) {
    for (const Row& row : rows()) {
        for (std::size_t cut = 0; cut <= row.text.size(); ++cut) {
            AnswerReader reader;
            const std::string_view text = row.text;
            const auto first = reader.feed(text.substr(0, cut));
            ASSERT_TRUE(first) << row.name;
            ASSERT_EQ(*first, cut) << row.name;
            ASSERT_EQ(reader.done(), cut == text.size()) << row.name << " cut at " << cut;
            const auto second = reader.feed(text.substr(cut));
            ASSERT_TRUE(second) << row.name;
            ASSERT_EQ(*second, text.size() - cut) << row.name;
            EXPECT_TRUE(reader.done()) << row.name;
            EXPECT_EQ(reader.status(), row.status) << row.name;
            EXPECT_EQ(reader.body_start(), row.body) << row.name;
            EXPECT_EQ(reader.body_bytes(), row.body.size()) << row.name;
            EXPECT_EQ(reader.keeps_connection(), row.keeps) << row.name;
        }
    }
}

TEST(AnswerReader, LeavesTheNextAnswerAlone) {
    for (const Row& row : rows()) {
        AnswerReader reader;
        const auto taken = reader.feed(row.text + "HTTP/1.1 200 OK\r\n");
        ASSERT_TRUE(taken) << row.name;
        EXPECT_EQ(*taken, row.text.size()) << row.name;
        reader.reset();
        EXPECT_FALSE(reader.done());
        EXPECT_TRUE(reader.body_start().empty());
    }
}

TEST(AnswerReader, AnAnswerWithoutALengthEndsWithItsConnection) {
    AnswerReader reader;
    ASSERT_TRUE(reader.feed("HTTP/1.1 200 OK\r\n\r\nall of it"));
    EXPECT_FALSE(reader.done());
    EXPECT_TRUE(reader.feed_end());
    EXPECT_EQ(reader.body_start(), "all of it");
    EXPECT_FALSE(reader.keeps_connection());
}

TEST(AnswerReader, AnEndInTheMiddleIsNoEnd) {
    AnswerReader reader;
    ASSERT_TRUE(reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"));
    EXPECT_FALSE(reader.feed_end());
}

TEST(AnswerReader, RefusesWhatIsNoAnswer) {
    const std::vector<std::string> wrong = {
        "SSH-2.0-dropbear\r\n",
        "HTTP/1.1 abc\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: many\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        std::string(AnswerReader::kLineBytesMax + 1, 'x'),
    };
    for (const std::string& text : wrong) {
        EXPECT_FALSE(AnswerReader().feed(text)) << text.substr(0, 60);
    }
}

TEST(AnswerReader, KeepsTheStartOfALongBodyAndCountsAll) {
    AnswerReader reader;
    const std::string body(AnswerReader::kKeptBytesMax + 100, 'b');
    const auto taken = reader.feed(
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    ASSERT_TRUE(taken);
    EXPECT_TRUE(reader.done());
    EXPECT_EQ(reader.body_start().size(), AnswerReader::kKeptBytesMax);
    EXPECT_EQ(reader.body_bytes(), body.size());
}

TEST(AnswerReader, KnowsWhenToComeAgain) {
    AnswerReader reader;
    ASSERT_TRUE(reader.feed(
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"));
    EXPECT_TRUE(reader.done());
    EXPECT_EQ(reader.retry_after(), std::chrono::seconds(7));
    reader.reset();
    ASSERT_TRUE(reader.feed("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"));
    EXPECT_EQ(reader.retry_after(), std::nullopt);
}

}  // namespace
}  // namespace origin::bench
