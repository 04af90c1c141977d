// SPDX-License-Identifier: Apache-2.0
// store/key: keys composed of fixed-size parts, so that byte order is the order we want.
//
// Parts: unsigned integers big-endian at their width; UnixMillis 8 bytes big-endian with the sign
// bit flipped (earlier sorts first); a one-byte enum; ids 16 raw bytes; Oid 20; Label one length
// byte + text; raw text as it is, as the last part only (else two keys could be one).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/assert.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/oid.h"

namespace origin::store {

/// Short text in the middle of a key: at most 255 bytes.
struct Label {
    std::string_view text;
};

namespace key_part {

template <class T>
inline constexpr bool kIsText = std::is_convertible_v<const T&, std::string_view>;

inline void append_big_endian(std::string& key, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = bytes; i-- > 0;) {
        key.push_back(static_cast<char>(value >> (8 * i) & 0xff));
    }
}

template <class T>
void append(std::string& key, const T& part) {
    if constexpr (std::is_same_v<T, UnixMillis>) {
        append_big_endian(key, static_cast<std::uint64_t>(part) ^ (1ULL << 63), 8);
    } else if constexpr (std::is_enum_v<T> || std::is_unsigned_v<T>) {
        static_assert(!std::is_same_v<T, bool> && (!std::is_enum_v<T> || sizeof(T) == 1));
        append_big_endian(key, static_cast<std::uint64_t>(part), sizeof(T));
    } else if constexpr (std::is_same_v<T, Label>) {
        ORIGIN_ASSERT(part.text.size() <= 255);
        key.push_back(static_cast<char>(part.text.size()));
        key += part.text;
    } else if constexpr (kIsText<T>) {
        key += std::string_view(part);
    } else {
        key += part.view();  // StrongId, Oid.
    }
}

template <class... Parts>
consteval bool text_only_last() {
    std::size_t position = 0;
    bool good = true;
    ((good = good && (!kIsText<Parts> || position + 1 == sizeof...(Parts)), ++position), ...);
    return good;
}

}  // namespace key_part

/// key(project, sequence), key(project, ref_name), key(Label{kind}, ready_at, id).
template <class... Parts>
std::string key(const Parts&... parts) {
    static_assert(key_part::text_only_last<Parts...>(), "raw text must be a key's last part");
    std::string joined;
    (key_part::append(joined, parts), ...);
    return joined;
}

inline std::string be64(std::uint64_t number) {
    return key(number);
}

/// Takes a key apart, front to back. Each take is nullopt when too little is left.
class KeyParts {
public:
    /// Lifetime: views into `bytes`.
    explicit KeyParts(std::string_view bytes) : rest_(bytes) {}

    std::optional<std::uint64_t> number() {
        const auto bytes = take(8);
        if (!bytes) {
            return std::nullopt;
        }
        std::uint64_t value = 0;
        for (const char c : *bytes) {
            value = value << 8 | static_cast<unsigned char>(c);
        }
        return value;
    }
    std::optional<UnixMillis> time() {
        const auto bits = number();
        return bits ? std::optional(static_cast<UnixMillis>(*bits ^ (1ULL << 63))) : std::nullopt;
    }
    template <class Id>
    std::optional<Id> id() {
        const auto bytes = take(sizeof(Id::raw));
        return bytes ? Id::from_raw(*bytes) : std::nullopt;
    }
    std::optional<std::string_view> label() {
        const auto size = take(1);
        return size ? take(static_cast<unsigned char>(size->front())) : std::nullopt;
    }
    std::string_view rest() const { return rest_; }

private:
    std::optional<std::string_view> take(std::size_t bytes) {
        if (bytes > rest_.size()) {
            return std::nullopt;
        }
        const std::string_view taken = rest_.substr(0, bytes);
        rest_.remove_prefix(bytes);
        return taken;
    }

    std::string_view rest_;
};

inline std::optional<std::uint64_t> from_be64(std::string_view bytes) {
    return bytes.size() == 8 ? KeyParts(bytes).number() : std::nullopt;
}

}  // namespace origin::store
