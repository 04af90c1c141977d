// SPDX-License-Identifier: Apache-2.0
// generator/blueprint/json_text: JSON written for people and for line merges: stable order, one
// construct per block, short lists of plain values on one line.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace origin::generator {

class Json {
public:
    static Json text(std::string_view value);
    static Json raw(std::string value);  // A number, true, false: as is.
    static Json texts(const std::vector<std::string>& values);
    static Json array() { return Json(Kind::Array); }
    static Json object() { return Json(Kind::Object); }

    /// Adds a member to an object; returns the object.
    Json& add(std::string_view key, Json value);
    /// Adds a text member unless the text is empty.
    Json& add_text(std::string_view key, std::string_view value);
    Json& push(Json value);

    std::string print(int indent = 0) const;

private:
    enum class Kind { Scalar, Array, Object };
    explicit Json(Kind kind) : kind_(kind) {}
    bool is_flat() const;

    Kind kind_ = Kind::Scalar;
    std::string scalar_;
    std::vector<std::pair<std::string, Json>> members_;  // Of an array: with empty keys.
};

/// A JSON string that is also a safe JavaScript string: quotes, control characters, <, > and &
/// escaped.
std::string quoted(std::string_view text);

}  // namespace origin::generator
