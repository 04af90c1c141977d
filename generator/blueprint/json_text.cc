// SPDX-License-Identifier: Apache-2.0
#include "generator/blueprint/json_text.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace origin::generator {

namespace {

constexpr std::size_t kFlatBytesMax = 90;

std::string escaped(unsigned char c) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "\\u%04x", static_cast<unsigned>(c));
    return text.data();
}

}  // namespace

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20 || c == '<' || c == '>' || byte == 0x7F) {
            out += escaped(byte);
        } else {
            out += c;
        }
    }
    return out += '"';
}

Json Json::text(std::string_view value) {
    return raw(quoted(value));
}

Json Json::raw(std::string value) {
    Json made(Kind::Scalar);
    made.scalar_ = std::move(value);
    return made;
}

Json Json::texts(const std::vector<std::string>& values) {
    Json made = array();
    for (const auto& value : values) {
        made.push(text(value));
    }
    return made;
}

Json& Json::add(std::string_view key, Json value) {
    members_.emplace_back(std::string(key), std::move(value));
    return *this;
}

Json& Json::add_text(std::string_view key, std::string_view value) {
    return value.empty() ? *this : add(key, text(value));
}

Json& Json::push(Json value) {
    members_.emplace_back(std::string{}, std::move(value));
    return *this;
}

bool Json::is_flat() const {
    std::size_t bytes = 0;
    for (const auto& [key, value] : members_) {
        if (value.kind_ != Kind::Scalar) {
            return false;
        }
        bytes += value.scalar_.size() + 2;
    }
    return kind_ == Kind::Array && bytes <= kFlatBytesMax;
}

std::string Json::print(int indent) const {
    if (kind_ == Kind::Scalar) {
        return scalar_;
    }
    const bool array = kind_ == Kind::Array;
    if (members_.empty()) {
        return array ? "[]" : "{}";
    }
    const bool flat = is_flat();
    const std::string pad(static_cast<std::size_t>(indent) + 2, ' ');
    std::string out = array ? "[" : "{";
    for (std::size_t at = 0; at < members_.size(); ++at) {
        const auto& [key, value] = members_[at];
        if (at > 0) {
            out += flat ? ", " : ",";
        }
        if (!flat) {
            out += "\n" + pad;
        }
        if (!array) {
            out += quoted(key) + ": ";
        }
        out += value.print(indent + 2);
    }
    if (!flat) {
        out += "\n" + std::string(static_cast<std::size_t>(indent), ' ');
    }
    return out += array ? "]" : "}";
}

}  // namespace origin::generator
