// SPDX-License-Identifier: Apache-2.0
// deploy/registry_proxy: a package registry, read by a build that has no network: what connects to
// the port of its box (sandbox/box_port) is answered here.
// In: HTTP/1.1 requests of strangers. Out: GET and HEAD of what is below the operator's URL, and
// nothing else: no other method, host, header or body of theirs goes out.
//
// Each connection is one request. Answers pass through in pieces and are not kept.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "deploy/registry_url.h"
#include "net/http_client.h"
#include "net/http_head.h"
#include "net/worker_pool.h"
#include "sandbox/fd.h"

namespace origin::deploy {

inline constexpr std::uint16_t kRegistryPort = 4873;  // Of 127.0.0.1, in the box: nobody else's.

/// Of one build. A test has smaller ones.
struct RegistryLimits {
    unsigned connections_max = 8;  // Served at once; a few more wait.
    std::uint64_t answer_bytes_max = std::uint64_t{256} << 20;
    std::uint64_t bytes_max = std::uint64_t{2} << 30;  // Of all answers.
    std::uint32_t requests_max = 50'000;
    std::chrono::seconds head_time_max{10};     // Until a request has come.
    std::chrono::seconds answer_time_max{300};  // Until its answer is gone.
};

class RegistryProxy {
public:
    RegistryProxy(RegistryUrl registry, const Clock& clock, RegistryLimits limits = {});
    RegistryProxy(const RegistryProxy&) = delete;
    RegistryProxy& operator=(const RegistryProxy&) = delete;
    /// Ends every connection. Blocks: about a second, once what connected is dead.
    ~RegistryProxy();

    /// Answers what connects to it, from threads of its own. Once.
    void serve(sandbox::Fd listening);

    /// "http://127.0.0.1:4873/npm/"
    std::string local_url() const;
    /// The first thing that it could not give: "GET /npm/a: why". Empty: there was none.
    std::string complaint() const;

private:
    struct Peer;
    void accept_all();
    void answer(Peer& peer);
    std::optional<net::CheckedHead> read_head(Peer& peer);
    void fetch(Peer& peer, const net::RequestHead& head, std::string url);
    /// Returns: where the answer leads, if it is a redirect; else it is sent, or cannot be.
    std::string pass_on(Peer& peer, const net::RequestHead& head, const std::string& url);
    void refuse(Peer& peer, int status, const std::string& why);

    const RegistryUrl registry_;
    const Clock& clock_;
    const RegistryLimits limits_;
    const net::HttpClient client_;
    std::atomic<bool> stopping_{false};
    std::atomic<std::uint64_t> bytes_{0};
    std::atomic<std::uint32_t> requests_{0};
    mutable std::mutex mutex_;
    std::string complaint_;
    sandbox::Fd listening_;
    net::WorkerPool threads_;  // Last: joined first.
};

/// What tells a build's tools where the registry is; null: that there is none.
std::vector<std::string> registry_environment(const RegistryProxy* proxy);

/// Is this the line of a tool that misses a network?
bool sounds_like_no_network(std::string_view line);

}  // namespace origin::deploy
