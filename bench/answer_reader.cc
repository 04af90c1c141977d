// SPDX-License-Identifier: Apache-2.0
#include "bench/answer_reader.h"

#include <algorithm>
#include <charconv>

namespace origin::bench {
namespace {

std::unexpected<Error> refuse(std::string_view what) {
    return std::unexpected(
        Error(Code::InvalidInput, "not an HTTP/1.1 answer: " + std::string(what)));
}

bool same_word(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

std::string_view trimmed(std::string_view text) {
    const std::size_t from = text.find_first_not_of(" \t");
    const std::size_t to = text.find_last_not_of(" \t");
    return from == std::string_view::npos ? std::string_view() : text.substr(from, to - from + 1);
}

bool read_number(std::string_view text, int base, std::uint64_t& into) {
    const auto [end, error] = std::from_chars(text.begin(), text.end(), into, base);
    return error == std::errc{} && end != text.begin();
}

}  // namespace

void AnswerReader::reset() {
    at_ = At::StatusLine;
    line_.clear();
    kept_.clear();
    status_ = 0;
    keeps_connection_ = true;
    retry_after_.reset();
    chunked_ = false;
    has_length_ = false;
    left_ = 0;
    body_bytes_ = 0;
}

bool AnswerReader::feed_end() {
    keeps_connection_ = false;
    if (at_ == At::BodyToEnd) {
        at_ = At::Done;
    }
    return done();
}

Result<std::size_t> AnswerReader::feed(std::string_view bytes) {
    const std::size_t all = bytes.size();
    while (!bytes.empty() && !done()) {
        if (at_ == At::Body || at_ == At::BodyToEnd) {
            bytes.remove_prefix(take_body(bytes));
            continue;
        }
        const std::size_t end = bytes.find('\n');
        line_.append(bytes.substr(0, end));
        if (line_.size() > kLineBytesMax) {
            return refuse("a line without an end");
        }
        if (end == std::string_view::npos) {
            return all;
        }
        bytes.remove_prefix(end + 1);
        std::string_view line = line_;
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        ORIGIN_CHECK(take_line(line));
        line_.clear();
    }
    return all - bytes.size();
}

std::size_t AnswerReader::take_body(std::string_view bytes) {
    const std::size_t taken =
        at_ == At::BodyToEnd
            ? bytes.size()
            : static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left_));
    const std::size_t room = kKeptBytesMax - std::min(kept_.size(), kKeptBytesMax);
    kept_.append(bytes.substr(0, std::min(room, taken)));
    body_bytes_ += taken;
    if (at_ == At::Body) {
        left_ -= taken;
        if (left_ == 0) {
            at_ = chunked_ ? At::ChunkEnd : At::Done;
        }
    }
    return taken;
}

Status AnswerReader::take_line(std::string_view line) {
    switch (at_) {
        case At::StatusLine:
            return take_status(line);
        case At::Header:
            if (line.empty()) {
                end_head();
                return {};
            }
            return take_header(line);
        case At::ChunkSize:
            return take_chunk_size(line);
        case At::ChunkEnd:
            at_ = At::ChunkSize;
            return line.empty() ? Status() : refuse("a chunk is longer than it says");
        case At::Trailer:
            at_ = line.empty() ? At::Done : At::Trailer;
            return {};
        case At::Body:
        case At::BodyToEnd:
        case At::Done:
            break;
    }
    return refuse("a line where none can be");
}

Status AnswerReader::take_status(std::string_view line) {
    constexpr std::string_view kVersion = "HTTP/1.1 ";
    constexpr std::size_t kDigits = 3;
    std::uint64_t status = 0;
    if (!line.starts_with(kVersion) ||
        !read_number(line.substr(kVersion.size(), kDigits), 10, status)) {
        return refuse("its first line");
    }
    status_ = static_cast<int>(status);
    at_ = At::Header;
    return {};
}

Status AnswerReader::take_header(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
        return refuse("a header without a colon");
    }
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (same_word(name, "content-length")) {
        has_length_ = read_number(value, 10, left_);
        return has_length_ ? Status() : refuse("its length");
    }
    if (same_word(name, "transfer-encoding")) {
        chunked_ = same_word(value, "chunked");
    } else if (same_word(name, "connection")) {
        keeps_connection_ = !same_word(value, "close");
    } else if (std::uint64_t seconds = 0;
               same_word(name, "retry-after") && read_number(value, 10, seconds)) {
        retry_after_ = std::chrono::seconds(seconds);
    }
    return {};
}

void AnswerReader::end_head() {
    constexpr int kContinueClass = 100;
    constexpr int kSuccessClass = 200;
    constexpr int kNoContent = 204;
    constexpr int kNotModified = 304;
    if (status_ >= kContinueClass && status_ < kSuccessClass) {
        reset();
    } else if (status_ == kNoContent || status_ == kNotModified) {
        at_ = At::Done;
    } else if (chunked_) {
        at_ = At::ChunkSize;
    } else if (!has_length_) {
        at_ = At::BodyToEnd;
        keeps_connection_ = false;
    } else {
        at_ = left_ == 0 ? At::Done : At::Body;
    }
}

Status AnswerReader::take_chunk_size(std::string_view line) {
    constexpr int kHex = 16;
    if (!read_number(line, kHex, left_)) {
        return refuse("a chunk's size");
    }
    at_ = left_ == 0 ? At::Trailer : At::Body;
    return {};
}

}  // namespace origin::bench
