// SPDX-License-Identifier: Apache-2.0
// base/utf8: strict UTF-8, and the characters that text may not hide behind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace origin {

/// Takes the next code point off the front of `text`; nullopt for anything RFC 3629 forbids
/// (overlong forms, surrogates, above U+10FFFF, cut sequences).
std::optional<char32_t> take_code_point(std::string_view& text);

bool is_utf8(std::string_view text);

/// Control, bidirectional-override and zero-width characters: they make a name look like another.
bool is_deceptive(char32_t code_point);

/// `text` with every control, deceptive or non-UTF-8 byte as `\xHH`; for logs and messages.
std::string printable(std::string_view text);

}  // namespace origin
