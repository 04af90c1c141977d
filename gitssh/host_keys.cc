// SPDX-License-Identifier: Apache-2.0
#include "gitssh/host_keys.h"

#include <array>
#include <bit>
#include <map>
#include <sstream>

#include "auth/ssh_public_key.h"
#include "crypto/encode.h"
#include "crypto/own_file.h"
#include "gitssh/ssh_handles.h"

namespace origin::gitssh {
namespace {

namespace fs = std::filesystem;

struct Kind {
    const char* file;
    ssh_keytypes_e type;
    int bits;
    const char* label;  // ssh-keygen's.
};
// No ECDSA key: ssh-audit counts the NIST curves as a failure, and nobody needs it any more.
constexpr std::array<Kind, 2> kKinds = {
    {{"ssh_host_ed25519_key", SSH_KEYTYPE_ED25519, 0, "ED25519"},
     {"ssh_host_rsa_key", SSH_KEYTYPE_RSA, 3072, "RSA"}}};
constexpr const char* kSeenFile = "ssh_host_keys.seen";
constexpr const char* kNotKnown = "not known";
constexpr std::size_t kFingerprintBytes = 50;
constexpr std::size_t kKeyFileBytesMax = 64 * 1024;  // RSA of 16,384 bits has 13 KB.

std::unexpected<Error> damaged(const fs::path& file, const std::string& why) {
    return std::unexpected(Error(Code::Corrupt,
                                 "The host key " + file.filename().string() + " " + why +
                                     ". Put the right one back; or remove it, and a new one is "
                                     "made that every client will ask about.",
                                 file.string())
                               .because("bad_host_key"));
}

Status make(const fs::path& file, const Kind& kind) {
    ssh_key raw = nullptr;
    if (ssh_pki_generate(kind.type, kind.bits, &raw) != SSH_OK) {
        return std::unexpected(Error(Code::Internal, "a host key could not be made"));
    }
    const SshKeyHandle key(raw);
    char* text = nullptr;
    if (ssh_pki_export_privkey_base64(key.get(), nullptr, nullptr, nullptr, &text) != SSH_OK) {
        return std::unexpected(Error(Code::Internal, "a host key could not be written"));
    }
    const SshText owned(text);
    return crypto::write_own_file(file, text);
}

/// Of an RSA key: string "ssh-rsa", mpint e, mpint n; the blob was checked.
std::size_t rsa_bits(std::string_view blob) {
    const auto size_at = [&](std::size_t at) {
        std::size_t size = 0;
        for (const char c : blob.substr(at, 4)) {
            size = size << 8 | static_cast<unsigned char>(c);
        }
        return size;
    };
    const std::size_t exponent = 4 + size_at(0);
    const std::size_t modulus = exponent + 4 + size_at(exponent);
    std::string_view n = blob.substr(modulus + 4);
    n.remove_prefix(n.front() == 0 ? 1 : 0);
    return n.size() * 8 -
           static_cast<std::size_t>(std::countl_zero(static_cast<unsigned char>(n.front())));
}

Result<HostKey> describe(const fs::path& file, const Kind& kind, ssh_key_struct* key) {
    char* encoded = nullptr;
    if (ssh_key_type(key) != kind.type) {
        return damaged(file, "is a key of another type");
    }
    if (ssh_pki_export_pubkey_base64(key, &encoded) != SSH_OK) {
        return damaged(file, "has no public key");
    }
    const SshText owned(encoded);
    const auto blob = crypto::base64_decode(encoded);
    const auto checked = blob ? auth::read_ssh_blob(*blob)
                              : std::unexpected(Error(Code::Corrupt, "it cannot be read"));
    if (!checked) {
        return damaged(file, "is refused: " + checked.error().told_to_peer());
    }
    const std::size_t bits = kind.type == SSH_KEYTYPE_RSA ? rsa_bits(*blob) : 256;
    HostKey made{.file = file,
                 .type = checked->type,
                 .fingerprint = auth::ssh_fingerprint(*blob),
                 .listed = {},
                 .replaced = {}};
    made.listed = std::to_string(bits) + " " + made.fingerprint + " (" + kind.label + ")";
    return made;
}

/// Without it OpenSSL would ask at the terminal.
// NOLINTNEXTLINE(readability-function-size): libssh's signature.
int no_passphrase(const char* /*prompt*/, char* /*into*/, std::size_t, int, int, void*) {
    return -1;
}

Result<HostKey> read(const fs::path& file, const Kind& kind) {
    const auto text = crypto::read_own_file(file, kKeyFileBytesMax);
    if (!text && text.error().code() == Code::NotFound) {
        return std::unexpected(text.error());
    }
    if (!text) {
        return std::unexpected(Error(text.error()).because("bad_host_key"));
    }
    ssh_key raw = nullptr;
    if (ssh_pki_import_privkey_base64(text->c_str(), nullptr, no_passphrase, nullptr, &raw) !=
        SSH_OK) {
        return damaged(file, "is no private key, or asks for a passphrase");
    }
    const SshKeyHandle key(raw);
    return describe(file, kind, key.get());
}

/// By type. `exists` is false when nothing was ever remembered.
struct Seen {
    bool exists = false;
    std::map<std::string, std::string> fingerprints;
};

/// Lines that are none are nothing seen.
Seen read_seen(const fs::path& data) {
    const auto text = crypto::read_own_file(data / kSeenFile, kKeyFileBytesMax);
    if (!text) {
        return {.exists = text.error().code() != Code::NotFound, .fingerprints = {}};
    }
    Seen seen{.exists = true, .fingerprints = {}};
    std::istringstream lines(*text);
    std::string type;
    std::string fingerprint;
    while (lines >> type >> fingerprint) {
        if (fingerprint.starts_with("SHA256:") && fingerprint.size() == kFingerprintBytes) {
            seen.fingerprints[type] = fingerprint;
        }
    }
    return seen;
}

/// Not being able to is no reason to shut the door: it will be told again.
void remember(const fs::path& data, const std::vector<HostKey>& keys, Log& log) {
    std::string lines;
    for (const HostKey& key : keys) {
        lines += key.type + " " + key.fingerprint + "\n";
    }
    if (const Status written = crypto::write_own_file(data / kSeenFile, lines); !written) {
        log.warning("the SSH host keys could not be remembered",
                    {{"why", written.error().kept_in_log()}});
    }
}

}  // namespace

Result<std::vector<HostKey>> take_host_keys(const fs::path& data, Log& log) {
    const Seen seen = read_seen(data);
    std::vector<HostKey> keys;
    bool is_new = !seen.exists;
    for (const Kind& kind : kKinds) {
        const fs::path file = data / kind.file;
        auto key = read(file, kind);
        if (!key && key.error().code() == Code::NotFound) {
            ORIGIN_CHECK(make(file, kind));
            key = read(file, kind);
        }
        if (!key) {
            return std::unexpected(key.error());
        }
        const auto known = seen.fingerprints.find(key->type);
        const std::string was = known == seen.fingerprints.end() ? kNotKnown : known->second;
        if (seen.exists && was != key->fingerprint) {
            key->replaced = was;
            is_new = true;
            log.warning("an SSH host key is not the one clients know; they will warn or refuse",
                        {{"file", file.string()}, {"was", was}, {"is", key->fingerprint}});
        }
        keys.push_back(std::move(*key));
    }
    if (is_new) {
        remember(data, keys, log);
    }
    return keys;
}

std::vector<FoundHostKey> find_host_keys(const fs::path& data) {
    const Seen seen = read_seen(data);
    std::vector<FoundHostKey> found;
    for (const Kind& kind : kKinds) {
        FoundHostKey each{
            .file = data / kind.file, .key = read(data / kind.file, kind), .seen = {}};
        const auto known =
            seen.fingerprints.find(kind.type == SSH_KEYTYPE_RSA ? "ssh-rsa" : "ssh-ed25519");
        each.seen = known == seen.fingerprints.end() ? "" : known->second;
        if (each.key && seen.exists && each.seen != each.key->fingerprint) {
            each.key->replaced = each.seen.empty() ? kNotKnown : each.seen;
        }
        found.push_back(std::move(each));
    }
    return found;
}

}  // namespace origin::gitssh
