// SPDX-License-Identifier: Apache-2.0
// generator/blueprint/text: small, pure steps on requirement text. ASCII case rules; UTF-8 is kept.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace origin::generator {

/// LF line ends, no byte order mark; bad UTF-8 becomes U+FFFD, control and bidirectional characters
/// become visible ("[U+202E]"), zero-width ones vanish.
std::string normalise(std::string_view text);

std::string lower(std::string_view text);
std::string_view trim(std::string_view text);
bool same_text(std::string_view left, std::string_view right);  // Ignoring ASCII case.
/// At most `bytes_max` bytes of `text`, never a part of a character.
std::string cut_short(std::string_view text, std::size_t bytes_max);

std::string replace_all(const std::string& text, std::string_view from, std::string_view to);

/// Markdown emphasis, code marks and links taken off: "**App:** `x`" -> "App: x".
std::string without_marks(std::string_view text);

/// Splits at `separators` that stand outside quotes and brackets; items are trimmed, empty ones
/// left out.
std::vector<std::string> split_outside(std::string_view text, std::string_view separators);

/// "a, b (c, d) and e" -> {"a", "b (c, d)", "e"}. Also splits at " or " and "/" is kept.
std::vector<std::string> split_list(std::string_view text);

/// An id: [a-z][a-z0-9_]*, at most 40 bytes; empty if the text has no letter. "Lead time" ->
/// "lead_time". Names that JavaScript reserves get a "_" at the end, `__proto__` and its like too.
std::string to_id(std::string_view text);

/// A file name stem: like to_id, with "-".
std::string to_slug(std::string_view text);

/// First letter upper case, "_" as space.
std::string to_label(std::string_view text);

/// English number folding of the last word: "categories" -> "category", "person" -> "people".
std::string singular(std::string_view phrase);
std::string plural(std::string_view phrase);

/// "a", "the", "our", "new", "short" ... taken off the front.
std::string_view without_article(std::string_view text);

/// 64-bit FNV-1a as 16 hex digits: tells equal requests apart from different ones, nothing more.
std::string digest_of(std::string_view text);

}  // namespace origin::generator
