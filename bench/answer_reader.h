// SPDX-License-Identifier: Apache-2.0
// bench/answer_reader: reads HTTP/1.1 answers as their bytes arrive, as cheaply as it can be done:
// it must not be what the load program spends its time on. It believes the server.
// In: bytes. Out: status, whether the connection goes on, the first bytes of the body.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace origin::bench {

class AnswerReader {
public:
    /// Takes bytes of one answer. Returns: how many of them were its own; fewer than given once it
    /// is done. Errors: InvalidInput: this is no HTTP/1.1 answer.
    Result<std::size_t> feed(std::string_view bytes);

    /// The peer sends no more. True: that is how this answer ends, and it is done.
    bool feed_end();

    bool done() const { return at_ == At::Done; }
    int status() const { return status_; }
    bool keeps_connection() const { return keeps_connection_; }
    /// The answer's Retry-After, if it has one in seconds.
    std::optional<std::chrono::seconds> retry_after() const { return retry_after_; }
    /// At most kKeptBytesMax of it.
    const std::string& body_start() const { return kept_; }
    /// Bytes of the body, without what framed them.
    std::uint64_t body_bytes() const { return body_bytes_; }

    /// Ready for the next answer.
    void reset();

    static constexpr std::size_t kKeptBytesMax = 4096;
    static constexpr std::size_t kLineBytesMax = 16384;

private:
    enum class At : std::uint8_t {
        StatusLine,
        Header,
        Body,
        BodyToEnd,
        ChunkSize,
        ChunkEnd,
        Trailer,
        Done
    };

    Status take_line(std::string_view line);
    Status take_status(std::string_view line);
    Status take_header(std::string_view line);
    Status take_chunk_size(std::string_view line);
    void end_head();
    std::size_t take_body(std::string_view bytes);

    At at_ = At::StatusLine;
    std::string line_;
    std::string kept_;
    int status_ = 0;
    bool keeps_connection_ = true;
    std::optional<std::chrono::seconds> retry_after_{};
    bool chunked_ = false;
    bool has_length_ = false;
    std::uint64_t left_ = 0;
    std::uint64_t body_bytes_ = 0;
};

}  // namespace origin::bench
