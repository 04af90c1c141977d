// SPDX-License-Identifier: Apache-2.0
#include "store/checksum.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace origin::store {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // Castagnoli's, bits reversed.
constexpr std::size_t kLanes = 8;                  // Bytes taken in one step.

using Lanes = std::array<std::array<std::uint32_t, 256>, kLanes>;

/// kTable[k][b]: what byte b does to the checksum when k more bytes follow it.
constexpr Lanes make_table() {
    Lanes table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) {
            crc = crc >> 1 ^ ((crc & 1) != 0 ? kPolynomial : 0);
        }
        table[0][byte] = crc;
    }
    for (std::size_t lane = 1; lane < kLanes; ++lane) {
        for (std::uint32_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t crc = table[lane - 1][byte];
            table[lane][byte] = crc >> 8 ^ table[0][crc & 0xff];
        }
    }
    return table;
}

constexpr Lanes kTable = make_table();

std::uint32_t byte_at(std::string_view bytes, std::size_t i) {
    return static_cast<unsigned char>(bytes[i]);
}

std::uint32_t step8(std::uint32_t crc, std::string_view bytes) {
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < kLanes; ++i) {
        const std::uint32_t mixed = byte_at(bytes, i) ^ (i < 4 ? crc >> (8 * i) & 0xff : 0);
        next ^= kTable[kLanes - 1 - i][mixed];
    }
    return next;
}

std::uint32_t checksum_number(Table table, std::string_view key, std::string_view value) {
    const std::array<char, 3> between = {
        '\0', static_cast<char>(key.size() >> 8 & 0xff), static_cast<char>(key.size() & 0xff)};
    std::uint32_t crc = crc32c(name_of(table));
    crc = crc32c(std::string_view(between.data(), between.size()), crc);
    crc = crc32c(key, crc);
    return crc32c(value, crc);
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::string_view bytes,
                                                               std::uint32_t before) {
    std::uint64_t crc = static_cast<std::uint32_t>(~before);
    std::uint64_t eight = 0;
    while (bytes.size() >= sizeof(eight)) {
        std::memcpy(&eight, bytes.data(), sizeof(eight));
        crc = _mm_crc32_u64(crc, eight);
        bytes.remove_prefix(sizeof(eight));
    }
    auto last = static_cast<std::uint32_t>(crc);
    for (const char byte : bytes) {
        last = _mm_crc32_u8(last, static_cast<unsigned char>(byte));
    }
    return ~last;
}

bool has_instruction() {
    return __builtin_cpu_supports("sse4.2") != 0;
}
#else
std::uint32_t by_instruction(std::string_view bytes, std::uint32_t before) {
    return crc32c_by_table(bytes, before);
}

bool has_instruction() {
    return false;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
    static const bool kHasInstruction = has_instruction();
    return kHasInstruction ? by_instruction(bytes, before) : crc32c_by_table(bytes, before);
}

std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before) {
    std::uint32_t crc = ~before;
    while (bytes.size() >= kLanes) {
        crc = step8(crc, bytes);
        bytes.remove_prefix(kLanes);
    }
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        crc = crc >> 8 ^ kTable[0][(crc ^ byte_at(bytes, i)) & 0xff];
    }
    return ~crc;
}

std::string checksum(Table table, std::string_view key, std::string_view value) {
    const std::uint32_t crc = checksum_number(table, key, value);
    std::string bytes(kChecksumBytes, '\0');
    for (std::size_t i = 0; i < kChecksumBytes; ++i) {
        bytes[i] = static_cast<char>(crc >> (8 * (kChecksumBytes - 1 - i)) & 0xff);
    }
    return bytes;
}

std::optional<std::string_view> verified(Table table,
                                         std::string_view key,
                                         std::string_view stored) {
    if (stored.size() < kChecksumBytes) {
        return std::nullopt;
    }
    const std::string_view value = stored.substr(kChecksumBytes);
    std::uint32_t kept = 0;
    for (std::size_t i = 0; i < kChecksumBytes; ++i) {
        kept = kept << 8 | byte_at(stored, i);
    }
    return kept == checksum_number(table, key, value) ? std::optional(value) : std::nullopt;
}

}  // namespace origin::store
