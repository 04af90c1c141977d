// SPDX-License-Identifier: Apache-2.0
#include "git/odb/delta.h"

#include <cstring>
#include <optional>
#include <string>

namespace origin::git {
namespace {

std::unexpected<Error> bad_delta(std::string_view what) {
    return std::unexpected(
        Error(Code::InvalidInput, "a delta is damaged: " + std::string(what)).because("bad_delta"));
}

std::optional<std::uint64_t> take_size(std::string_view& rest) {
    constexpr unsigned kShiftMax = 56;  // Nine bytes: more than any size we accept.
    std::uint64_t size = 0;
    for (unsigned shift = 0; shift <= kShiftMax; shift += 7) {
        if (rest.empty()) {
            return std::nullopt;
        }
        const auto byte = static_cast<unsigned char>(rest.front());
        rest.remove_prefix(1);
        size |= std::uint64_t{byte & 0x7fU} << shift;
        if ((byte & 0x80U) == 0) {
            return size;
        }
    }
    return std::nullopt;
}

struct Copy {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

std::optional<Copy> take_copy(unsigned command, std::string_view& rest) {
    constexpr std::uint64_t kSizeOfZero = 0x10000;
    Copy copy;
    for (unsigned bit = 0; bit < 7; ++bit) {
        if ((command & (1U << bit)) == 0) {
            continue;
        }
        if (rest.empty()) {
            return std::nullopt;
        }
        const std::uint64_t byte = static_cast<unsigned char>(rest.front());
        rest.remove_prefix(1);
        if (bit < 4) {
            copy.offset |= byte << (8 * bit);
        } else {
            copy.size |= byte << (8 * (bit - 4));
        }
    }
    if (copy.size == 0) {
        copy.size = kSizeOfZero;
    }
    return copy;
}

}  // namespace

Result<DeltaSizes> parse_delta_sizes(std::string_view delta) {
    std::string_view rest = delta;
    const auto base = take_size(rest);
    const auto result = base ? take_size(rest) : std::nullopt;
    if (!result) {
        return bad_delta("its sizes");
    }
    return DeltaSizes{.base = *base, .result = *result, .header_bytes = delta.size() - rest.size()};
}

Status apply_delta(std::string_view base, std::string_view delta, std::span<char> out) {
    ORIGIN_TRY(sizes, parse_delta_sizes(delta));
    if (sizes.base != base.size()) {
        return bad_delta("made for another base");
    }
    if (sizes.result != out.size()) {
        return bad_delta("result size");
    }
    std::string_view rest = delta.substr(sizes.header_bytes);
    while (!rest.empty()) {
        const unsigned command = static_cast<unsigned char>(rest.front());
        rest.remove_prefix(1);
        std::string_view piece;
        if ((command & 0x80U) != 0) {
            const auto copy = take_copy(command, rest);
            if (!copy || copy->offset > base.size() || copy->size > base.size() - copy->offset) {
                return bad_delta("copies from outside its base");
            }
            piece = base.substr(copy->offset, copy->size);
        } else {
            if (command == 0 || command > rest.size()) {
                return bad_delta("command");
            }
            piece = rest.substr(0, command);
            rest.remove_prefix(command);
        }
        if (piece.size() > out.size()) {
            return bad_delta("result is longer than it says");
        }
        std::memcpy(out.data(), piece.data(), piece.size());
        out = out.subspan(piece.size());
    }
    if (!out.empty()) {
        return bad_delta("result is shorter than it says");
    }
    return {};
}

}  // namespace origin::git
