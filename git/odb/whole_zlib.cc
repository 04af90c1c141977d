// SPDX-License-Identifier: Apache-2.0
#include "git/odb/whole_zlib.h"

#include <libdeflate.h>

#include "base/assert.h"

namespace origin::git {
namespace {

struct FreeDecompressor {
    void operator()(libdeflate_decompressor* decompressor) const {
        libdeflate_free_decompressor(decompressor);
    }
};

std::unexpected<Error> refuse(const char* reason, const char* what) {
    return std::unexpected(Error(Code::InvalidInput, what).because(reason));
}

}  // namespace

void WholeDeflater::Free::operator()(libdeflate_compressor* compressor) const {
    libdeflate_free_compressor(compressor);
}

WholeDeflater::WholeDeflater(int level) : compressor_(libdeflate_alloc_compressor(level)) {
    ORIGIN_ASSERT(compressor_ != nullptr);
}

void WholeDeflater::append(std::string_view data, std::string& out) const {
    const std::size_t before = out.size();
    const std::size_t room = libdeflate_zlib_compress_bound(compressor_.get(), data.size());
    out.resize_and_overwrite(before + room, [&](char* at, std::size_t) {
        const std::size_t written = libdeflate_zlib_compress(
            compressor_.get(), data.data(), data.size(), at + before, room);
        ORIGIN_ASSERT(written > 0);
        return before + written;
    });
}

std::string deflate_all(std::string_view data, int level) {
    std::string out;
    WholeDeflater(level).append(data, out);
    return out;
}

Status inflate_exactly(Bytes in, std::span<char> out) {
    const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
        libdeflate_alloc_decompressor());
    ORIGIN_ASSERT(decompressor != nullptr);
    char nowhere = 0;  // It wants a place even for no bytes.
    std::size_t consumed = 0;
    const libdeflate_result verdict =
        libdeflate_zlib_decompress_ex(decompressor.get(),
                                      in.data(),
                                      in.size(),
                                      out.empty() ? &nowhere : out.data(),
                                      out.size(),
                                      &consumed,
                                      nullptr);
    switch (verdict) {
        case LIBDEFLATE_SUCCESS:
            return {};
        case LIBDEFLATE_BAD_DATA:
            return refuse("bad_zlib", "an object is not a zlib stream");
        default:
            return refuse("bad_object_size", "an object is not as long as it says");
    }
}

std::uint32_t crc32_of(std::string_view bytes) {
    return libdeflate_crc32(0, bytes.data(), bytes.size());
}

}  // namespace origin::git
