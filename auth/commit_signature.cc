// SPDX-License-Identifier: Apache-2.0
#include "auth/commit_signature.h"

#include <algorithm>

#include "auth/ssh_signature.h"

namespace origin::auth {
namespace {

constexpr std::string_view kHeader = "gpgsig ";
constexpr std::string_view kAnyHeader = "gpgsig";
constexpr std::string_view kSsh = "-----BEGIN SSH SIGNATURE-----";

/// Takes the first line off, with its newline if it has one.
std::string_view take_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end == std::string_view::npos ? end : end + 1);
    rest.remove_prefix(line.size());
    return line;
}

bool begins_openpgp(std::string_view text) {
    return text.starts_with("-----BEGIN PGP SIGNATURE-----") ||
           text.starts_with("-----BEGIN PGP MESSAGE-----");
}

bool begins_x509(std::string_view text) {
    return text.starts_with("-----BEGIN SIGNED MESSAGE-----");
}

bool begins_signature(std::string_view text) {
    return text.starts_with(kSsh) || begins_openpgp(text) || begins_x509(text);
}

SignatureVerdict check(std::string_view payload, std::string_view signature) {
    if (begins_openpgp(signature)) {
        return {"openpgp_not_checked", {}};
    }
    if (begins_x509(signature)) {
        return {"x509_not_checked", {}};
    }
    const auto parsed =
        signature.size() <= kSignatureBytesMax ? parse_ssh_signature(signature) : std::nullopt;
    if (!parsed) {
        return {"malformed_signature", {}};
    }
    const std::string_view fault = fault_of(*parsed, "git", payload);
    return {fault, fault.empty() ? parsed->key : std::string()};
}

}  // namespace

// Git leaves every header that begins with "gpgsig" out of what is signed; two of them would let
// anybody add to a signed commit, so there may be one.
std::optional<SignedCommit> split_signed_commit(std::string_view commit) {
    SignedCommit split;
    bool is_inside = false;
    int headers = 0;
    std::string_view rest = commit;
    while (!rest.empty() && rest.front() != '\n') {
        const std::string_view line = take_line(rest);
        if (is_inside && line.starts_with(' ')) {
            split.signature += line.substr(1);
            continue;
        }
        is_inside = line.starts_with(kHeader);
        if (is_inside) {
            split.signature += line.substr(kHeader.size());
        } else {
            split.payload += line;
        }
        headers += line.starts_with(kAnyHeader) ? 1 : 0;
    }
    split.payload += rest;
    return headers == 1 && !split.signature.empty() ? std::optional(std::move(split))
                                                    : std::nullopt;
}

SignatureVerdict check_commit_signature(std::string_view commit) {
    if (const auto split = split_signed_commit(commit)) {
        return check(split->payload, split->signature);
    }
    const std::string_view headers = commit.substr(0, commit.find("\n\n"));
    return {headers.contains("\ngpgsig") ? "malformed_signature" : "unsigned", {}};
}

SignatureVerdict check_tag_signature(std::string_view tag) {
    std::size_t begin = tag.size();
    std::string_view rest = tag;
    while (!rest.empty()) {
        if (begins_signature(rest)) {
            begin = tag.size() - rest.size();
        }
        take_line(rest);
    }
    return begin == tag.size() ? SignatureVerdict{"unsigned", {}}
                               : check(tag.substr(0, begin), tag.substr(begin));
}

}  // namespace origin::auth
