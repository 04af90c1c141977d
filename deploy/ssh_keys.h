// SPDX-License-Identifier: Apache-2.0
// deploy/ssh_keys: what a target says about keys of SSH: the host key that it pins, and the private
// key that is its secret. In: text from a person. Out: what libssh2 can use, or why it cannot.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace origin::deploy {

/// Kinds of host keys that libssh2 1.10 takes and that are worth taking; the first is preferred.
std::vector<std::string> host_key_kinds();

/// "SHA256:..." of a public key's blob, as OpenSSH prints it.
std::string fingerprint_of(std::string_view blob);

/// The one host key that a target trusts.
class HostKeyPin {
public:
    /// A line of known_hosts or of a .pub file, or "SHA256:..." as ssh-keygen -l prints it.
    /// Errors: InvalidInput `bad_setting`.
    static Result<HostKeyPin> parse(std::string_view text);

    /// The kinds of keys to ask the server for, one after another.
    std::vector<std::string> kinds() const;
    bool matches(std::string_view blob) const { return fingerprint_of(blob) == fingerprint_; }
    const std::string& fingerprint() const { return fingerprint_; }

private:
    HostKeyPin() = default;

    std::string kind_;  // Empty: only the fingerprint is known.
    std::string fingerprint_;
};

/// Can libssh2 1.10 log in with it? Looks only at what is readable without a password.
/// Errors: InvalidInput `bad_secret`: no OpenSSH private key, encrypted, RSA (it would be signed
///         with SHA-1), DSA, or held by a security key (FIDO). The texts hold nothing of the key.
Status check_private_key(std::string_view text);

}  // namespace origin::deploy
