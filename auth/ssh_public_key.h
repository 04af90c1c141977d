// SPDX-License-Identifier: Apache-2.0
// auth/ssh_public_key: the public keys that may open the SSH door, as text and as SSH sends them.
//   text = type SP base64(blob) [SP comment]
//   blob = string type, then the numbers of that type
// Source: RFC 4253 section 6.6 (rsa), RFC 5656 section 3.1 (ecdsa), RFC 8709 section 4 (ed25519),
// OpenSSH's PROTOCOL.u2f (sk-...).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace origin::auth {

struct SshPublicKey {
    std::string type;     // "ssh-ed25519", ...
    std::string blob;     // At most kSshKeyBlobBytesMax bytes.
    std::string comment;  // Of the text; may be empty.
};

inline constexpr std::size_t kSshKeyBlobBytesMax = 4096;  // RSA of 16,384 bits has 2,071.
inline constexpr std::size_t kSshRsaBitsMin = 3072;
inline constexpr std::size_t kSshRsaBitsMax = 16384;

/// One line of a .pub file; options in front of the type are not taken.
/// Errors: InvalidInput `bad_ssh_key`: not such a line, a type we do not take (the text names those
///         we do), RSA shorter than kSshRsaBitsMin, bytes that are no such key or come after it.
Result<SshPublicKey> parse_ssh_public_key(std::string_view line);

/// A key as a peer sends it. Errors: as above.
Result<SshPublicKey> read_ssh_blob(std::string_view blob);

/// "SHA256:..." as ssh-keygen -l shows it.
std::string ssh_fingerprint(std::string_view blob);

/// The line of a .pub file, without the comment.
std::string ssh_line(std::string_view type, std::string_view blob);

}  // namespace origin::auth
