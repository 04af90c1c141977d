// SPDX-License-Identifier: Apache-2.0
// net/string_sink: a body collected in memory, then handed over whole.
#pragma once

#include <functional>
#include <string>

#include "net/http.h"

namespace origin::net {

class StringSink final : public BodySink {
public:
    using Done = std::function<Reply(std::string body)>;

    /// `done` is called once, on a worker, with a body of at most `bytes_max`.
    StringSink(std::uint64_t bytes_max, Done done)
        : bytes_max_(bytes_max), done_(std::move(done)) {}

    Status feed(Bytes piece) override;
    Reply finish() override { return done_(std::move(body_)); }
    std::uint64_t body_bytes_max() const override { return bytes_max_; }

private:
    std::uint64_t bytes_max_;
    Done done_;
    std::string body_;
};

}  // namespace origin::net
