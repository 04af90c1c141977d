// SPDX-License-Identifier: Apache-2.0
// Goal: every ambiguous request head is refused, each with its status.
// Method: one table whose rows name the attack classes H1 to H18 of the threat list; the same
//         heads are sent to a live server in http_server_test.
#include "net/http_head.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace origin::net {
namespace {

const std::string kGet = "GET / HTTP/1.1\r\nHost: x\r\n";
const std::string kPost = "POST / HTTP/1.1\r\nHost: x\r\n";

std::string with_nul(std::string text) {
    for (char& c : text) {
        c = c == '@' ? '\0' : c;
    }
    return text;
}

// The status that refuses `raw`; 0 if it is accepted, -1 if more bytes are wanted.
int status_of(const std::string& raw) {
    std::size_t scanned = 0;
    const auto end = find_head_end(raw, scanned);
    if (!end) {
        return end.error().status;
    }
    if (!*end) {
        return -1;
    }
    const auto checked = check_head(std::string_view(raw).substr(0, **end));
    return checked ? 0 : checked.error().status;
}

std::string headers(int count) {
    std::string lines;
    for (int i = 0; i < count; ++i) {
        lines += "a: b\r\n";
    }
    return lines;
}

// A GET whose head has exactly this size.
std::string sized(std::size_t bytes) {
    return kGet + "A: " + std::string(bytes - kGet.size() - 7, 'a') + "\r\n\r\n";
}

struct Row {
    const char* name;
    std::string raw;
    int status;
};

// NOLINTNEXTLINE(readability-identifier-naming): googletest's name.
void PrintTo(const Row& row, std::ostream* out) {
    *out << row.name;
}

class HeadRow : public testing::TestWithParam<Row> {};

TEST_P(HeadRow, HasItsStatus) {
    EXPECT_EQ(status_of(GetParam().raw), GetParam().status) << GetParam().raw.substr(0, 200);
    // The same, when the bytes trickle in.
    std::size_t scanned = 0;
    const std::string& raw = GetParam().raw;
    for (std::size_t size = 1; size <= raw.size() && size < 2000; ++size) {
        const auto end = find_head_end(std::string_view(raw).substr(0, size), scanned);
        if (!end) {
            EXPECT_EQ(end.error().status, GetParam().status);
            break;
        }
        if (*end) {
            EXPECT_EQ(**end, size);
            break;
        }
    }
}

// clang-format off
INSTANTIATE_TEST_SUITE_P(Framing, HeadRow, testing::ValuesIn(std::vector<Row>{
    {"H1a", kPost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"H1b", kPost + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400},
    {"H2a", kPost + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
    {"H2b", kPost + "Content-Length: 5 6\r\n\r\n", 400},
    {"H2c", kPost + "Content-Length: +5\r\n\r\n", 400},
    {"H2d", kPost + "Content-Length: -1\r\n\r\n", 400},
    {"H2e", kPost + "Content-Length: 0x5\r\n\r\n", 400},
    {"H2f", kPost + "Content-Length: 18446744073709551616\r\n\r\n", 400},
    {"H2g", kPost + "Content-Length: \r\n\r\n", 400},
    {"H2h", kPost + "Content-Length: 5.0\r\n\r\n", 400},
    {"H3a", kPost + "Content-Length: 5, 5\r\n\r\n", 400},
    {"H3b", kPost + "Content-Length: 5\r\nContent-length: 5\r\n\r\n", 400},
    {"H4a", kPost + "Transfer-Encoding: xchunked\r\n\r\n", 501},
    {"H4b", kPost + "Transfer-Encoding: chunked, identity\r\n\r\n", 501},
    {"H4c", kPost + "Transfer-Encoding: chunked, chunked\r\n\r\n", 501},
    {"H4d", kPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", 400},
    {"H4e", kPost + "Transfer-Encoding: \"chunked\"\r\n\r\n", 501},
    {"H4f", kPost + "Transfer-Encoding:\r\n\r\n", 501},
    {"H4g", kPost + "Transfer-Encoding: chunked;q=1\r\n\r\n", 501},
    {"H5",  kPost + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
    {"H6",  "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"H7a", kPost + "Transfer-Encoding : chunked\r\n\r\n", 400},
    {"H7b", kPost + "Content-Length\t: 5\r\n\r\n", 400},
    {"H8a", kGet + "X: a\r\n b\r\n\r\n", 400},
    {"H8b", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400},
    {"H8c", kGet + "Authorization: Bearer\r\n\tabc\r\n\r\n", 400},
    {"H9a", "GET / HTTP/1.1\nHost: x\n\n", 400},
    {"H9b", kGet + "X: a\rb\r\n\r\n", 400},
    {"H9c", with_nul(kGet + "X: a@b\r\n\r\n"), 400},
    {"H9d", with_nul("GET /@ HTTP/1.1\r\nHost: x\r\n\r\n"), 400},
    {"H9e", kGet + "X: a\nY: b\r\n\r\n", 400},
    {"H9f", kGet + "X: a\r\r\n\r\n", 400},
}));

INSTANTIATE_TEST_SUITE_P(HostAndTarget, HeadRow, testing::ValuesIn(std::vector<Row>{
    {"H10a", "GET / HTTP/1.1\r\n\r\n", 400},
    {"H10b", kGet + "Host: y\r\n\r\n", 400},
    {"H10c", "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", 400},
    {"H10d", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
    {"H10e", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
    {"H10f", "GET / HTTP/1.1\r\nHost: " + std::string(300, 'a') + "\r\n\r\n", 400},
    {"H10g", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
    {"H10h", "GET / HTTP/1.1\r\nHost: x:\r\n\r\n", 400},
    {"H10i", "GET / HTTP/1.1\r\nHost: x:123456\r\n\r\n", 400},
    {"H10j", "GET / HTTP/1.1\r\nHost: x:8a\r\n\r\n", 400},
    {"H10k", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
    {"H10l", "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", 400},
    {"H10m", "GET / HTTP/1.1\r\nHost: x, y\r\n\r\n", 400},
    {"H11a", "GET http://evil/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"H11b", "CONNECT evil:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"H11c", "GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"H11d", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"H12a", "GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"H12b", "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
    {"H12c", "GET /" + std::string(70'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
    {"H12d", "GET /\\..\\x HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"H12e", "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"H12f", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"H16a", kGet + headers(100) + "\r\n", 431},
    {"H16b", kGet + headers(900) + "\r\n", 431},
    {"H16c", kGet + "A: " + std::string(17'000, 'a') + "\r\n\r\n", 431},
    {"H16d", std::string(10'000, 'A') + " / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"H17a", "get / HTTP/1.1\r\nHost: x\r\n\r\n", 501},
    {"H17b", "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 501},
    {"H17c", "FOO / HTTP/1.1\r\nHost: x\r\n\r\n", 501},
    {"H17d", "PROPFIND / HTTP/1.1\r\nHost: x\r\n\r\n", 501},
    {"H17e", "G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"H18a", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"H18b", "\x16\x03\x01\x02", 400},
    {"H18c", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505},
    {"H18d", "GET / HTTP/3\r\nHost: x\r\n\r\n", 400},
    {"H18e", "GET / http/1.1\r\nHost: x\r\n\r\n", 400},
    {"H18f", "GET /\r\n\r\n", 400},
    {"H18g", "\r\n\r\n", 400},
    {"H21",  kPost + "Expect: 200-ok\r\n\r\n", 417},
    {"411",  "POST / HTTP/1.0\r\nHost: x\r\n\r\n", 411},
    {"twice", kGet + "Authorization: a\r\nauthorization: b\r\n\r\n", 400},
    {"noname", kGet + ": b\r\n\r\n", 400},
    {"nocolon", kGet + "abc\r\n\r\n", 400},
}));

INSTANTIATE_TEST_SUITE_P(Honest, HeadRow, testing::ValuesIn(std::vector<Row>{
    {"plain", kGet + "\r\n", 0},
    {"ip6", "GET /a?b=c HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 0},
    {"old", "GET / HTTP/1.0\r\n\r\n", 0},
    {"chunked", kPost + "Transfer-Encoding: Chunked\r\n\r\n", 0},
    {"length", kPost + "Content-Length: 18446744073709551615\r\n\r\n", 0},
    {"empty post", kPost + "\r\n", 0},
    {"upgrade", kGet + "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n", 0},
    {"largest", sized(kHttpHeadBytesMax), 0},
    {"too large by one", sized(kHttpHeadBytesMax + 1), 431},
    {"99 headers", kGet + headers(99) + "\r\n", 0},
    {"incomplete", "GET / HTTP/1.1\r\nHost: x\r\n", -1},
}));
// clang-format on

TEST(CheckHead, GivesThePartsAsSent) {
    const auto checked = check_head(
        "POST /a%2Fb.git?service=x?y HTTP/1.1\r\nHOST: Example.COM:80\r\ncontent-LENGTH:  7 \r\n"
        "X-Empty:\r\nExpect: 100-Continue\r\n\r\n");
    ASSERT_TRUE(checked);
    const RequestHead& head = checked->head;
    EXPECT_EQ(head.method, "POST");
    EXPECT_EQ(head.target, "/a%2Fb.git?service=x?y");
    EXPECT_EQ(head.path, "/a%2Fb.git");
    EXPECT_EQ(head.query, "service=x?y");
    EXPECT_EQ(head.host, "example.com:80");
    EXPECT_EQ(head.content_length, 7U);
    EXPECT_FALSE(head.chunked);
    EXPECT_TRUE(checked->keep_alive);
    EXPECT_TRUE(checked->expects_continue);
    EXPECT_TRUE(head.has_header("x-empty"));
    EXPECT_EQ(head.header("x-empty"), "");
    EXPECT_EQ(head.header("absent"), "");
    EXPECT_EQ(head.headers[1], (Header{"content-LENGTH", "7"}));
}

TEST(CheckHead, KnowsWhoKeepsTheConnection) {
    const auto keeps = [](const std::string& version, const std::string& header) {
        const auto checked = check_head("GET / " + version + "\r\nHost: x\r\n" + header + "\r\n");
        return checked && checked->keep_alive;
    };
    EXPECT_TRUE(keeps("HTTP/1.1", ""));
    EXPECT_FALSE(keeps("HTTP/1.1", "Connection: close\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1", "Connection: TE, Close\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.0", ""));
    EXPECT_TRUE(keeps("HTTP/1.0", "Connection: Keep-Alive\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.0", "Connection: keep-alive, close\r\n"));
}

}  // namespace
}  // namespace origin::net
