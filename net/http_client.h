// SPDX-License-Identifier: Apache-2.0
// net/http_client: outbound HTTP, for URLs that strangers chose. Blocks: job and work threads only.
// In: a request. Out: the whole answer, within a time and a size.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"
#include "net/http.h"

namespace origin::net {

struct ClientSettings {
    std::vector<Cidr> allowed{};  // Blocks that may be reached although they are not public.
    std::string ca_file{};        // Trust these certificates instead of the system's.
    std::string user_agent = "origind";
};

struct ClientResponse {
    int status = 0;
    std::vector<Header> headers;
    std::string body;
    std::string_view header(std::string_view name) const;
};

struct ClientRequest {
    std::string method = "GET";
    std::string url{};
    std::vector<Header> headers{};
    std::string body{};
    Milliseconds timeout{15'000};                // For everything: name, connection, answer.
    std::size_t response_bytes_max = 64 * 1024;  // Of the body; the head has 64 KiB of its own.
    bool cut_body = false;                       // Of a longer body take that much, and be content.
    std::string unix_socket{};  // Speak to this path instead; the URL's host is then only a name.
    /// Gets the body piece by piece, with the answer's head; ClientResponse::body stays empty then.
    /// Returns: false if no more is wanted: send() fails with `given_up`.
    std::function<bool(const ClientResponse& head, std::string_view piece)> body_to{};
    /// Asked about once a second. Returns: true if send() is to fail with `given_up`.
    std::function<bool()> give_up{};
};

/// Keeps a connection for the next request to the same host; what it is connected to was checked
/// when it was opened. For many requests to one peer; POST and PATCH open one of their own, because
/// on a kept one they could be done twice. Not thread-safe.
class HttpSession {
public:
    HttpSession();
    HttpSession(const HttpSession&) = delete;
    HttpSession& operator=(const HttpSession&) = delete;
    ~HttpSession();

private:
    friend class HttpClient;
    struct Handle;
    std::unique_ptr<Handle> handle_;
};

class HttpClient {
public:
    explicit HttpClient(ClientSettings settings);
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    ~HttpClient();

    /// Resolves the name once, checks every address, connects to a checked one, follows nothing:
    /// a 3xx is an answer like another. Thread-safe.
    /// Blocks:  for `timeout`, and before it for the resolver, which has a patience of its own.
    /// Errors: InvalidInput `bad_url`, `port_refused`; Forbidden `address_refused`; Timeout;
    ///         LimitExceeded `answer_too_large`; Unavailable `resolve_failed`, `connect_failed`,
    ///         `tls_failed`, `broken_answer`, `given_up`.
    Result<ClientResponse> send(const ClientRequest& request) const;
    /// The same over the session's connection, if it has one there.
    Result<ClientResponse> send(const ClientRequest& request, HttpSession& session) const;

private:
    Result<ClientResponse> send(const ClientRequest& request, void* easy) const;

    ClientSettings settings_;
};

/// What can be known about a URL without asking anybody: scheme, user part, port, characters.
/// For refusing a setting when it is made; send() checks again.
Status check_outbound_url(std::string_view url, const ClientSettings& settings);

}  // namespace origin::net
