// SPDX-License-Identifier: Apache-2.0
#include "gitssh/host_keys.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gitssh/ssh_handles.h"

namespace origin::gitssh {
namespace {

namespace fs = std::filesystem;

struct Kind {
    const char* file;
    ssh_keytypes_e type;
    int bits;
};
// No ECDSA key: ssh-audit counts the NIST curves as a weakness, and nobody needs it any more.
constexpr std::array<Kind, 2> kKinds = {{{"ssh_host_ed25519_key", SSH_KEYTYPE_ED25519, 0},
                                         {"ssh_host_rsa_key", SSH_KEYTYPE_RSA, 3072}}};

std::unexpected<Error> damaged(const fs::path& file, const std::string& why) {
    return std::unexpected(Error(Code::Corrupt,
                                 "The host key " + file.filename().string() + " " + why + ".",
                                 file.string())
                               .because("bad_host_key"));
}

/// Beside its place, then moved there: a kill leaves no half key.
Status make(const fs::path& file, const Kind& kind) {
    ssh_key raw = nullptr;
    if (ssh_pki_generate(kind.type, kind.bits, &raw) != SSH_OK) {
        return std::unexpected(Error(Code::Internal, "a host key could not be made"));
    }
    const SshKeyHandle key(raw);
    const fs::path beside = file.string() + ".new";
    // Made here so that it never has another mode; libssh then writes over it.
    const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return std::unexpected(
            Error(Code::Internal, "a host key could not be written", std::strerror(errno)));
    }
    const bool written = ssh_pki_export_privkey_file(
                             key.get(), nullptr, nullptr, nullptr, beside.c_str()) == SSH_OK &&
                         ::fsync(fd) == 0;
    ::close(fd);
    std::error_code error;
    if (written) {
        fs::permissions(beside, fs::perms::owner_read | fs::perms::owner_write, error);
        fs::rename(beside, file, error);
    }
    if (!written || error) {
        return std::unexpected(
            Error(Code::Internal, "a host key could not be written", error.message()));
    }
    return {};
}

Result<HostKey> read(const fs::path& file, const Kind& kind) {
    struct stat about{};
    if (::stat(file.c_str(), &about) != 0 || (about.st_mode & 077) != 0) {
        return damaged(file, "must be readable by its owner alone (chmod 600)");
    }
    ssh_key raw = nullptr;
    if (ssh_pki_import_privkey_file(file.c_str(), nullptr, nullptr, nullptr, &raw) != SSH_OK) {
        return damaged(file, "is not a private key");
    }
    const SshKeyHandle key(raw);
    if (ssh_key_type(key.get()) != kind.type) {
        return damaged(file, "is a key of another type");
    }
    unsigned char* hash = nullptr;
    std::size_t bytes = 0;
    if (ssh_get_publickey_hash(key.get(), SSH_PUBLICKEY_HASH_SHA256, &hash, &bytes) != SSH_OK) {
        return damaged(file, "has no public key");
    }
    const SshText text(ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, bytes));
    ssh_clean_pubkey_hash(&hash);
    return HostKey{.file = file,
                   .type = ssh_key_type_to_char(kind.type),
                   .fingerprint = text ? text.get() : ""};
}

}  // namespace

Result<std::vector<HostKey>> load_or_make_host_keys(const fs::path& data) {
    std::vector<HostKey> keys;
    for (const Kind& kind : kKinds) {
        const fs::path file = data / kind.file;
        std::error_code error;
        if (!fs::exists(file, error)) {
            ORIGIN_CHECK(make(file, kind));
        }
        ORIGIN_TRY(key, read(file, kind));
        keys.push_back(std::move(key));
    }
    return keys;
}

}  // namespace origin::gitssh
