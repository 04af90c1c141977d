// SPDX-License-Identifier: Apache-2.0
#include "net/body_decoder.h"

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
    std::string refused{};  // What Beast said against the head.
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
    boost::beast::error_code error;
    while (used < in.size() && !beast.is_done() && !error) {
        const std::size_t n = beast.put(boost::asio::buffer(in.substr(used)), error);
        used += n;
        if (n == 0 && !error) {
            break;
        }
    }
    out.resize(out.size() - body.size);
    if (error && error != http::error::need_more && error != http::error::need_buffer) {
        return bad_framing(error.message());
    }
    if (used == 0 && !beast.is_done() && in.size() >= kHttpHeadBytesMax && out_bytes_max > 0) {
        return bad_framing("a chunk line or trailer is too long");
    }
    return used;
}

}  // namespace origin::net
