// SPDX-License-Identifier: Apache-2.0
// base/ref_name: a full ref name that passed every rule; holding one is the proof.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"

namespace origin {

/// Source: git-check-ref-format(1), and our own stricter rules (docs/decisions/0001): UTF-8, at
/// most 244 bytes, no component with a leading `-`, no control, bidi or zero-width character.
class RefName {
public:
    /// Errors: InvalidInput, reason `bad_ref_name`, with a sentence that names the broken rule.
    static Result<RefName> parse(std::string_view text);

    const std::string& str() const noexcept { return text_; }
    bool is_branch() const { return text_.starts_with("refs/heads/"); }
    bool is_tag() const { return text_.starts_with("refs/tags/"); }
    /// Without `refs/heads/` or `refs/tags/`; else the whole name.
    std::string_view short_name() const;

    friend auto operator<=>(const RefName&, const RefName&) = default;

private:
    explicit RefName(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

/// The name of a branch in which `*` stands for any characters, as a full one; what begins with
/// refs/ is full already. Errors: InvalidInput `bad_ref_name`.
Result<std::string> parse_ref_pattern(std::string_view pattern);

}  // namespace origin
