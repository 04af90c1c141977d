// SPDX-License-Identifier: Apache-2.0
// Goal: a v2 request is read the same however it is cut, and a bad one ends with a clear sentence.
// Method: a table of refusals, every prefix and every cut of a good request, bounds and one past.
#include "git/wire/v2_request.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace origin::git {
namespace {

const std::string kOne = "8dbedbde1c860f1b6afd56e0a7ec4b176daa76f3";
const std::string kTwo = "0135d3874648cfab65a0a8f476e6199b76c83325";

/// Words become lines: "|" a delimiter, "." a flush.
std::string lines(std::initializer_list<std::string_view> words) {
    std::string out;
    for (const std::string_view word : words) {
        if (word == "|") {
            append_delim(out);
        } else if (word == ".") {
            append_flush(out);
        } else {
            append_pkt(out, std::string(word) + "\n");
        }
    }
    return out;
}

Result<V2Step> fed(V2RequestParser& parser, std::string_view whole) {
    Bytes chunk = bytes_of(whole);
    return parser.feed(chunk);
}

TEST(V2Request, RefusesWithGitsSentences) {
    const std::string want = "want " + kOne;
    struct Case {
        std::string request;
        std::string_view sentence;
    };
    for (const auto& [request, sentence] : {
             Case{lines({"command=nosuch", "."}), "invalid command: 'nosuch'"},
             Case{lines({"command=", "."}), "invalid command: ''"},
             Case{lines({"command=fetch=x", "."}), "invalid command: 'fetch=x'"},
             Case{lines({"command=object-info", "."}), "invalid command: 'object-info'"},
             Case{lines({"command=bundle-uri", "."}), "invalid command: 'bundle-uri'"},
             Case{lines({"command=fetch", "command=ls-refs", "."}),
                  "a second command in one request: 'ls-refs'"},
             Case{lines({"agent=x", "."}), "no command requested"},
             Case{lines({"|"}), "no command requested"},
             Case{lines({"fetch"}), "unknown capability: 'fetch'"},
             Case{lines({"bad\x1b[2J"}), "unknown capability: 'bad\\x1b[2J'"},
             Case{lines({"agents=x"}), "unknown capability: 'agents=x'"},
             Case{"0004", "unknown capability: ''"},
             Case{lines({"command=ls-refs", "object-format=sha256", "|"}),
                  "mismatched object format: server sha1; client sha256"},
             Case{lines({"object-format=sha256", "command=ls-refs", "."}),
                  "mismatched object format: server sha1; client sha256"},
             Case{lines({"object-format=md5"}), "unknown object format: 'md5'"},
             Case{lines({"object-format"}), "unknown object format: ''"},
             Case{lines({"command=ls-refs", "|", "want x"}), "unexpected line: 'want x'"},
             Case{lines({"command=ls-refs", "peel"}), "unknown capability: 'peel'"},
             Case{lines({"command=ls-refs", "|", "|"}), "expected flush after the arguments"},
             Case{lines({"command=fetch", "|", want, "|"}), "expected flush after the arguments"},
             Case{lines({"command=fetch"}) + "0002", "expected flush after the arguments"},
             Case{lines({"command=fetch", "|", "filter blob:none"}),
                  "unexpected line: 'filter blob:none'"},
             Case{"zzzz", "malformed pkt-line length"},
             Case{"0003", "malformed pkt-line length"},
             Case{"fff1", "malformed pkt-line length"},
         }) {
        V2RequestParser parser{FetchFeatures{}};
        const auto step = fed(parser, request);
        ASSERT_FALSE(step) << request;
        EXPECT_EQ(step.error().told_to_peer(), sentence);
        EXPECT_EQ(step.error().code(), Code::InvalidInput);
    }
}

TEST(V2Request, ReadsFetchHoweverItIsCut) {
    const std::string whole = lines({"command=fetch",
                                     "agent=git/2.39.5",
                                     "object-format=sha1",
                                     "server-option=a=b",
                                     "|",
                                     "thin-pack",
                                     "ofs-delta",
                                     "include-tag",
                                     "no-progress",
                                     "wait-for-done",
                                     "want " + kOne,
                                     "have " + kTwo,
                                     "shallow " + kTwo,
                                     "deepen 3",
                                     "deepen-relative",
                                     "done",
                                     "."});
    for (std::size_t step = 1; step <= whole.size(); ++step) {
        V2RequestParser parser{FetchFeatures{}};
        V2Step last = V2Step::NeedMore;
        for (std::size_t at = 0; at < whole.size(); at += step) {
            ASSERT_EQ(last, V2Step::NeedMore) << "step " << step;
            const auto fed_step = fed(parser, std::string_view(whole).substr(at, step));
            ASSERT_TRUE(fed_step) << fed_step.error().told_to_peer();
            last = *fed_step;
        }
        ASSERT_EQ(last, V2Step::Complete) << "step " << step;
        const V2Request request = parser.take();
        EXPECT_EQ(request.agent, "git/2.39.5");
        EXPECT_EQ(request.server_options, std::vector<std::string>{"a=b"});
        const auto& fetch = std::get<FetchRequest>(request.command);
        EXPECT_EQ(fetch.wants, std::vector{*Oid::from_hex(kOne)});
        EXPECT_EQ(fetch.haves, std::vector{*Oid::from_hex(kTwo)});
        EXPECT_EQ(fetch.shallows, std::vector{*Oid::from_hex(kTwo)});
        EXPECT_EQ(fetch.depth, 3U);
        EXPECT_TRUE(fetch.thin_pack && fetch.ofs_delta && fetch.include_tag && fetch.no_progress &&
                    fetch.wait_for_done && fetch.deepen_relative && fetch.done);
        EXPECT_EQ(fetch.side_band, SideBand::Large);
    }
}

TEST(V2Request, EveryPrefixOfARequestIsUnfinished) {
    const std::string whole = lines({"command=ls-refs", "|", "peel", "."});
    for (std::size_t size = 1; size < whole.size(); ++size) {
        V2RequestParser parser{FetchFeatures{}};
        const auto step = fed(parser, std::string_view(whole).substr(0, size));
        ASSERT_TRUE(step);
        EXPECT_EQ(*step, V2Step::NeedMore) << size;
        EXPECT_FALSE(parser.finish()) << size;
    }
}

TEST(V2Request, FollowsOneAfterTheOther) {
    const std::string whole = lines({"command=ls-refs",
                                     "|",
                                     "peel",
                                     "symrefs",
                                     "unborn",
                                     "ref-prefix refs/heads/",
                                     ".",
                                     "command=fetch",
                                     ".",
                                     "."});
    V2RequestParser parser{FetchFeatures{}};
    EXPECT_TRUE(parser.finish());
    Bytes chunk = bytes_of(whole);
    ASSERT_EQ(parser.feed(chunk), V2Step::Complete);
    const V2Request first = parser.take();
    const auto& ls_refs = std::get<LsRefsRequest>(first.command);
    EXPECT_TRUE(ls_refs.peel && ls_refs.symrefs && ls_refs.unborn);
    EXPECT_FALSE(ls_refs.prefixes.matches("refs/tags/v1"));
    EXPECT_TRUE(parser.finish());

    ASSERT_EQ(parser.feed(chunk), V2Step::Complete);
    EXPECT_TRUE(std::holds_alternative<FetchRequest>(parser.take().command));
    EXPECT_EQ(parser.feed(chunk), V2Step::Closed);
    EXPECT_TRUE(chunk.empty());
    EXPECT_TRUE(parser.finish());
}

TEST(V2Request, KnowsItsLineLimitAndOneBeyond) {
    const std::string begin = lines({"command=fetch", "|"});
    std::string haves;
    for (std::size_t i = 0; i < kFetchLinesMax - 3; ++i) {
        append_pkt(haves, "have " + kOne);
    }
    V2RequestParser parser{FetchFeatures{}};
    ASSERT_EQ(fed(parser, begin + haves + "0000"), V2Step::Complete);
    EXPECT_EQ(std::get<FetchRequest>(parser.take().command).haves.size(), kFetchLinesMax - 3);

    const auto beyond = fed(parser, begin + haves + lines({"have " + kOne, "."}));
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().code(), Code::LimitExceeded);
}

