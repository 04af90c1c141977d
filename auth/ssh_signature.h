// SPDX-License-Identifier: Apache-2.0
// auth/ssh_signature: a signature as `ssh-keygen -Y sign` makes it. Format:
// auth/commit_signature.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace origin::auth {

struct SshSignature {
    std::string key;         // The signer's public key as SSH sends it; perhaps of no type we take.
    std::string name_space;  // What it was made for: "git", "file", ...
    std::string hash;        // "sha256", "sha512", or something else.
    std::string signature;   // string algorithm, string bytes; of security keys flags and counter.
};

/// nullopt: not that format, to the last byte; white space behind it is ignored.
std::optional<SshSignature> parse_ssh_signature(std::string_view armored);

/// Empty: `signature.key` signed `message` for `name_space`. Else a fault of SignatureVerdict.
std::string_view fault_of(const SshSignature& signature,
                          std::string_view name_space,
                          std::string_view message);

}  // namespace origin::auth
