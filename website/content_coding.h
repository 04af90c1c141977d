// SPDX-License-Identifier: Apache-2.0
// website/content_coding: which coding of a file a visitor takes, and a file in that coding. Pure.
// Source: RFC 9110, section 12.5.3 (Accept-Encoding); RFC 1952 (gzip); RFC 7932 (Brotli).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace origin::website {

/// Measured on HTML, JavaScript and JSON of 37 KB to 0.9 MB: quality 7 is within 7 % of 9 in half
/// its time (85 ms for 0.9 MB); 11 is 10 to 20 % smaller and takes 40 times as long. gzip 6
/// likewise.
inline constexpr int kBrotliQuality = 7;
inline constexpr int kGzipLevel = 6;
/// Below this an answer is one packet anyway. Above the other, a file is streamed as it is.
inline constexpr std::uint64_t kCodedFileBytesMin = 1024;
inline constexpr std::uint64_t kCodedFileBytesMax = 1024ULL * 1024;

enum class Coding : std::uint8_t { Identity, Gzip, Brotli };

/// "gzip", "br"; empty for Identity.
std::string_view name_of(Coding coding);

/// What an Accept-Encoding header takes. Identity is always taken: nothing is refused for it.
class AcceptedCodings {
public:
    /// Malformed items are passed over; of one coding named twice the first counts.
    static AcceptedCodings parse(std::string_view header);

    bool takes(Coding coding) const;
    /// Brotli before gzip, if they are equally welcome and not less so than the file as it is.
    Coding best() const;

private:
    int gzip_ = 0;  // Weights in thousandths.
    int brotli_ = 0;
    int identity_ = 1;  // Not named: the last choice.
};

/// May a file of this type be smaller in a coding? Not what is compressed already.
bool is_compressible(std::string_view content_type);

/// The bytes in a coding; nullopt: they would not be smaller by an eighth.
std::optional<std::string> encode(Coding coding, std::string_view bytes);

}  // namespace origin::website
