// SPDX-License-Identifier: Apache-2.0
// Goal: what we call signed, Git calls signed, by the same key; no bent commit or tag is.
// Method: oracle: real `git commit -S` and `git tag -s` with each type of key that ssh-keygen
// makes, then one bit flipped at a time, judged by `git verify-commit` as well; signatures of
// security keys as vectors (made with another program, judged good by ssh-keygen); hostile headers
// by hand.
#include "auth/commit_signature.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include <gtest/gtest.h>
#include <unistd.h>

#include "auth/ssh_public_key.h"
#include "auth/ssh_signature.h"
#include "auth/ssh_strings.h"
#include "crypto/encode.h"

namespace origin::auth {
namespace {

namespace fs = std::filesystem;

struct Ran {
    int status;
    std::string out;
};

Ran run(const std::string& command) {
    FILE* pipe = ::popen(command.c_str(), "r");
    std::string out;
    std::array<char, 4096> piece{};
    while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), pipe)) {
        out.append(piece.data(), n);
    }
    return {::pclose(pipe), out};
}

/// A repository whose commits are signed with one SSH key, which git trusts.
class SignedRepository {
public:
    SignedRepository(const std::string& type, int bits)
        : folder_(fs::temp_directory_path() /
                  ("origin-signed-" + std::to_string(::getpid()) + type + std::to_string(bits))) {
        fs::create_directories(folder_);
        const std::string key = (folder_ / "key").string();
        const std::string size = bits == 0 ? "" : " -b " + std::to_string(bits);
        run("ssh-keygen -q -N '' -C ann -t " + type + size + " -f " + key);
        line = run("cat " + key + ".pub").out;
        std::ofstream(folder_ / "allowed") << "a@example.org " << line;
        std::ofstream(folder_ / "config")
            << "[user]\n name = A\n email = a@example.org\n signingkey = " << key
            << "\n[gpg]\n format = ssh\n[gpg \"ssh\"]\n allowedSignersFile = "
            << (folder_ / "allowed").string() << "\n";
        git("init -q .");
        git("commit -q --allow-empty -S -m 'one\n\ntwo'");
        git("tag -s -m 'a tag' v1");
        commit = git("cat-file commit HEAD").out;
        tag = git("cat-file tag v1").out;
    }
    ~SignedRepository() { fs::remove_all(folder_); }
    SignedRepository(const SignedRepository&) = delete;
    SignedRepository& operator=(const SignedRepository&) = delete;

    Ran git(const std::string& words) const {
        return run("cd " + folder_.string() +
                   " && HOME=. GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=" +
                   (folder_ / "config").string() + " git " + words + " 2>/dev/null");
    }
    /// What git says of such an object. `verb`: "commit" or "tag".
    bool git_likes(const std::string& verb, const std::string& object) const {
        std::ofstream(folder_ / "object", std::ios::binary) << object;
        const Ran hashed = git("hash-object -t " + verb + " -w --literally object");
        return git("verify-" + verb + " " + hashed.out.substr(0, 40)).status == 0;
    }

    std::string line;
    std::string commit;
    std::string tag;

private:
    fs::path folder_;
};

std::string fault(std::string_view commit) {
    return std::string(check_commit_signature(commit).fault);
}

std::string flipped(std::string text, std::size_t at, unsigned bit) {
    text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ (1U << bit));
    return text;
}

/// One flipped bit each, `tries` of them spread over the object.
void compare_with_git(const SignedRepository& repository,
                      const std::string& verb,
                      const std::string& object,
                      std::size_t tries) {
    std::map<std::string, int> faults;
    for (std::size_t i = 0; i < tries; ++i) {
        const std::size_t at = i * object.size() / tries;
        const std::string bent = flipped(object, at, static_cast<unsigned>(i * 5 % 8));
        const SignatureVerdict verdict =
            verb == "tag" ? check_tag_signature(bent) : check_commit_signature(bent);
        ++faults[std::string(verdict.fault)];
        const bool git = repository.git_likes(verb, bent);
        ASSERT_FALSE(verdict.fault.empty() && !git) << "only we like it, byte " << at;
        if (git) {
            // Bits that base64 ignores, and text behind the signature: we have one spelling.
            ASSERT_EQ(verdict.fault, "malformed_signature") << at;
        }
    }
    EXPECT_EQ(faults[""], 0);
    EXPECT_GT(faults["wrong_signature"], 0);
    EXPECT_GT(faults["malformed_signature"], 0);
}

