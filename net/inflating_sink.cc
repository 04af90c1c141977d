// SPDX-License-Identifier: Apache-2.0
#include "net/inflating_sink.h"

#include <array>

#include <zlib.h>

#include "base/assert.h"
#include "base/limits.h"
#include "net/http_text.h"
#include "net/problem.h"

namespace origin::net {

namespace {

constexpr std::size_t kOutBytes = 64 * kKiB;
constexpr int kGzipWindow = 16 + MAX_WBITS;  // Gzip only: no zlib, no raw deflate.

std::unexpected<Error> bad_gzip(std::string_view why) {
    return std::unexpected(Error(Code::InvalidInput,
                                 "The gzip request body is broken.",
                                 "gzip body: " + std::string(why))
                               .because("bad_gzip"));
}

}  // namespace

class InflatingSink::Inflater {
public:
    Inflater() { ORIGIN_ASSERT(inflateInit2(&stream, kGzipWindow) == Z_OK); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    ~Inflater() { inflateEnd(&stream); }

    z_stream stream{};
    bool ended = false;
    std::array<std::byte, kOutBytes> out{};
};

InflatingSink::InflatingSink(std::unique_ptr<BodySink> inner)
    : inner_(std::move(inner)), inflater_(std::make_unique<Inflater>()) {}

InflatingSink::~InflatingSink() = default;

Status InflatingSink::pass_on(Bytes inflated) {
    if (inflated.empty()) {
        return {};
    }
    bytes_out_ += inflated.size();
    const bool too_dense =
        bytes_out_ > kInflateFreeBytes && bytes_out_ / kInflateRatioMax > bytes_in_;
    if (bytes_out_ > inner_->body_bytes_max() || too_dense) {
        return std::unexpected(Error(Code::LimitExceeded,
                                     "The request body is too large when it is inflated.",
                                     too_dense ? "gzip body: ratio" : "gzip body: size")
                                   .because("body_too_large"));
    }
    return inner_->feed(inflated);
}

Status InflatingSink::feed(Bytes piece) {
    z_stream& stream = inflater_->stream;
    bytes_in_ += piece.size();
    // zlib's input pointer is not const, but it only reads.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(piece.data()));
    stream.avail_in = static_cast<uInt>(piece.size());
    bool out_was_full = false;
    while (stream.avail_in > 0 || out_was_full) {
        if (inflater_->ended) {
            return stream.avail_in > 0 ? bad_gzip("bytes after its end") : Status{};
        }
        stream.next_out = reinterpret_cast<Bytef*>(inflater_->out.data());
        stream.avail_out = kOutBytes;
        const int code = inflate(&stream, Z_NO_FLUSH);
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
            return bad_gzip(stream.msg != nullptr ? stream.msg : "refused by zlib");
        }
        inflater_->ended = code == Z_STREAM_END;
        out_was_full = stream.avail_out == 0;
        ORIGIN_CHECK(pass_on(Bytes(inflater_->out).first(kOutBytes - stream.avail_out)));
    }
    return {};
}

Reply InflatingSink::finish() {
    if (!inflater_->ended) {
        return inner_->failed(bad_gzip("cut short").error());
    }
    return inner_->finish();
}

Begun decoded_sink(const RequestHead& head, std::unique_ptr<BodySink> sink) {
    const std::string coding = lower_case(head.header("content-encoding"));
    if (coding.empty() || coding == "identity") {
        return sink;
    }
    if (coding == "gzip" || coding == "x-gzip") {
        return std::make_unique<InflatingSink>(std::move(sink));
    }
    return problem_response(
        415,
        Error(Code::InvalidInput, "The request body may be plain or gzip, nothing else.")
            .because("unsupported_encoding"));
}

}  // namespace origin::net
