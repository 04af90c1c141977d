// SPDX-License-Identifier: Apache-2.0
#include "website/content_coding.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <brotli/encode.h>
#include <zlib.h>

#include "base/assert.h"
#include "net/http_text.h"

namespace origin::website {
namespace {

constexpr int kFullWeight = 1000;
constexpr int kGzipWindow = 15 + 16;  // zlib: with gzip's header.
constexpr int kGzipMemory = 8;

constexpr std::array<std::string_view, 9> kTypes = {"application/javascript",
                                                    "application/json",
                                                    "application/manifest+json",
                                                    "application/rss+xml",
                                                    "application/wasm",
                                                    "application/xhtml+xml",
                                                    "application/xml",
                                                    "image/svg+xml",
                                                    "image/x-icon"};

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    return first == std::string_view::npos
               ? std::string_view()
               : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view take(std::string_view& rest, char separator) {
    const std::string_view item = rest.substr(0, rest.find(separator));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    return trimmed(item);
}

/// "0", "1", "0.25", "1.000"; nullopt: no weight.
std::optional<int> weight_of(std::string_view text) {
    constexpr std::size_t kDigitsMax = 3;
    if (text.empty() || (text.front() != '0' && text.front() != '1') ||
        (text.size() > 1 && text[1] != '.') || text.size() > 2 + kDigitsMax) {
        return std::nullopt;
    }
    int weight = (text.front() - '0') * kFullWeight;
    int place = kFullWeight;
    for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        place /= 10;
        weight += (c - '0') * place;
    }
    return weight <= kFullWeight ? std::optional(weight) : std::nullopt;
}

/// The weight of an item's parameters, "q=0.5"; without one it is full.
std::optional<int> weight_of_item(std::string_view parameters) {
    if (trimmed(parameters).empty()) {
        return kFullWeight;
    }
    const std::string_view item = take(parameters, ';');
    const bool is_weight = item.size() > 2 && (item.starts_with("q=") || item.starts_with("Q="));
    return is_weight && parameters.empty() ? weight_of(item.substr(2)) : std::nullopt;
}

std::optional<std::string> brotli(std::string_view bytes) {
    std::size_t size = BrotliEncoderMaxCompressedSize(bytes.size());
    std::string coded(size, '\0');
    const bool done =
        BrotliEncoderCompress(kBrotliQuality,
                              BROTLI_DEFAULT_WINDOW,
                              BROTLI_MODE_TEXT,
                              bytes.size(),
                              reinterpret_cast<const std::uint8_t*>(bytes.data()),
                              &size,
                              reinterpret_cast<std::uint8_t*>(coded.data())) == BROTLI_TRUE;
    coded.resize(done ? size : 0);
    return done ? std::optional(std::move(coded)) : std::nullopt;
}

std::optional<std::string> gzip(std::string_view bytes) {
    z_stream stream{};
    if (deflateInit2(
            &stream, kGzipLevel, Z_DEFLATED, kGzipWindow, kGzipMemory, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
        return std::nullopt;
    }
    std::string coded(deflateBound(&stream, bytes.size()), '\0');
    std::string input(bytes);  // zlib wants to be able to write there.
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(coded.data());
    stream.avail_out = static_cast<uInt>(coded.size());
    const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    coded.resize(coded.size() - stream.avail_out);
    deflateEnd(&stream);
    return done ? std::optional(std::move(coded)) : std::nullopt;
}

}  // namespace

std::string_view name_of(Coding coding) {
    switch (coding) {
        case Coding::Identity:
            return "";
        case Coding::Gzip:
            return "gzip";
        case Coding::Brotli:
            return "br";
    }
    return "";
}

AcceptedCodings AcceptedCodings::parse(std::string_view header) {
    std::optional<int> gzip;
    std::optional<int> brotli;
    std::optional<int> identity;
    std::optional<int> others;
    while (!header.empty()) {
        std::string_view item = take(header, ',');
        const std::string_view name = take(item, ';');
        const auto weight = weight_of_item(item);
        std::optional<int>* const named =
            net::same_ignoring_case(name, "gzip") || net::same_ignoring_case(name, "x-gzip") ? &gzip
            : net::same_ignoring_case(name, "br")       ? &brotli
            : net::same_ignoring_case(name, "identity") ? &identity
            : name == "*"                               ? &others
                                                        : nullptr;
        if (named != nullptr && weight && !*named) {
            *named = weight;
        }
    }
    AcceptedCodings accepted;
    accepted.gzip_ = gzip.value_or(others.value_or(0));
    accepted.brotli_ = brotli.value_or(others.value_or(0));
    accepted.identity_ = identity.value_or(1);
    return accepted;
}

bool AcceptedCodings::takes(Coding coding) const {
    switch (coding) {
        case Coding::Identity:
            return true;
        case Coding::Gzip:
            return gzip_ > 0;
        case Coding::Brotli:
            return brotli_ > 0;
    }
    return false;
}

Coding AcceptedCodings::best() const {
    if (brotli_ > 0 && brotli_ >= gzip_ && brotli_ >= identity_) {
        return Coding::Brotli;
    }
    return gzip_ > 0 && gzip_ >= identity_ ? Coding::Gzip : Coding::Identity;
}

bool is_compressible(std::string_view content_type) {
    const std::string_view type = trimmed(content_type.substr(0, content_type.find(';')));
    return type.starts_with("text/") || std::ranges::find(kTypes, type) != kTypes.end();
}

std::optional<std::string> encode(Coding coding, std::string_view bytes) {
    ORIGIN_ASSERT(bytes.size() <= kCodedFileBytesMax);
    auto coded = coding == Coding::Brotli ? brotli(bytes)
                 : coding == Coding::Gzip ? gzip(bytes)
                                          : std::nullopt;
    const bool is_worth_it = coded && coded->size() < bytes.size() - bytes.size() / 8;
    if (!is_worth_it) {
        return std::nullopt;
    }
    coded->shrink_to_fit();
    return coded;
}

}  // namespace origin::website
