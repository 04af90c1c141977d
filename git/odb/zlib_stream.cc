// SPDX-License-Identifier: Apache-2.0
#include "git/odb/zlib_stream.h"

#include <algorithm>
#include <limits>

#include <zlib.h>

#include "base/assert.h"

namespace origin::git {
namespace {

std::unexpected<Error> bad_zlib() {
    return std::unexpected(
        Error(Code::InvalidInput, "an object's zlib stream is damaged").because("bad_zlib"));
}

uInt clamped(std::size_t bytes) {
    return static_cast<uInt>(std::min<std::size_t>(bytes, std::numeric_limits<uInt>::max()));
}

// zlib promises not to write through next_in; its type is older than const.
Bytef* input_of(const void* bytes) {
    return static_cast<Bytef*>(const_cast<void*>(bytes));
}

}  // namespace

struct Inflater::State {
    z_stream stream{};
    State() { ORIGIN_ASSERT(inflateInit(&stream) == Z_OK); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { inflateEnd(&stream); }
};

Inflater::Inflater() : state_(std::make_unique<State>()) {}
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;
Inflater::~Inflater() = default;

void Inflater::restart() {
    ORIGIN_ASSERT(inflateReset(&state_->stream) == Z_OK);
}

Result<Inflater::Progress> Inflater::step(Bytes in, std::span<char> out) {
    z_stream& stream = state_->stream;
    char nowhere = 0;  // zlib wants a place even for no bytes.
    stream.next_in = input_of(in.data());
    stream.avail_in = clamped(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.empty() ? &nowhere : out.data());
    stream.avail_out = clamped(out.size());
    const uInt in_before = stream.avail_in;
    const uInt out_before = stream.avail_out;
    const int verdict = inflate(&stream, Z_NO_FLUSH);
    if (verdict != Z_OK && verdict != Z_STREAM_END && verdict != Z_BUF_ERROR) {
        return bad_zlib();
    }
    return Progress{.consumed = in_before - stream.avail_in,
                    .produced = out_before - stream.avail_out,
                    .is_end = verdict == Z_STREAM_END};
}

Result<std::size_t> inflate_start(Inflater& inflater, Bytes in, std::span<char> out) {
    inflater.restart();
    std::size_t written = 0;
    while (written < out.size()) {
        ORIGIN_TRY(progress, inflater.step(in, out.subspan(written)));
        in = in.subspan(progress.consumed);
        written += progress.produced;
        if (progress.is_end) {
            break;
        }
        if (progress.consumed == 0 && progress.produced == 0) {
            return bad_zlib();
        }
    }
    return written;
}

struct Deflater::State {
    z_stream stream{};
    State(int level, Format format) {
        constexpr int kMemLevel = 8;       // zlib's default, as the window.
        constexpr int kGzipWrapping = 16;  // Of deflateInit2's windowBits.
        const int window = MAX_WBITS + (format == Format::Gzip ? kGzipWrapping : 0);
        ORIGIN_ASSERT(
            deflateInit2(&stream, level, Z_DEFLATED, window, kMemLevel, Z_DEFAULT_STRATEGY) ==
            Z_OK);
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { deflateEnd(&stream); }
};

Deflater::Deflater(int level, Format format) : state_(std::make_unique<State>(level, format)) {}
Deflater::Deflater(Deflater&&) noexcept = default;
Deflater& Deflater::operator=(Deflater&&) noexcept = default;
Deflater::~Deflater() = default;

void Deflater::restart() {
    ORIGIN_ASSERT(deflateReset(&state_->stream) == Z_OK);
}

void Deflater::step(std::string_view in, bool is_last, std::string& out) {
    constexpr std::size_t kRoom = 64UL * 1024;
    z_stream& stream = state_->stream;
    const std::size_t room = std::min<std::size_t>(kRoom, deflateBound(&stream, in.size()));
    stream.next_in = input_of(in.data());
    stream.avail_in = clamped(in.size());
    ORIGIN_ASSERT(stream.avail_in == in.size());
    do {
        const std::size_t before = out.size();
        out.resize(before + room);
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
        stream.avail_out = static_cast<uInt>(room);
        const int verdict = deflate(&stream, is_last ? Z_FINISH : Z_NO_FLUSH);
        ORIGIN_ASSERT(verdict == Z_OK || verdict == Z_STREAM_END || verdict == Z_BUF_ERROR);
        out.resize(out.size() - stream.avail_out);
    } while (stream.avail_out == 0);
}

}  // namespace origin::git