TEST(CommitSignature, AgreesWithGitOnEachTypeOfKey) {
    for (const auto& [type, bits] : {std::pair("ed25519", 0),
                                     std::pair("ecdsa", 256),
                                     std::pair("ecdsa", 384),
                                     std::pair("ecdsa", 521),
                                     std::pair("rsa", 3072)}) {
        SCOPED_TRACE(type + std::to_string(bits));
        const SignedRepository repository(type, bits);
        const auto key = parse_ssh_public_key(repository.line);
        ASSERT_TRUE(key);
        ASSERT_TRUE(repository.git_likes("commit", repository.commit));
        ASSERT_TRUE(repository.git_likes("tag", repository.tag));
        for (const auto& verdict :
             {check_commit_signature(repository.commit), check_tag_signature(repository.tag)}) {
            EXPECT_EQ(verdict.fault, "");
            EXPECT_EQ(verdict.blob, key->blob);
        }
        const bool is_first = bits == 0;
        compare_with_git(repository, "commit", repository.commit, is_first ? 200 : 25);
        compare_with_git(repository, "tag", repository.tag, is_first ? 60 : 15);
    }
}

TEST(CommitSignature, ASmallRsaKeyIsNotTaken) {
    const SignedRepository repository("rsa", 2048);
    ASSERT_TRUE(repository.git_likes("commit", repository.commit));
    EXPECT_EQ(fault(repository.commit), "key_not_taken");
}

TEST(CommitSignature, OneHeaderOnlyAndNothingBesideIt) {
    const SignedRepository repository("ed25519", 0);
    const std::string& good = repository.commit;
    const std::size_t header = good.find("\ngpgsig ") + 1;
    const std::size_t after = good.find("\n\n") + 1;
    const std::string gpgsig = good.substr(header, after - header);
    const auto with = [&](std::size_t at, const std::string& text) {
        return good.substr(0, at) + text + good.substr(at);
    };
    ASSERT_EQ(fault(good), "");

    // Git leaves these out of what is signed, so it still says yes; nobody signed them.
    const std::string hidden = with(header, "gpgsigx anything\n");
    EXPECT_TRUE(repository.git_likes("commit", hidden));
    EXPECT_EQ(fault(hidden), "malformed_signature");
    EXPECT_EQ(fault(with(header, "gpgsig-sha256 anything\n more\n")), "malformed_signature");
    EXPECT_EQ(fault(with(after, "gpgsig -----BEGIN PGP SIGNATURE-----\n")), "malformed_signature");
    EXPECT_EQ(fault(with(after, gpgsig)), "malformed_signature");
    EXPECT_EQ(fault(with(header, "gpgsig\n")), "malformed_signature");

    EXPECT_EQ(fault(with(header, "encoding x\n")), "wrong_signature");
    EXPECT_EQ(fault(with(after, "encoding x\n")), "wrong_signature");
    EXPECT_EQ(fault(good + "x"), "wrong_signature");
    EXPECT_EQ(fault(good.substr(0, header) + good.substr(after)), "unsigned");
    EXPECT_EQ(fault(good.substr(0, header) + good.substr(after) + "\n" + gpgsig), "unsigned")
        << "a header in the message is none";
    EXPECT_EQ(fault(""), "unsigned");
    EXPECT_EQ(fault("\n"), "unsigned");
    EXPECT_EQ(fault(good.substr(0, after)), "wrong_signature") << "without a message";
    for (std::size_t size = header + 8; size + 40 < after; size += 17) {
        EXPECT_EQ(fault(good.substr(0, size)), "malformed_signature") << size;
    }
}

