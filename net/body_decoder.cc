// SPDX-License-Identifier: Apache-2.0
#include "net/body_decoder.h"

#include <functional>
#include <limits>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

#include "base/limits.h"

namespace origin::net {

namespace http = boost::beast::http;

struct BodyDecoder::Parser {
    http::request_parser<http::buffer_body> beast;
    std::uint64_t chunk_left = 0;  // Of the chunk that is being read.
    std::function<void(std::uint64_t, boost::beast::string_view, boost::beast::error_code&)>
        on_chunk = [this](std::uint64_t size, auto, auto&) {
            chunk_left = size;
        };
    std::string refused{};  // What Beast said against the head.

    // Between chunks at least this much must follow ("0 CRLF CRLF"). Beast asserts it where it
    // should ask for more: a last chunk that trickles in would end a build with assertions.
    bool wants_more(std::size_t bytes) const {
        return beast.chunked() && chunk_left == 0 && bytes < 5;
    }
};

namespace {

std::unexpected<Error> bad_framing(std::string why) {
    return std::unexpected(Error(Code::InvalidInput,
                                 "The framing of the request body is broken.",
                                 "request body: " + std::move(why))
                               .because("bad_body_framing"));
}

}  // namespace

BodyDecoder::BodyDecoder(std::string_view raw_head) : parser_(std::make_unique<Parser>()) {
    parser_->beast.on_chunk_header(parser_->on_chunk);
    parser_->beast.body_limit(boost::none);  // The session counts.
    parser_->beast.header_limit(kHttpHeadBytesMax);
    boost::beast::error_code error;
    parser_->beast.put(boost::asio::buffer(raw_head), error);
    if (error && error != http::error::need_more) {
        parser_->refused = error.message();
    } else if (!parser_->beast.is_header_done()) {
        parser_->refused = "Beast does not see the end of the head";
    }
}

BodyDecoder::~BodyDecoder() = default;

bool BodyDecoder::done() const {
    return parser_->beast.is_done();
}

Result<std::size_t> BodyDecoder::decode(std::string_view in,
                                        std::string& out,
                                        std::size_t out_bytes_max) {
    if (!parser_->refused.empty()) {
        return bad_framing(parser_->refused);
    }
    auto& beast = parser_->beast;
    const std::size_t begin = out.size();
    out.resize(begin + std::min(out_bytes_max, in.size()));  // Decoding never adds bytes.
    auto& body = beast.get().body();
    body.data = out.data() + begin;
    body.size = out.size() - begin;
    body.more = true;
    std::size_t used = 0;
    bool line_too_long = false;  // Whole in the buffer, so Beast would take it.
    boost::beast::error_code error;
    while (used < in.size() && !beast.is_done() && !error && !line_too_long &&
           !parser_->wants_more(in.size() - used)) {
        const std::size_t room_before = body.size;
        const std::size_t n = beast.put(boost::asio::buffer(in.substr(used)), error);
        const std::size_t produced = room_before - body.size;
        used += n;
        parser_->chunk_left -= std::min<std::uint64_t>(parser_->chunk_left, produced);
        line_too_long = line_too_long || n - produced > kHttpHeadBytesMax;
        if (n == 0 && !error) {
            break;
        }
    }
    out.resize(out.size() - body.size);
    if (error && error != http::error::need_more && error != http::error::need_buffer) {
        return bad_framing(error.message());
    }
    const bool stuck = used == 0 && !beast.is_done() && out_bytes_max > 0;
    if (line_too_long || (stuck && in.size() >= kHttpHeadBytesMax)) {
        return bad_framing("a chunk line or trailer is too long");
    }
    return used;
}

}  // namespace origin::net
