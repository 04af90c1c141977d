// SPDX-License-Identifier: Apache-2.0
#include "deploy/registry_proxy.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include <boost/json.hpp>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "net/answer.h"

namespace origin::deploy {
namespace {

constexpr int kLookMs = 200;  // How late it notices that it is to stop.
constexpr int kRedirectsMax = 3;
constexpr std::size_t kComplaintBytesMax = 300;

/// The operator named the host, so it may be one of this machine's neighbours.
net::ClientSettings everywhere() {
    return {.allowed = {net::kEveryAddress}};
}

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::uint64_t length_of(const net::ClientResponse& head) {
    const std::string_view text = head.header("Content-Length");
    std::uint64_t length = 0;
    std::from_chars(text.data(), text.data() + text.size(), length);
    return length;
}

}  // namespace

/// A connection, and how much of an answer went out on it.
struct RegistryProxy::Peer {
    sandbox::Fd socket;
    const Clock& clock;
    const std::atomic<bool>& stopping;
    std::chrono::steady_clock::time_point deadline;
    std::string request;  // "GET /npm/a", for people.
    bool head_sent = false;
    bool head_only = false;

    /// Returns: false if the time is over.
    bool wait_for(short what) const {
        while (!stopping) {
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock.steady());
            if (left.count() <= 0) {
                return false;
            }
            pollfd waiting{socket.get(), what, 0};
            const auto patience = std::min<std::int64_t>(left.count(), kLookMs);
            if (::poll(&waiting, 1, static_cast<int>(patience)) > 0) {
                return true;
            }
        }
        return false;
    }

    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            if (!wait_for(POLLOUT)) {
                return false;
            }
            const ssize_t sent =
                ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0 && errno != EINTR && errno != EAGAIN) {
                return false;
            }
            bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
        }
        return true;
    }

    bool send_head(const net::ClientResponse& answer) {
        head_sent = true;
        std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " From the registry\r\n";
        for (const char* name : {"Content-Type", "Content-Encoding", "Cache-Control"}) {
            if (const std::string_view value = answer.header(name); !value.empty()) {
                text += std::string(name) + ": " + std::string(value) + "\r\n";
            }
        }
        text += head_only ? "" : "Transfer-Encoding: chunked\r\n";
        return send(text + "Connection: close\r\n\r\n");
    }

    /// Lets the last bytes arrive: to close while there is something to read would cut them off.
    void part() {
        constexpr std::chrono::seconds kPatience{2};
        constexpr std::size_t kUnreadMax = 1 << 20;
        deadline = std::min(deadline, clock.steady() + kPatience);
        ::shutdown(socket.get(), SHUT_WR);
        std::array<char, 65536> unread{};
        for (std::size_t total = 0; total < kUnreadMax && wait_for(POLLIN);) {
            const ssize_t got = ::recv(socket.get(), unread.data(), unread.size(), 0);
            if (got <= 0) {
                return;
            }
            total += static_cast<std::size_t>(got);
        }
    }

    /// A piece of the body; none: its end.
    bool send_piece(std::string_view piece) const {
        return head_only || send(net::chunk_line(piece.size()) + std::string(piece) + "\r\n");
    }
};

RegistryProxy::RegistryProxy(RegistryUrl registry, const Clock& clock, RegistryLimits limits)
    : registry_(std::move(registry)),
      clock_(clock),
      limits_(limits),
      client_(everywhere()),
      threads_(limits.connections_max, clock, limits.connections_max, "registry") {}

RegistryProxy::~RegistryProxy() {
    stopping_ = true;
}

void RegistryProxy::serve(sandbox::Fd listening) {
    listening_ = std::move(listening);
    // Several threads wait for the same connection, and one of them gets it.
    ::fcntl(listening_.get(), F_SETFL, O_NONBLOCK);
    for (unsigned i = 0; i < limits_.connections_max; ++i) {
        net::WorkerPool::Task task = [this] {
            accept_all();
        };
        if (!threads_.submit(std::move(task))) {
            return;  // There are others.
        }
    }
}

void RegistryProxy::accept_all() {
    while (!stopping_) {
        pollfd waiting{listening_.get(), POLLIN, 0};
        if (::poll(&waiting, 1, kLookMs) <= 0) {
            continue;
        }
        Peer peer{.socket = sandbox::Fd(
                      ::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)),
                  .clock = clock_,
                  .stopping = stopping_,
                  .deadline = clock_.steady() + limits_.head_time_max,
                  .request = {}};
        if (peer.socket.get() >= 0) {
            answer(peer);
            peer.part();
        }
    }
}

std::optional<net::CheckedHead> RegistryProxy::read_head(Peer& peer) {
    std::string buffered;
    std::size_t scanned = 0;
    while (true) {
        const auto end = net::find_head_end(buffered, scanned);
        if (!end) {
            refuse(peer, end.error().status, end.error().error.told_to_peer());
            return std::nullopt;
        }
        if (*end) {
            auto head = net::check_head(std::string_view(buffered).substr(0, **end));
            if (!head) {
                refuse(peer, head.error().status, head.error().error.told_to_peer());
                return std::nullopt;
            }
            return std::move(*head);
        }
        if (!peer.wait_for(POLLIN)) {
            return std::nullopt;
        }
        std::array<char, 4096> piece{};
        const ssize_t got = ::recv(peer.socket.get(), piece.data(), piece.size(), 0);
        if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) {
            return std::nullopt;
        }
        buffered.append(piece.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    }
}