TEST(CommitSignature, OtherFormatsAreNamed) {
    const auto commit = [](std::string_view signature) {
        return "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\ngpgsig " + std::string(signature) +
               "\n\nmessage\n";
    };
    EXPECT_EQ(fault(commit("-----BEGIN PGP SIGNATURE-----\n \n iQ==")), "openpgp_not_checked");
    EXPECT_EQ(fault(commit("-----BEGIN PGP MESSAGE-----")), "openpgp_not_checked");
    EXPECT_EQ(fault(commit("-----BEGIN SIGNED MESSAGE-----\n MII=")), "x509_not_checked");
    const std::string begin = "-----BEGIN SSH SIGNATURE-----";
    const std::string end = "-----END SSH SIGNATURE-----";
    for (const std::string& text : {std::string(),
                                    std::string("hello"),
                                    begin,
                                    begin + "\n " + end,
                                    begin + "\n U1NI\n " + end}) {
        EXPECT_EQ(fault(commit(text)), "malformed_signature") << text;
    }
    const std::string huge = commit(begin + "\n " + std::string(4'000'000, 'A') + "\n " + end);
    EXPECT_EQ(fault(huge), "malformed_signature");
    EXPECT_EQ(check_tag_signature("object x\n\n-----BEGIN PGP SIGNATURE-----\n").fault,
              "openpgp_not_checked");
    EXPECT_EQ(check_tag_signature("object x\n\nmessage\n").fault, "unsigned");
    EXPECT_EQ(check_tag_signature("").fault, "unsigned");
}

// Of the commit below, by security keys; the last byte but four of each blob are the flags.
constexpr std::string_view kPayload =
    "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@example.org> 1700000000 +0000\n"
    "committer A <a@example.org> 1700000000 +0000\n\nmessage\n";
constexpr std::string_view kSkEd25519 =
    "U1NIU0lHAAAAAQAAAEoAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAAAg76OyhW"
    "wX95aJL82QBhDIW4TFC8Nkm9ADQDodLbLg2rkAAAAEc3NoOgAAAANnaXQAAAAAAAAABnNo"
    "YTUxMgAAAGcAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAABAHXD+JaIfKEm052"
    "oRG1NGO04/j+j7Fb70bP+dunfXCc77V11IXtYAUoAnydFqbxiWHRvF9VuOrK9ORF8Bvwsv"
    "AQEAAAAH";
constexpr std::string_view kSkEd25519Untouched =
    "U1NIU0lHAAAAAQAAAEoAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAAAgtA0ztA"
    "4VU40LZNB30unJADJzMcUWnj6etIcrjR9MOsEAAAAEc3NoOgAAAANnaXQAAAAAAAAABnNo"
    "YTUxMgAAAGcAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAABA+mX9vrs+Gs1OV6"
    "WyLCATq+3TTXo2nZOXDq92gKoD4HqUHH614z3u3mISJrCLAr8CssC2yRhj//beDvzjWyYW"
    "DwAAAAAH";
constexpr std::string_view kSkEcdsa =
    "U1NIU0lHAAAAAQAAAH8AAAAic2stZWNkc2Etc2hhMi1uaXN0cDI1NkBvcGVuc3NoLmNvbQ"
    "AAAAhuaXN0cDI1NgAAAEEEexFSDkqdDVMHHuqrgBQ4RXRWWNdwnpTpYfRp4lTAn8HRSKVZ"
    "s6n9JMn7R4TZrTXiMEKtpk/LLUUAoEtVKphM7wAAAARzc2g6AAAAA2dpdAAAAAAAAAAGc2"
    "hhNTEyAAAAeAAAACJzay1lY2RzYS1zaGEyLW5pc3RwMjU2QG9wZW5zc2guY29tAAAASQAA"
    "ACBVOvQtCESgPhk8fd0OzSmfE4N/8936Z435gq3UyxpC4wAAACEA7PaxnA6/98JoFxaJXo"
    "KRaanVGmHg8eZJ3eiKAq22mRkBAAAABw==";

