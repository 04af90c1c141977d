// SPDX-License-Identifier: Apache-2.0
// Goal: gzip bodies arrive inflated, whole and within their bounds, or are refused (row H22).
// Method: bodies made with zlib, cut at every byte, followed by junk, or much denser than honest.
#include "net/inflating_sink.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "base/limits.h"
#include "net/string_sink.h"

namespace origin::net {
namespace {

std::string compressed(const std::string& text, int window = 16 + MAX_WBITS) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

struct Outcome {
    int status = 0;
    std::string body{};
};

// What a sink with a limit makes of `wire`, fed in pieces.
Outcome send(const std::string& wire, std::size_t piece, std::uint64_t bytes_max = 4 * kMiB) {
    InflatingSink sink(std::make_unique<StringSink>(bytes_max, [](std::string body) {
        return Response{.status = 200, .body = std::move(body)};
    }));
    for (std::size_t at = 0; at < wire.size(); at += piece) {
        const auto fed = sink.feed(bytes_of(std::string_view(wire).substr(at, piece)));
        if (!fed) {
            return {std::get<Response>(sink.failed(fed.error())).status};
        }
    }
    Response response = std::get<Response>(sink.finish());
    return {response.status, response.body};
}

TEST(InflatingSink, GivesTheBodyBackHoweverItIsCut) {
    std::string text;
    for (int i = 0; i < 20'000; ++i) {
        text += "0032have " + std::to_string(i * 7919) + "\n";
    }
    const std::string wire = compressed(text);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{100}, wire.size()}) {
        const Outcome outcome = send(wire, piece);
        EXPECT_EQ(outcome.status, 200);
        EXPECT_EQ(outcome.body, text);
    }
    EXPECT_EQ(send(compressed(""), 1).status, 200);
}

TEST(InflatingSink, RefusesABodyCutAtAnyByte) {
    const std::string wire = compressed("a small negotiation");
    for (std::size_t size = 0; size < wire.size(); ++size) {
        EXPECT_EQ(send(wire.substr(0, size), 1000).status, 400) << size;
    }
}

TEST(InflatingSink, RefusesWhatIsNotOneGzipMember) {
    const std::string wire = compressed("body");
    EXPECT_EQ(send(wire + "x", 1000).status, 400);
    EXPECT_EQ(send(wire + "x", 1).status, 400);
    EXPECT_EQ(send(wire + wire, 1000).status, 400);
    EXPECT_EQ(send(compressed("body", MAX_WBITS), 1000).status, 400);   // zlib
    EXPECT_EQ(send(compressed("body", -MAX_WBITS), 1000).status, 400);  // deflate
    EXPECT_EQ(send("plain text", 1000).status, 400);
    std::string flipped = wire;
    flipped[wire.size() - 6] = static_cast<char>(flipped[wire.size() - 6] ^ 1);  // CRC.
    EXPECT_EQ(send(flipped, 1000).status, 400);
}

// A clone of many refs that point to one commit was refused: its wants compress a thousand times.
TEST(InflatingSink, TakesADenseBodyThatIsNotLarge) {
    std::string wants;
    for (int i = 0; i < 10'000; ++i) {
        wants += "0032want " + std::string(40, 'a') + "\n";
    }
    EXPECT_EQ(send(compressed(wants), 1000, kFetchRequestBytesMax).status, 200);
}

TEST(InflatingSink, RefusesABomb) {
    const std::string bomb = compressed(std::string(64 * kMiB, '\0'));
    EXPECT_EQ(send(bomb, 1000, 1024 * kMiB).status, 413) << "ratio";
    EXPECT_EQ(send(bomb, bomb.size(), 1024 * kMiB).status, 413) << "ratio, in one piece";
    const std::string small = compressed(std::string(2000, 'a'));
    EXPECT_EQ(send(small, 1000, 2000).status, 200);
    EXPECT_EQ(send(small, 1000, 1999).status, 413) << "size";
}

TEST(DecodedSink, KnowsGzipAndNothingElse) {
    const auto answer = [](std::vector<Header> headers) {
        RequestHead head;
        head.headers = std::move(headers);
        auto begun = decoded_sink(
            head, std::make_unique<StringSink>(10, [](std::string) { return Response{}; }));
        auto* reply = std::get_if<Reply>(&begun);
        return reply != nullptr ? std::get<Response>(*reply).status : 0;
    };
    EXPECT_EQ(answer({}), 0);
    EXPECT_EQ(answer({{"Content-Encoding", "identity"}}), 0);
    EXPECT_EQ(answer({{"content-encoding", "GZIP"}}), 0);
    EXPECT_EQ(answer({{"Content-Encoding", "x-gzip"}}), 0);
    EXPECT_EQ(answer({{"Content-Encoding", "deflate"}}), 415);
    EXPECT_EQ(answer({{"Content-Encoding", "gzip, gzip"}}), 415);
    EXPECT_EQ(answer({{"Content-Encoding", "br"}}), 415);
}

}  // namespace
}  // namespace origin::net
