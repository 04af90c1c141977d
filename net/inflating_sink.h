// SPDX-License-Identifier: Apache-2.0
// net/inflating_sink: a gzip request body, inflated on its way to the sink that wants it.
// In: pieces of one gzip member (RFC 1952). Out: the same bytes inflated, to the inner sink.
#pragma once

#include <memory>

#include "net/http.h"

namespace origin::net {

/// Errors to failed(): InvalidInput `bad_gzip` (broken, cut short, or followed by anything);
/// LimitExceeded `body_too_large` (more than the inner sink takes, or above kInflateRatioMax).
class InflatingSink final : public BodySink {
public:
    explicit InflatingSink(std::unique_ptr<BodySink> inner);
    InflatingSink(const InflatingSink&) = delete;
    InflatingSink& operator=(const InflatingSink&) = delete;
    ~InflatingSink() override;

    Status feed(Bytes piece) override;
    Reply finish() override;
    Reply failed(const Error& error) override { return inner_->failed(error); }
    /// Of the compressed bytes: no more than the inner sink takes inflated.
    std::uint64_t body_bytes_max() const override { return inner_->body_bytes_max(); }

private:
    class Inflater;
    Status pass_on(Bytes inflated);

    std::unique_ptr<BodySink> inner_;
    std::unique_ptr<Inflater> inflater_;
    std::uint64_t bytes_in_ = 0;
    std::uint64_t bytes_out_ = 0;
};

/// `sink` behind what the request's Content-Encoding asks for: nothing, identity, gzip or x-gzip.
/// Otherwise the answer: 415 `unsupported_encoding`.
Begun decoded_sink(const RequestHead& head, std::unique_ptr<BodySink> sink);

}  // namespace origin::net