void RegistryProxy::answer(Peer& peer) {
    const auto checked = read_head(peer);
    if (!checked) {
        return;
    }
    const net::RequestHead& head = checked->head;
    peer.deadline = clock_.steady() + limits_.answer_time_max;
    peer.request = head.method + " " + head.target;
    peer.head_only = head.method == "HEAD";
    const std::string port = ":" + std::to_string(kRegistryPort);
    if (head.method != "GET" && !peer.head_only) {
        return refuse(peer, 405, "a build may read packages, and do nothing else");
    }
    if (head.version_minor != 1 || head.has_body()) {
        return refuse(peer, 400, "HTTP/1.1 without a body is answered here");
    }
    if (head.host != "127.0.0.1" + port && head.host != "localhost" + port) {
        return refuse(peer, 403, "a build has no way to another host than the registry");
    }
    auto url = registry_.of(head.target);
    if (!url) {
        return refuse(peer, 403, url.error().told_to_peer());
    }
    if (++requests_ > limits_.requests_max) {
        return refuse(
            peer, 429, "a build may ask " + std::to_string(limits_.requests_max) + " times");
    }
    fetch(peer, head, std::move(*url));
}

void RegistryProxy::fetch(Peer& peer, const net::RequestHead& head, std::string url) {
    for (int hops = 0; hops <= kRedirectsMax; ++hops) {
        const std::string location = pass_on(peer, head, url);
        if (location.empty()) {
            return;
        }
        auto next = registry_.redirected(location);
        if (!next) {
            return refuse(peer, 502, next.error().told_to_peer());
        }
        url = std::move(*next);
    }
    refuse(peer, 502, "the registry answered with too many redirects");
}

std::string RegistryProxy::pass_on(Peer& peer,
                                   const net::RequestHead& head,
                                   const std::string& url) {
    const std::uint64_t spent = std::min<std::uint64_t>(bytes_, limits_.bytes_max);
    const std::uint64_t room = std::min(limits_.answer_bytes_max, limits_.bytes_max - spent);
    bool too_large = false;
    const auto piece_to_peer = [&](const net::ClientResponse& answer, std::string_view piece) {
        bytes_ += piece.size();
        if (is_redirect(answer.status)) {
            return true;
        }
        too_large = !peer.head_sent && length_of(answer) > room;
        return !too_large && (peer.head_sent || peer.send_head(answer)) && peer.send_piece(piece);
    };
    net::ClientRequest request{
        .method = head.method,
        .url = url,
        .timeout = std::chrono::duration_cast<Milliseconds>(peer.deadline - clock_.steady()),
        .response_bytes_max = room,
        .body_to = piece_to_peer,
        .give_up = [this] {
            return stopping_.load();
        }};
    if (const std::string_view accept = head.header("Accept"); !accept.empty()) {
        request.headers.push_back({"Accept", std::string(accept)});
    }
    const auto answer = client_.send(request);
    if (too_large || (!answer && answer.error().code() == Code::LimitExceeded)) {
        refuse(peer,
               502,
               "the answer is larger than a build may read: " + std::to_string(room) + " bytes");
        return {};
    }
    if (!answer) {
        refuse(peer, 502, "the registry cannot be read: " + answer.error().told_to_peer());
        return {};
    }
    if (is_redirect(answer->status) && !answer->header("Location").empty()) {
        return std::string(answer->header("Location"));
    }
    if (peer.head_sent || peer.send_head(*answer)) {
        [[maybe_unused]] const bool sent = peer.send_piece({});
    }
    if (answer->status >= 400) {
        refuse(peer, answer->status, "the registry answered " + std::to_string(answer->status));
    }
    return {};
}

/// Notes it, and tells it in npm's words, unless another answer has begun: that one is cut off.
void RegistryProxy::refuse(Peer& peer, int status, const std::string& why) {
    {
        const std::scoped_lock lock(mutex_);
        if (complaint_.empty() && !stopping_) {
            complaint_ = printable(peer.request).substr(0, kComplaintBytesMax) +
                         (peer.request.empty() ? "" : ": ") + why;
        }
    }
    if (peer.head_sent) {
        return;
    }
    const std::string body = boost::json::serialize(boost::json::object{{"error", why}});
    [[maybe_unused]] const bool sent =
        peer.send("HTTP/1.1 " + std::to_string(status) + " Refused\r\nContent-Type: " +
                  "application/json\r\nContent-Length: " + std::to_string(body.size()) +
                  "\r\nConnection: close\r\n\r\n" + (peer.head_only ? "" : body));
}

std::string RegistryProxy::local_url() const {
    return "http://127.0.0.1:" + std::to_string(kRegistryPort) + registry_.path();
}

std::string RegistryProxy::complaint() const {
    const std::scoped_lock lock(mutex_);
    return complaint_;
}

std::vector<std::string> registry_environment(const RegistryProxy* proxy) {
    if (proxy == nullptr) {
        return {"npm_config_offline=true"};  // Or it would try for minutes.
    }
    return {"ORIGIN_REGISTRY=" + proxy->local_url(),
            "npm_config_registry=" + proxy->local_url(),
            // Metadata and lock files name the registry's own host.
            "npm_config_replace_registry_host=always",
            "npm_config_audit=false",  // A POST.
            "npm_config_update_notifier=false",
            "npm_config_fetch_retry_mintimeout=1000",
            "npm_config_fetch_retry_maxtimeout=5000"};
}

bool sounds_like_no_network(std::string_view line) {
    constexpr std::array<std::string_view, 10> kWords = {"ENOTCACHED",
                                                         "ENOTFOUND",
                                                         "EAI_AGAIN",
                                                         "ENETUNREACH",
                                                         "getaddrinfo",
                                                         "ould not resolve",  // curl, git
                                                         "name resolution",   // glibc
                                                         "no such host",      // Go
                                                         "etwork is unreachable",
                                                         "unable to resolve host"};
    return std::ranges::any_of(kWords, [&](std::string_view word) { return line.contains(word); });
}

}  // namespace origin::deploy
