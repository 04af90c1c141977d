// SPDX-License-Identifier: Apache-2.0
// store/row: plain structs to stored bytes and back, strictly.
//
// A row is a struct that names its version and its fields, in stored order:
//
//     struct Slug {
//         static constexpr std::uint8_t kVersion = 1;
//         ProjectId project;
//         std::string name;
//         template <class F> void fields(F& f) { f(project); f(name); }
//     };
//
// Bytes: the version (1), then each field: bool 1 (0 or 1); integers big-endian at their full width
// (signed ones as two's complement); enum class 1; string u32 length + bytes; vector u32 count +
// elements; optional 1 (0 or 1) + value; map<string, string> u32 count + pairs in strictly rising
// key order; Oid 20; an id 16; a nested struct its fields (it has no version of its own).
//
// A newer row version appends or changes fields and sets kOldestVersion to the oldest one it still
// reads; `fields` then asks `f.version()`. An enum may declare, beside itself,
// `constexpr E last_of(E)`: higher bytes are Corrupt.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/id.h"
#include "base/oid.h"
#include "base/result.h"

namespace origin::store {

class RowWriter;
class RowReader;

template <class T>
concept Struct = requires(T& t, RowReader& f) { t.fields(f); };

template <class T>
concept RowStruct = Struct<T> && requires {
    { T::kVersion } -> std::convertible_to<std::uint8_t>;
};

/// Integers with a width of their own; no bool, no characters.
template <class T>
concept RowInteger = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>;

template <class T>
concept RowEnum = std::is_enum_v<T> && sizeof(T) == 1;

class RowWriter {
public:
    explicit RowWriter(std::uint8_t version) : version_(version) {
        bytes_.push_back(static_cast<char>(version));
    }
    std::uint8_t version() const { return version_; }
    std::string take() && { return std::move(bytes_); }

    void operator()(const bool& value) { bytes_.push_back(value ? '\1' : '\0'); }
    void operator()(const std::string& text) {
        count(text.size());
        bytes_ += text;
    }
    void operator()(const Oid& oid) { bytes_ += oid.view(); }

    template <RowInteger T>
    void operator()(const T& value) {
        const auto bits = static_cast<std::make_unsigned_t<T>>(value);
        for (std::size_t i = sizeof(T); i-- > 0;) {
            bytes_.push_back(static_cast<char>(static_cast<std::uint64_t>(bits) >> (8 * i) & 0xff));
        }
    }
    template <RowEnum T>
    void operator()(const T& value) {
        bytes_.push_back(static_cast<char>(value));
    }
    template <class Tag>
    void operator()(const StrongId<Tag>& id) {
        bytes_ += id.view();
    }
    template <class T>
    void operator()(const std::optional<T>& value) {
        (*this)(value.has_value());
        if (value) {
            (*this)(*value);
        }
    }
    template <class T>
    void operator()(const std::vector<T>& values) {
        count(values.size());
        for (const T& value : values) {
            (*this)(value);
        }
    }
    void operator()(const std::map<std::string, std::string>& pairs) {
        count(pairs.size());
        for (const auto& [name, value] : pairs) {
            (*this)(name);
            (*this)(value);
        }
    }
    template <Struct T>
    void operator()(const T& value) {
        // One `fields` serves reading and writing; this class takes every field by const reference.
        const_cast<T&>(value).fields(*this);
    }

private:
    void count(std::size_t n) {
        ORIGIN_ASSERT(n <= std::numeric_limits<std::uint32_t>::max());
        (*this)(static_cast<std::uint32_t>(n));
    }

    std::uint8_t version_;
    std::string bytes_;
};

/// Reads as RowWriter wrote. After the first wrong byte it reads nothing more and finished() is
/// false; it never allocates more than a small multiple of its input.
class RowReader {
public:
    /// Lifetime: `bytes` must outlive the reader.
    explicit RowReader(std::string_view bytes) : rest_(bytes) { (*this)(version_); }
    std::uint8_t version() const { return version_; }
    void fail() { good_ = false; }
    bool finished() const { return good_ && rest_.empty(); }

