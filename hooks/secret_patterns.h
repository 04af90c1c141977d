// SPDX-License-Identifier: Apache-2.0
// hooks/secret_patterns: secrets in a text: tokens that providers gave a shape of their own, and
// private keys. Pure; one pass.
// In: a text. Out: what it is, where, and no more of it than four characters.
//
// To be called a secret, a candidate needs its prefix at the start of a word, its alphabet and
// length, its checksum where the format has a published one (GitHub, npm, origind), as many
// different characters as random text has, and none of the words of examples ("EXAMPLE", "xxxx").
// Sources: the providers' pages on token formats; GitHub's on the checksum (CRC-32, base 62).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace origin::hooks {

struct SecretFound {
    std::string_view rule;  // "github_token". Lifetime: the program's.
    std::string_view what;  // "a GitHub token"
    std::size_t line = 0;   // From 1.
    std::string begins;     // Its first four characters: a prefix everybody knows.
};

/// At most `most` of them, in the order of the text.
std::vector<SecretFound> find_secrets(std::string_view text, std::size_t most);

}  // namespace origin::hooks
