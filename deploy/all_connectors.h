// SPDX-License-Identifier: Apache-2.0
// deploy/all_connectors: makes one of each. Whoever has a Connector needs to know no more of it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "deploy/connector.h"
#include "net/http_client.h"

namespace origin::deploy {

// Lifetime: they borrow `client`.
std::unique_ptr<Connector> make_cloudflare_pages(const net::HttpClient& client);
std::unique_ptr<Connector> make_cloudflare_workers(const net::HttpClient& client);
std::unique_ptr<Connector> make_netlify(const net::HttpClient& client);
std::unique_ptr<Connector> make_s3(const net::HttpClient& client);
std::unique_ptr<Connector> make_vercel(const net::HttpClient& client);
/// A link to the files of a commit that needs no key, and ends at the time given.
using ArchiveLink = std::function<std::string(const ProjectId&, const Oid&, UnixMillis)>;
std::unique_ptr<Connector> make_webhook(const net::HttpClient& client, ArchiveLink link);

// `allowed`: addresses that may be reached although they are not public.
std::unique_ptr<Connector> make_git_mirror(std::vector<net::Cidr> allowed);
std::unique_ptr<Connector> make_sftp(std::vector<net::Cidr> allowed);

}  // namespace origin::deploy