    void operator()(bool& value) {
        std::uint8_t byte = 0;
        (*this)(byte);
        good_ = good_ && byte <= 1;
        value = byte == 1;
    }
    void operator()(std::string& text) { text = take(count()); }
    void operator()(Oid& oid) { fill(oid.raw); }

    template <RowInteger T>
    void operator()(T& value) {
        std::make_unsigned_t<T> bits = 0;
        for (const char c : take(sizeof(T))) {
            const std::uint64_t shifted = static_cast<std::uint64_t>(bits) << 8;
            bits = static_cast<std::make_unsigned_t<T>>(shifted | static_cast<unsigned char>(c));
        }
        value = static_cast<T>(bits);
    }
    template <RowEnum T>
    void operator()(T& value) {
        std::uint8_t byte = 0;
        (*this)(byte);
        if constexpr (requires { last_of(T{}); }) {
            good_ = good_ && byte <= static_cast<std::uint8_t>(last_of(T{}));
        }
        value = good_ ? static_cast<T>(byte) : T{};
    }
    template <class Tag>
    void operator()(StrongId<Tag>& id) {
        fill(id.raw);
    }
    template <class T>
    void operator()(std::optional<T>& value) {
        bool present = false;
        (*this)(present);
        value.reset();
        if (present && good_) {
            (*this)(value.emplace());
        }
    }
    template <class T>
    void operator()(std::vector<T>& values) {
        values.clear();
        for (std::size_t n = count(); n > 0 && good_; --n) {
            const std::size_t before = rest_.size();
            T value{};
            (*this)(value);
            good_ = good_ && rest_.size() < before;  // Else a count alone could fill the memory.
            values.push_back(std::move(value));
        }
    }
    void operator()(std::map<std::string, std::string>& pairs) {
        pairs.clear();
        for (std::size_t n = count(); n > 0 && good_; --n) {
            std::string name;
            std::string value;
            (*this)(name);
            (*this)(value);
            good_ = good_ && (pairs.empty() || pairs.rbegin()->first < name);
            pairs.emplace_hint(pairs.end(), std::move(name), std::move(value));
        }
    }
    template <Struct T>
    void operator()(T& value) {
        value.fields(*this);
    }

private:
    std::string_view take(std::size_t n) {
        if (!good_ || n > rest_.size()) {
            good_ = false;
            return {};
        }
        const std::string_view taken = rest_.substr(0, n);
        rest_.remove_prefix(n);
        return taken;
    }
    std::size_t count() {
        std::uint32_t n = 0;
        (*this)(n);
        good_ = good_ && n <= rest_.size();
        return good_ ? n : 0;
    }
    template <std::size_t N>
    void fill(std::array<unsigned char, N>& raw) {
        const std::string_view bytes = take(N);
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            raw[i] = static_cast<unsigned char>(bytes[i]);
        }
    }

    std::string_view rest_;
    std::uint8_t version_ = 0;
    bool good_ = true;
};

template <RowStruct Row>
std::string encode(const Row& row) {
    RowWriter writer(Row::kVersion);
    writer(row);
    return std::move(writer).take();
}

/// Errors: Corrupt, reason `bad_row`: anything encode() of a version still read cannot have
/// written.
template <RowStruct Row>
Result<Row> decode(std::string_view bytes) {
    std::uint8_t oldest = Row::kVersion;
    if constexpr (requires { Row::kOldestVersion; }) {
        oldest = Row::kOldestVersion;
    }
    RowReader reader(bytes);
    Row row{};
    if (reader.version() >= oldest && reader.version() <= Row::kVersion) {
        reader(row);
    } else {
        reader.fail();
    }
    if (!reader.finished()) {
        return std::unexpected(Error(Code::Corrupt,
                                     "A stored record is damaged.",
                                     "row of version " + std::to_string(reader.version()) + ", " +
                                         std::to_string(bytes.size()) + " bytes, does not decode")
                                   .because("bad_row"));
    }
    return row;
}

}  // namespace origin::store
