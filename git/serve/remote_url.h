// SPDX-License-Identifier: Apache-2.0
// git/serve/remote_url: the URL of somebody else's repository, taken apart and judged before
// anything is asked of it.
// In: text from a person. Out: a URL of a scheme we speak, whose host names no option and whose
// password no log shows.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"
#include "net/address.h"

namespace origin::git {

class RemoteUrl {
public:
    /// https://, http://, ssh://, and scp's form user@host:path.
    /// Errors: InvalidInput: `scheme_refused` (file, git, ext and every other), `bad_url`.
    static Result<RemoteUrl> parse(std::string_view text);

    /// Would parse() be asked about this? False for what can only be a folder.
    static bool looks_like_one(std::string_view text);

    const std::string& scheme() const { return scheme_; }  // "https", "http", "ssh"
    const std::string& host() const { return host_; }      // Without brackets.
    std::uint16_t port() const { return port_; }
    const std::string& path() const { return path_; }
    /// The whole URL, password included: for the library that fetches it.
    const Secret& whole() const { return whole_; }
    /// The same without user and password: for people and logs.
    std::string shown() const;
    /// The last part of the path, without `.git`: what a project made from it is called.
    std::string name() const;

private:
    RemoteUrl() = default;

    std::string scheme_;
    std::string host_;
    std::uint16_t port_ = 0;
    std::string path_;
    Secret whole_;
};

/// Resolves the host and judges every address. It is resolved again when it is fetched (libgit2
/// takes no address): a name server that answers differently the second time gets around this.
/// Errors: Forbidden `address_refused`: one of them is not public and not `allowed`;
///         Unavailable `resolve_failed`.
/// Blocks: on the network.
Status check_reachable(const RemoteUrl& url, std::span<const net::Cidr> allowed);

/// The last part of a path or URL, without slashes and `.git`: "/srv/git/demo.git/" -> "demo".
std::string name_of_source(std::string_view path);

}  // namespace origin::git
