// SPDX-License-Identifier: Apache-2.0
// base/error: the one way a room says "no". See docs/ARCHITECTURE.md, "Errors".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace origin {

/// What went wrong, in the caller's terms. net/door_codes.cc maps each code to an HTTP status;
/// Git's `ng` and `ERR` lines carry the error's own sentence.
enum class Code : std::uint8_t {
    InvalidInput,     // The peer's bytes break a rule. Its fault; do not retry as is.
    Unauthenticated,  // We do not know who is asking.
    Forbidden,        // We know, and they may not.
    NotFound,         // No such thing, or they may not learn that it exists.
    Conflict,         // Somebody else changed it first; read again and retry.
    LimitExceeded,    // A bound (base/limits.h) was reached.
    Unavailable,      // Overloaded or shutting down; retry later.
    Timeout,          // A deadline passed.
    Corrupt,          // Our own stored bytes are wrong. Page a human.
    StorageFull,      // The disk, the map or a quota is full; nothing was changed.
    Internal,         // A library failed in a way we did not foresee.
};

/// The default machine-readable name of `code`, as the API prints it: "not_found".
std::string_view name_of(Code code);

/// A failed operation: a code for programs, a sentence for the peer, a note for our log.
class Error {
public:
    Error(Code code, std::string told_to_peer, std::string kept_in_log = {})
        : code_(code),
          told_to_peer_(std::move(told_to_peer)),
          kept_in_log_(std::move(kept_in_log)) {}

    Code code() const noexcept { return code_; }

    /// A stable snake_case name, finer than the code: "not_generated". name_of(code()) if none was
    /// set.
    std::string_view reason() const noexcept { return reason_.empty() ? name_of(code_) : reason_; }

    /// The same Error with `reason` as its stable name.
    Error because(std::string reason) && {
        reason_ = std::move(reason);
        return std::move(*this);
    }

    /// Safe for all the world to read; never a path, a secret or a library's message.
    const std::string& told_to_peer() const noexcept { return told_to_peer_; }

    /// For operators only.
    const std::string& kept_in_log() const noexcept { return kept_in_log_; }

private:
    Code code_;
    std::string told_to_peer_;
    std::string kept_in_log_;
    std::string reason_;
};

}  // namespace origin
