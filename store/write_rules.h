// SPDX-License-Identifier: Apache-2.0
// store/write_rules: what one write may do, the same for every engine.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"

namespace origin::store {

/// Errors: InvalidInput, reason `bad_key`.
inline Status check_key(std::string_view key) {
    if (key.empty() || key.size() > kStoreKeyBytesMax) {
        return std::unexpected(Error(Code::InvalidInput,
                                     "A name is empty or too long to be stored.",
                                     "key of " + std::to_string(key.size()) + " bytes")
                                   .because("bad_key"));
    }
    return {};
}

/// Counts what one write has done so far.
class WriteBudget {
public:
    Status put(std::string_view key, std::string_view value) {
        if (value.size() > kStoreValueBytesMax) {
            return too_much("value_too_large");
        }
        bytes_ += value.size();
        return touch(key);
    }
    Status erase(std::string_view key) { return touch(key); }

    std::size_t rows() const { return rows_; }
    std::size_t bytes() const { return bytes_; }

private:
    Status touch(std::string_view key) {
        ORIGIN_CHECK(check_key(key));
        rows_ += 1;
        bytes_ += key.size();
        if (rows_ > kStoreRowsPerWriteMax || bytes_ > kStoreWriteBytesMax) {
            return too_much("write_too_large");
        }
        return {};
    }
    static Status too_much(const char* reason) {
        return std::unexpected(
            Error(Code::LimitExceeded, "This is too large a change to be made at once.", reason)
                .because(reason));
    }

    std::size_t rows_ = 0;
    std::size_t bytes_ = 0;
};

/// What `fn` returns. An exception, which it should not throw, is its own error and nobody else's.
template <class Fn, class Tables>
Status run_guarded(const Fn& fn, Tables& tables) {
    try {
        return fn(tables);
    } catch (const std::exception& thrown) {
        return std::unexpected(Error(Code::Internal, "The server made a mistake.", thrown.what()));
    }
}

/// Remembers the first error a Reader or Writer gave, for functions that ignore it.
class FirstError {
public:
    template <class T>
    Result<T> note(Result<T> result) {
        if (!result && first_) {
            first_ = std::unexpected(result.error());
        }
        return result;
    }
    /// `returned`, unless an error was ignored.
    Status over(Status returned) const { return returned ? first_ : returned; }

private:
    Status first_;
};

}  // namespace origin::store
