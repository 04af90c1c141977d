// SPDX-License-Identifier: Apache-2.0
// auth/ssh_strings: the pieces of a blob of SSH's, one after the other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace origin::auth {

/// Takes pieces off the front of `bytes`; nullopt: not enough are left.
/// string = 4 bytes of length, big-endian, then the bytes. Source: RFC 4251 section 5.
class SshStrings {
public:
    /// Lifetime: borrows `bytes`.
    explicit SshStrings(std::string_view bytes) : rest_(bytes) {}

    std::optional<std::string_view> take_bytes(std::size_t size) {
        if (rest_.size() < size) {
            return std::nullopt;
        }
        const std::string_view bytes = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return bytes;
    }
    std::optional<std::uint32_t> take_number() {
        const auto bytes = take_bytes(4);
        if (!bytes) {
            return std::nullopt;
        }
        std::uint32_t number = 0;
        for (const char c : *bytes) {
            number = number << 8 | static_cast<unsigned char>(c);
        }
        return number;
    }
    std::optional<std::string_view> take() {
        const auto size = take_number();
        return size ? take_bytes(*size) : std::nullopt;
    }
    bool at_end() const { return rest_.empty(); }

private:
    std::string_view rest_;
};

/// As take() reads it.
inline std::string ssh_string(std::string_view text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    return std::string{static_cast<char>(size >> 24),
                       static_cast<char>(size >> 16),
                       static_cast<char>(size >> 8),
                       static_cast<char>(size)} +
           std::string(text);
}

}  // namespace origin::auth
