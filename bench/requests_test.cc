// SPDX-License-Identifier: Apache-2.0
// Goal: a file of requests is read as it was written, or refused; counters keep lengths true.
// Method: tables of good and bad files.
#include "bench/requests.h"

#include <gtest/gtest.h>

namespace origin::bench {
namespace {

TEST(Requests, AreReadAsTheyWereWritten) {
    const auto two = parse_requests("request 3\nabcrequest 2\n\r\n");
    ASSERT_TRUE(two);
    ASSERT_EQ(two->size(), 2U);
    EXPECT_EQ(two->front().bytes, "abc");
    EXPECT_EQ(two->back().bytes, "\r\n");
}

TEST(Requests, AnEmptyFileHasNone) {
    const auto none = parse_requests("");
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->empty());
}

TEST(Requests, RefusesWhatIsNoFileOfRequests) {
    for (const std::string_view text : {"request",
                                        "request 1",
                                        "request 4\nabc",
                                        "request 0\n",
                                        "request -1\nabc",
                                        "request 3x\nabc",
                                        "request 3\nabcd",
                                        "reply 3\nabc"}) {
        EXPECT_FALSE(parse_requests(text)) << text;
    }
}

TEST(Requests, EachCounterGetsTheNumberInItsNineBytes) {
    auto read = parse_requests("request 24\na@COUNTER@b@COUNTER@.end");
    ASSERT_TRUE(read);
    Request& request = read->front();
    EXPECT_EQ(request.counters, (std::vector<std::size_t>{1, 11}));
    request.set_counter(42);
    EXPECT_EQ(request.bytes, "a000000042b000000042.end");
    request.set_counter(1'234'567'890);
    EXPECT_EQ(request.bytes, "a234567890b234567890.end");
}

}  // namespace
}  // namespace origin::bench