TEST(V2Request, KnowsItsByteLimit) {
    std::string prefix;
    append_pkt(prefix, "ref-prefix " + std::string(60'000, 'x'));
    V2RequestParser parser{FetchFeatures{}};
    Result<V2Step> step = fed(parser, lines({"command=ls-refs", "|"}));
    std::size_t lines_taken = 0;
    while (step && lines_taken < 1000) {
        step = fed(parser, prefix);
        ++lines_taken;
    }
    ASSERT_FALSE(step);
    EXPECT_EQ(step.error().code(), Code::LimitExceeded);
    EXPECT_EQ(lines_taken, kFetchRequestBytesMax / prefix.size() + 1);
}

TEST(V2Request, KnowsItsServerOptionLimits) {
    V2RequestParser parser{FetchFeatures{}};
    EXPECT_FALSE(fed(parser, lines({"server-option=" + std::string(1025, 'x')})));

    V2RequestParser other{FetchFeatures{}};
    for (std::size_t i = 0; i < kServerOptionsMax; ++i) {
        ASSERT_TRUE(fed(other, lines({"server-option=" + std::string(1024, 'x')})));
    }
    const auto beyond = fed(other, lines({"server-option=x"}));
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().code(), Code::LimitExceeded);
}

}  // namespace
}  // namespace origin::git
