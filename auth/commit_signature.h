// SPDX-License-Identifier: Apache-2.0
// auth/commit_signature: who signed a commit or a tag with an SSH key.
//   commit  headers; one of them: "gpgsig " then the signature, its further lines behind one space.
//           Signed is the commit without that header.
//   tag     the signature is the end of the message. Signed is all before it.
//   signature = "-----BEGIN SSH SIGNATURE-----", lines of base64(blob), "-----END SSH
//   SIGNATURE-----" blob   = "SSHSIG", uint32 1, string key, string "git", string "", string hash,
//   string signature
// Source: OpenSSH's PROTOCOL.sshsig and PROTOCOL.u2f; Git's gitformat-signature(5).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "store/store.h"

namespace origin::auth {

struct SignatureVerdict {
    /// Empty: the key `blob` signed this. Else a stable name of why that cannot be said:
    ///   unsigned             there is no signature
    ///   openpgp_not_checked  we have no OpenPGP (docs/security.md); x509_not_checked: nor S/MIME
    ///   malformed_signature  it breaks the format, or the commit has two signature headers
    ///   namespace_not_git    made for something else than Git
    ///   key_not_taken        a type of key or hash that auth/ssh_public_key refuses, RSA with
    ///   SHA-1 touch_missing        a security key that nobody touched wrong_signature      of
    ///   other bytes, or by another key
    std::string_view fault;
    std::string blob;  // The public key as SSH sends it; empty with a fault.
};

/// `commit`: the object's bytes, without Git's "commit N\0". Whoever signed need not be known:
/// ask find_signing_key.
SignatureVerdict check_commit_signature(std::string_view commit);
SignatureVerdict check_tag_signature(std::string_view tag);

/// What the signature of `commit` is over; nullopt: it has none, or two headers of that kind.
struct SignedCommit {
    std::string payload;
    std::string signature;  // Armored, as Git hands it to gpg or ssh-keygen.
};
std::optional<SignedCommit> split_signed_commit(std::string_view commit);

inline constexpr std::size_t kSignatureBytesMax = 16 * 1024;  // RSA of 16,384 bits has 5.7 KB.

}  // namespace origin::auth
