// SPDX-License-Identifier: Apache-2.0
// base/id: lasting ids: 128 bits, time-ordered, printed as `<prefix>_` and 26 lower-case base32
// digits. Format: bytes 0..5 Unix milliseconds, big-endian; bytes 6..15 random. Digits: Crockford's
// alphabet (0-9 a-z without i, l, o, u), most significant first, 130 bits with two leading zero
// bits.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace origin {

inline constexpr std::size_t kIdBytes = 16;
inline constexpr std::size_t kIdDigits = 26;

std::string id_digits(const std::array<unsigned char, kIdBytes>& raw);
std::optional<std::array<unsigned char, kIdBytes>> id_from_digits(std::string_view digits);
std::array<unsigned char, kIdBytes> make_id_bytes(UnixMillis now, Random& random);

/// An id of one kind. `Tag::kPrefix` is what its text begins with: "prj".
template <class Tag>
struct StrongId {
    std::array<unsigned char, kIdBytes> raw{};

    static StrongId make(const Clock& clock, Random& random) {
        return {make_id_bytes(clock.now(), random)};
    }

    /// "prj_" + 26 digits, canonical form only; else nullopt.
    static std::optional<StrongId> parse(std::string_view text) {
        const std::string_view prefix = Tag::kPrefix;
        if (!text.starts_with(prefix) || text.size() != prefix.size() + 1 + kIdDigits ||
            text[prefix.size()] != '_') {
            return std::nullopt;
        }
        const auto raw = id_from_digits(text.substr(prefix.size() + 1));
        return raw ? std::optional(StrongId{*raw}) : std::nullopt;
    }

    static std::optional<StrongId> from_raw(std::string_view bytes) {
        if (bytes.size() != kIdBytes) {
            return std::nullopt;
        }
        StrongId id;
        for (std::size_t i = 0; i < kIdBytes; ++i) {
            id.raw[i] = static_cast<unsigned char>(bytes[i]);
        }
        return id;
    }

    std::string str() const { return std::string(Tag::kPrefix) + "_" + id_digits(raw); }
    /// The 16 raw bytes: what keys in the store use.
    std::string_view view() const { return {reinterpret_cast<const char*>(raw.data()), kIdBytes}; }
    bool is_zero() const { return *this == StrongId{}; }

    friend auto operator<=>(const StrongId&, const StrongId&) = default;
};

/// Ids for one store transaction, drawn before it: copied into the write function, so that a second
/// run of the function makes the same ids.
class IdSequence {
public:
    IdSequence(const Clock& clock, Random& random) : next_(make_id_bytes(clock.now(), random)) {}

    template <class Id>
    Id next() {
        const Id id{next_};
        // The low eight bytes are random: counting up in them keeps ids of one sequence distinct.
        for (std::size_t i = kIdBytes; i-- > kIdBytes / 2 && ++next_[i] == 0;) {
        }
        return id;
    }

private:
    std::array<unsigned char, kIdBytes> next_;
};

// clang-format off
struct ClientTag     { static constexpr std::string_view kPrefix = "cli"; };
struct KeyTag        { static constexpr std::string_view kPrefix = "key"; };
struct ProjectTag    { static constexpr std::string_view kPrefix = "prj"; };
struct RunTag        { static constexpr std::string_view kPrefix = "run"; };
struct DeploymentTag { static constexpr std::string_view kPrefix = "dep"; };
struct WebhookTag    { static constexpr std::string_view kPrefix = "whk"; };
struct JobTag        { static constexpr std::string_view kPrefix = "job"; };
// clang-format on

using ClientId = StrongId<ClientTag>;
using KeyId = StrongId<KeyTag>;
using ProjectId = StrongId<ProjectTag>;
using RunId = StrongId<RunTag>;
using DeploymentId = StrongId<DeploymentTag>;
using WebhookId = StrongId<WebhookTag>;
using JobId = StrongId<JobTag>;

}  // namespace origin
