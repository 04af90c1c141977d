// SPDX-License-Identifier: Apache-2.0
// git/odb/zlib_stream: zlib's two directions, with every output bounded by the caller. For what
// comes in pieces; what is in memory as a whole is quicker by whole_zlib.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace origin::git {

/// One zlib stream after another; reuse saves 40 KB of set-up each.
class Inflater {
public:
    Inflater();
    Inflater(Inflater&&) noexcept;
    Inflater& operator=(Inflater&&) noexcept;
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    ~Inflater();

    /// Forgets the current stream and begins the next.
    void restart();

    struct Progress {
        std::size_t consumed;
        std::size_t produced;
        bool is_end;  // The stream and its checksum are complete.
    };
    /// Inflates as far as `in` and `out` allow.
    /// Errors: InvalidInput (bad_zlib).
    Result<Progress> step(Bytes in, std::span<char> out);

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Inflates at most the first `out.size()` bytes of a stream.
/// Returns: how many there were. Errors: InvalidInput (bad_zlib).
Result<std::size_t> inflate_start(Inflater& inflater, Bytes in, std::span<char> out);

/// One stream of bytes that come in pieces.
class Deflater {
public:
    enum class Format : std::uint8_t { Zlib, Gzip };  // RFC 1950, RFC 1952.
    /// `level`: 0 to 9.
    explicit Deflater(int level, Format format = Format::Zlib);
    Deflater(Deflater&&) noexcept;
    Deflater& operator=(Deflater&&) noexcept;
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;
    ~Deflater();

    /// Appends to `out` what `in` gives by now; with `is_last` the end of the stream, too.
    void step(std::string_view in, bool is_last, std::string& out);
    /// Forgets the current stream and begins the next.
    void restart();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace origin::git
