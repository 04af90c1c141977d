// SPDX-License-Identifier: Apache-2.0
// Goal: escapes are undone once and strictly; a query has one reading; a header stays one line.
// Method: tables with the broken forms beside the good ones; X-Forwarded-For as lies and truth.
#include "net/http_text.h"

#include <gtest/gtest.h>

#include "net/door_codes.h"
#include "net/forwarded.h"
#include "net/problem.h"

namespace origin::net {
namespace {

std::string reason(const auto& result) {
    return result ? "fine" : std::string(result.error().reason());
}

TEST(PercentDecode, DecodesOnce) {
    EXPECT_EQ(*percent_decode("a%2Fb%2f%41+"), "a/b/A+");
    EXPECT_EQ(*percent_decode("%252e"), "%2e");
    EXPECT_EQ(*percent_decode("%c3%a4"), "\xc3\xa4");
    EXPECT_EQ(*percent_decode(""), "");
}

TEST(PercentDecode, RefusesBrokenEscapesAndNul) {
    for (const char* text : {"%", "a%", "%4", "a%4", "%4g", "%g4", "%%41", "%-1", "%00", "a%00b"}) {
        EXPECT_EQ(reason(percent_decode(text)), "bad_escape") << text;
    }
}

TEST(PercentEncode, KeepsUnreservedOnly) {
    EXPECT_EQ(percent_encode("aZ09-._~/ %\xff"), "aZ09-._~%2F%20%25%FF");
}

TEST(ParseQuery, ReadsInOrder) {
    const auto query = parse_query("service=git-upload-pack&empty=&bare&x=a+b%2Bc&&");
    ASSERT_TRUE(query);
    ASSERT_EQ(query->items.size(), 4U);
    EXPECT_EQ(query->get("service"), "git-upload-pack");
    EXPECT_EQ(query->get("empty"), "");
    EXPECT_EQ(query->get("bare"), "");
    EXPECT_EQ(query->get("x"), "a b+c");
    EXPECT_FALSE(query->get("y"));
}

TEST(ParseQuery, RefusesWhatHasTwoReadings) {
    EXPECT_EQ(reason(parse_query("a=1&a=2")), "repeated_parameter");
    EXPECT_EQ(reason(parse_query("a=1&%61=2")), "repeated_parameter");
    EXPECT_EQ(reason(parse_query("=1")), "bad_query");
    EXPECT_EQ(reason(parse_query("a=%ff")), "bad_query");
    EXPECT_EQ(reason(parse_query("a=%0")), "bad_escape");
    std::string many;
    for (int i = 0; i < 101; ++i) {
        many += "p" + std::to_string(i) + "&";
    }
    EXPECT_EQ(reason(parse_query(many)), "bad_query");
}

TEST(HeaderValue, StaysOneLine) {
    EXPECT_TRUE(header_value_is_safe("text/plain; charset=utf-8\t\xc3\xa4"));
    for (const std::string_view text : {"a\r\nb", "a\rb", "a\nb", "\x7f", "\x1b[0m"}) {
        EXPECT_FALSE(header_value_is_safe(text));
    }
    EXPECT_FALSE(header_value_is_safe(std::string_view("a\0b", 3)));
}

TEST(HeaderValue, OneBadByteIsSeenWhereverItStands) {
    for (std::size_t size = 1; size <= 70; ++size) {
        const std::string good(size, 'v');
        EXPECT_TRUE(header_value_is_safe(good)) << size;
        for (std::size_t at = 0; at < size; ++at) {
            std::string bad = good;
            bad[at] = at % 2 == 0 ? '\n' : '\x7f';
            EXPECT_FALSE(header_value_is_safe(bad)) << size << " " << at;
        }
    }
}

TEST(Token, IsMadeOfTheCharactersOfItsSpecification) {
    const std::string_view characters =
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    EXPECT_TRUE(is_token(characters));
    EXPECT_FALSE(is_token(""));
    for (int byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        EXPECT_EQ(is_token(std::string("a") + c), characters.contains(c)) << byte;
    }
}

TEST(Names, AreTheSameInAnyCaseOfAsciiOnly) {
    EXPECT_TRUE(same_ignoring_case("Content-TYPE", "content-type"));
    EXPECT_FALSE(same_ignoring_case("Content-Type", "Content-Typ"));
    EXPECT_FALSE(same_ignoring_case("Content-Type", "Content_Type"));
    EXPECT_FALSE(same_ignoring_case("[", "{"));
    EXPECT_FALSE(same_ignoring_case("\xc3\x84", "\xc3\xa4"));
    EXPECT_EQ(lower_case("A[Z\xc3\x84"), "a[z\xc3\x84");
}

TEST(Problem, IsAnAnswerWithAStableCode) {
    const Response response =
        problem_response(Error(Code::NotFound, "No \"such\" project.", "/secret/path"));
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.headers[0], (Header{"Content-Type", "application/problem+json"}));
    EXPECT_EQ(response.body,
              "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
              "\"code\":\"not_found\",\"detail\":\"No \\\"such\\\" project.\"}\n");
    EXPECT_EQ(problem_response(Error(Code::Unavailable, "x")).headers.back().name, "Retry-After");
}

TEST(DoorCodes, NameEveryCode) {
    for (int i = 0; i <= static_cast<int>(Code::Internal); ++i) {
        const DoorCode& row = door_code(static_cast<Code>(i));
        EXPECT_GE(row.http_status, 400);
    }
}

std::string peer_behind(std::vector<Header> headers, std::string_view connected) {
    RequestHead head;
    head.headers = std::move(headers);
    const std::vector<Cidr> trusted = {*Cidr::parse("10.0.0.0/8")};
    set_peer(head, *Address::parse(connected), trusted);
    return head.peer + (head.secure ? " secure" : "");
}

TEST(SetPeer, BelievesTrustedProxiesOnly) {
    EXPECT_EQ(
        peer_behind({{"X-Forwarded-For", "8.8.8.8"}, {"X-Forwarded-Proto", "https"}}, "192.0.2.1"),
        "192.0.2.1");
    EXPECT_EQ(
        peer_behind({{"x-forwarded-for", "8.8.8.8"}, {"X-Forwarded-Proto", "https"}}, "10.0.0.1"),
        "8.8.8.8 secure");
    EXPECT_EQ(peer_behind({{"X-Forwarded-For", "1.1.1.1, 8.8.8.8 ,10.0.0.2"}}, "10.0.0.1"),
              "8.8.8.8");
    EXPECT_EQ(
        peer_behind({{"X-Forwarded-For", "1.1.1.1"}, {"X-Forwarded-For", "8.8.8.8"}}, "10.0.0.1"),
        "8.8.8.8");
    EXPECT_EQ(peer_behind({{"X-Forwarded-For", "1.1.1.1, nonsense"}}, "10.0.0.1"), "10.0.0.1");
    EXPECT_EQ(peer_behind({{"X-Forwarded-Proto", "https, http"}}, "10.0.0.1"), "10.0.0.1");
}

TEST(HttpDate, IsReadInItsThreeSpellings) {
    // Source: RFC 9110, section 5.6.7.
    for (const std::string text : {"Sun, 06 Nov 1994 08:49:37 GMT",
                                   "Sunday, 06-Nov-94 08:49:37 GMT",
                                   "Sun Nov  6 08:49:37 1994"}) {
        EXPECT_EQ(read_http_date(text), 784'111'777'000) << text;
    }
    EXPECT_EQ(read_http_date(http_date(1'700'000'000'000)), 1'700'000'000'000);
    for (const std::string text : {"",
                                   "soon",
                                   "Sun, 06 Nov 1994 08:49:37",
                                   "Sun, 06 Nov 1994 08:49:37 GMT ",
                                   "Sun, 36 Nov 1994 08:49:37 GMT",
                                   "Sun, 06 Nov 1994 08:49:37 GMT and what comes after it"}) {
        EXPECT_FALSE(read_http_date(text)) << text;
    }
}

}  // namespace
}  // namespace origin::net