std::string armored(std::string_view encoded) {
    return "-----BEGIN SSH SIGNATURE-----\n" + std::string(encoded) +
           "\n-----END SSH SIGNATURE-----\n";
}

std::string payload_fault(std::string_view encoded, std::string_view payload = kPayload) {
    const auto signature = parse_ssh_signature(armored(encoded));
    return signature ? std::string(fault_of(*signature, "git", payload)) : "malformed_signature";
}

TEST(CommitSignature, SecurityKeysMustBeTouched) {
    EXPECT_EQ(payload_fault(kSkEd25519), "");
    EXPECT_EQ(payload_fault(kSkEcdsa), "");
    EXPECT_EQ(payload_fault(kSkEd25519Untouched), "touch_missing");
    EXPECT_EQ(payload_fault(kSkEd25519, "x"), "wrong_signature");
    for (const std::string_view encoded : {kSkEd25519, kSkEcdsa}) {
        const std::string blob = *crypto::base64_decode(encoded);
        for (std::size_t bit = 0; bit < blob.size() * 8; ++bit) {
            const std::string bent = flipped(blob, bit / 8, static_cast<unsigned>(bit % 8));
            ASSERT_NE(payload_fault(crypto::base64(bent)), "") << bit;
        }
        const std::size_t flags = blob.size() - 5;
        EXPECT_EQ(payload_fault(crypto::base64(flipped(blob, flags, 0))), "touch_missing");
        EXPECT_EQ(payload_fault(crypto::base64(flipped(blob, flags, 2))), "wrong_signature");
        EXPECT_EQ(payload_fault(crypto::base64(flipped(blob, blob.size() - 1, 0))),
                  "wrong_signature")
            << "the counter is signed";
    }
}

TEST(CommitSignature, TheBlobIsReadToItsLastByte) {
    const auto blob = [](std::string_view name_space,
                         std::string_view reserved,
                         std::string_view hash,
                         std::string_view key) {
        return "SSHSIG" + std::string("\0\0\0\1", 4) + ssh_string(key) + ssh_string(name_space) +
               ssh_string(reserved) + ssh_string(hash) +
               ssh_string(ssh_string("ssh-ed25519") + ssh_string(std::string(64, 's')));
    };
    const std::string key = ssh_string("ssh-ed25519") + ssh_string(std::string(32, 'k'));
    const auto fault_of_blob = [](const std::string& bytes) {
        return payload_fault(crypto::base64(bytes));
    };
    const std::string good = blob("git", "", "sha512", key);
    EXPECT_EQ(fault_of_blob(good), "wrong_signature");
    EXPECT_EQ(fault_of_blob(blob("file", "", "sha512", key)), "namespace_not_git");
    EXPECT_EQ(fault_of_blob(blob("", "", "sha512", key)), "namespace_not_git");
    EXPECT_EQ(fault_of_blob(blob("git\n", "", "sha512", key)), "namespace_not_git");
    EXPECT_EQ(fault_of_blob(blob("git", "x", "sha512", key)), "malformed_signature");
    for (const std::string_view hash : {"sha1", "sha384", "SHA512", "", "md5"}) {
        EXPECT_EQ(fault_of_blob(blob("git", "", hash, key)), "key_not_taken") << hash;
    }
    for (const std::string_view type : {"ssh-dss", "ssh-ed25519-cert-v01@openssh.com", "", "x"}) {
        const std::string other = ssh_string(type) + ssh_string(std::string(32, 'k'));
        EXPECT_EQ(fault_of_blob(blob("git", "", "sha512", other)), "key_not_taken") << type;
    }
    EXPECT_EQ(fault_of_blob(good + "x"), "malformed_signature");
    for (std::size_t size = 0; size < good.size(); ++size) {
        ASSERT_EQ(fault_of_blob(good.substr(0, size)), "malformed_signature") << size;
    }
    EXPECT_EQ(fault_of_blob(flipped(good, 9, 1)), "malformed_signature") << "version 3";
}

}  // namespace
}  // namespace origin::auth
