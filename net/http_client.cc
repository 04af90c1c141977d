// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "net/http_text.h"
#include "net/resolve.h"

namespace origin::net {

namespace {

struct FreeUrl {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct FreeText {
    void operator()(char* text) const { curl_free(text); }
};
struct FreeEasy {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Url = std::unique_ptr<CURLU, FreeUrl>;
using Easy = std::unique_ptr<CURL, FreeEasy>;
using List = std::unique_ptr<curl_slist, FreeList>;

std::unexpected<Error> bad_url(std::string_view why) {
    return std::unexpected(
        Error(Code::InvalidInput, "This URL cannot be called: " + std::string(why) + ".")
            .because("bad_url"));
}

std::unexpected<Error> failed(Code code,
                              std::string_view reason,
                              std::string_view told,
                              std::string kept = {}) {
    return std::unexpected(
        Error(code, std::string(told), std::move(kept)).because(std::string(reason)));
}

// ------------------------------------------------------------------ URL

struct Target {
    std::string host;  // As curl will look it up: no brackets.
    std::uint16_t port = 0;
    bool bracketed = false;
};

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url, which, &text, flags) != CURLUE_OK) {
        return {};
    }
    const std::unique_ptr<char, FreeText> owned(text);
    return text;
}

Result<Target> parse_url(std::string_view text) {
    const bool clean = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
    if (!clean || text.size() > kOutboundUrlBytesMax || text.find_first_of("\\#") != text.npos) {
        return bad_url("it contains a forbidden character or is too long");
    }
    const std::size_t host = text.find("://") + 3;
    if (text.substr(0, host).size() < 3 || text.substr(std::min(host, text.size()), 1) == "/") {
        return bad_url("it has no host");
    }
    const Url url(curl_url());
    if (curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), 0) != CURLUE_OK) {
        return bad_url("it is not a URL");
    }
    const std::string scheme = part(url.get(), CURLUPART_SCHEME);
    if (scheme != "http" && scheme != "https") {
        return bad_url("only http and https are allowed");
    }
    if (!text.substr(scheme.size()).starts_with("://")) {
        return bad_url("it has no host");  // curl also takes one slash, and three.
    }
    if (text.substr(0, text.find_first_of("/?#", scheme.size() + 3)).contains('@')) {
        return bad_url("a user name or password does not belong there");
    }
    Target target{.host = part(url.get(), CURLUPART_HOST)};
    if (target.host.starts_with('[') && target.host.ends_with(']')) {
        target.host = target.host.substr(1, target.host.size() - 2);
        target.bracketed = true;
    }
    const std::string port = part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), target.port);
    if (target.host.empty() || error != std::errc() || target.port == 0) {
        return bad_url("its host or port is missing");
    }
    return target;
}

// Ports where something that is not HTTP might take a request for its own commands.
bool is_odd_port(std::uint16_t port) {
    static constexpr std::array<std::uint16_t, 15> kOthers = {
        1433, 1521, 2049, 2375, 2376, 3306, 3389, 5432, 5672, 5900, 6000, 6379, 6667, 11211, 27017};
    return (port < 1024 && port != 80 && port != 443) ||
           std::ranges::find(kOthers, port) != kOthers.end();
}

// ------------------------------------------------------------------ addresses

std::unexpected<Error> address_refused(std::string kept) {
    return failed(Code::Forbidden,
                  "address_refused",
                  "The URL leads to an address that may not be called.",
                  std::move(kept));
}

// Every address of the name; all of them must be fit to be called.
Result<std::vector<Address>> resolve(const Target& target, const ClientSettings& settings) {
    auto addresses = resolve_outbound(target.host, settings.allowed);
    if (!addresses) {
        const Error& error = addresses.error();
        return error.code() == Code::Forbidden ? address_refused(target.host)
                                               : failed(Code::Unavailable,
                                                        "resolve_failed",
                                                        "The URL's host name was not found.",
                                                        target.host + ": " + error.kept_in_log());
    }
    const bool all_listed = std::ranges::all_of(*addresses, [&](const Address& address) {
        return any_contains(settings.allowed, address);
    });
    if (!all_listed && is_odd_port(target.port)) {
        return failed(Code::InvalidInput,
                      "port_refused",
                      "The URL's port is not one for HTTP.",
                      std::to_string(target.port));
    }
    return addresses;
}

// "host:port:addr,addr": curl asks no resolver for this pair.
std::string pinned(const Target& target, const std::vector<Address>& addresses) {
    const std::string host = target.bracketed ? "[" + target.host + "]" : target.host;
    std::string entry = host + ":" + std::to_string(target.port) + ":";
    for (const Address& address : addresses) {
        const std::string text = address.is_v4() ? address.str() : "[" + address.str() + "]";
        entry += (entry.ends_with(':') ? "" : ",") + text;
    }
    return entry;
}

// ------------------------------------------------------------------ the call

struct Exchange {
    const ClientSettings& settings;
    const ClientRequest& request;
    CURL* easy;
    ClientResponse response{};
    std::size_t head_bytes = 0;
    std::size_t body_bytes = 0;
    bool given_up = false;
    bool too_large = false;
    bool cut = false;  // There was more than was wanted.
    bool address_refused = false;
};

int status_of(CURL* easy) {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
}

// Returning less than was given makes curl end the call.
std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* context) {
    auto& exchange = *static_cast<Exchange*>(context);
    const std::size_t total = size * count;
    const std::size_t room = exchange.request.response_bytes_max - exchange.body_bytes;
    if (total > room) {
        exchange.cut = exchange.request.cut_body;
        exchange.too_large = !exchange.cut;
        exchange.response.body.append(bytes, exchange.cut ? room : 0);
        return 0;
    }
    exchange.body_bytes += total;
    if (exchange.request.body_to) {
        exchange.response.status = status_of(exchange.easy);
        exchange.given_up = !exchange.request.body_to(exchange.response, {bytes, total});
        return exchange.given_up ? 0 : total;
    }
    exchange.response.body.append(bytes, total);
    return total;
}

// Returning something else than 0 makes curl end the call.
int on_progress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    auto& exchange = *static_cast<Exchange*>(context);
    exchange.given_up = exchange.given_up || exchange.request.give_up();
    return exchange.given_up ? 1 : 0;
}

std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* context) {
    auto& exchange = *static_cast<Exchange*>(context);
    const std::string_view line(bytes, size * count);
    exchange.head_bytes += line.size();
    if (exchange.head_bytes > kClientHeadBytesMax) {
        exchange.too_large = true;
        return 0;
    }
    if (line.starts_with("HTTP/")) {
        exchange.response.headers.clear();  // Of a 1xx answer.
    }
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && is_token(line.substr(0, colon))) {
        std::string_view value = line.substr(colon + 1);
        value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
        value = value.substr(0, value.find_last_not_of(" \t\r\n") + 1);
        exchange.response.headers.push_back(
            {std::string(line.substr(0, colon)), std::string(value)});
    }
    return line.size();
}

// The last check: on the numbers the socket is about to be connected to.
curl_socket_t on_open(void* context, curlsocktype /*purpose*/, curl_sockaddr* to) {
    auto& exchange = *static_cast<Exchange*>(context);
    const auto address = Address::from(to->addr);
    const bool is_unix = !exchange.request.unix_socket.empty() && to->family == AF_UNIX;
    if (!is_unix && (!address || (!any_contains(exchange.settings.allowed, *address) &&
                                  !is_public_address(*address)))) {
        exchange.address_refused = true;
        return CURL_SOCKET_BAD;
    }
    return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

Result<List> header_list(const ClientRequest& request) {
    List list;
    const auto append = [&](const std::string& line) {
        list.reset(curl_slist_append(list.release(), line.c_str()));
    };
    append("Expect:");  // Never wait for a 100.
    bool typed = false;
    for (const Header& header : request.headers) {
        if (!is_token(header.name) || !header_value_is_safe(header.value)) {
            return failed(Code::InvalidInput, "bad_header", "A header of the call is malformed.");
        }
        typed = typed || same_ignoring_case(header.name, "Content-Type");
        append(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
    }
    if (!typed) {
        append("Content-Type:");  // Or curl would call it a form.
    }
    return list;
}

void describe(CURL* easy, const ClientRequest& request) {
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    if (request.method == "HEAD") {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (request.method != "GET" || !request.body.empty()) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(
            easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
}

void restrict(CURL* easy, Exchange& exchange) {
    const auto timeout = std::max(1L, static_cast<long>(exchange.request.timeout.count()));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");  // Not from the environment either.
    curl_easy_setopt(easy, CURLOPT_USERAGENT, exchange.settings.user_agent.c_str());
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &exchange);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
    if (exchange.request.give_up) {
        curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &exchange);
    }
    if (!exchange.settings.ca_file.empty()) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, exchange.settings.ca_file.c_str());
    }
}

std::unexpected<Error> explained(CURLcode code, const Exchange& exchange) {
    const std::string kept = curl_easy_strerror(code);
    if (exchange.address_refused) {
        return address_refused("at the socket");
    }
    if (exchange.given_up) {
        return failed(Code::Unavailable, "given_up", "The call was given up.");
    }
    if (exchange.too_large) {
        return failed(Code::LimitExceeded, "answer_too_large", "The answer was too large.");
    }
    switch (code) {
        case CURLE_OPERATION_TIMEDOUT:
            return failed(Code::Timeout, "timeout", "The answer took too long.", kept);
        case CURLE_COULDNT_CONNECT:
            return failed(Code::Unavailable, "connect_failed", "Nobody answers there.", kept);
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
            return failed(Code::Unavailable,
                          "tls_failed",
                          "The server's certificate or TLS is not acceptable.",
                          kept);
        default:
            return failed(Code::Unavailable, "broken_answer", "The answer was not HTTP.", kept);
    }
}

}  // namespace

std::string_view ClientResponse::header(std::string_view name) const {
    const auto found = std::ranges::find_if(
        headers, [&](const Header& h) { return same_ignoring_case(h.name, name); });
    return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

HttpClient::HttpClient(ClientSettings settings) : settings_(std::move(settings)) {
    curl_global_init(CURL_GLOBAL_DEFAULT);  // Counted, and thread-safe since 7.84.
}

HttpClient::~HttpClient() {
    curl_global_cleanup();
}

struct HttpSession::Handle {
    Easy easy{curl_easy_init()};
};

HttpSession::HttpSession() : handle_(std::make_unique<Handle>()) {}
HttpSession::~HttpSession() = default;

Result<ClientResponse> HttpClient::send(const ClientRequest& request) const {
    HttpSession once;
    return send(request, once);
}

Result<ClientResponse> HttpClient::send(const ClientRequest& request, HttpSession& session) const {
    CURL* easy = session.handle_->easy.get();
    if (easy == nullptr) {
        return failed(Code::Internal, "internal", "The call could not be made.", "curl_easy_init");
    }
    curl_easy_reset(easy);  // The connection stays.
    // When a kept connection turns out to be dead, curl sends the request again on a new one: it
    // may have been done by then.
    const bool may_come_twice = request.method != "POST" && request.method != "PATCH";
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, may_come_twice ? 0L : 1L);
    return send(request, easy);
}

Result<ClientResponse> HttpClient::send(const ClientRequest& request, void* easy) const {
    ORIGIN_TRY(target, parse_url(request.url));
    if (!is_token(request.method)) {
        return failed(Code::InvalidInput, "bad_method", "The method of the call is malformed.");
    }
    ORIGIN_TRY(headers, header_list(request));
    List pins;
    if (request.unix_socket.empty()) {
        ORIGIN_TRY(addresses, resolve(target, settings_));
        pins.reset(curl_slist_append(nullptr, pinned(target, addresses).c_str()));
    }
    Exchange exchange{.settings = settings_, .request = request, .easy = static_cast<CURL*>(easy)};
    describe(easy, request);
    restrict(easy, exchange);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(easy, CURLOPT_RESOLVE, pins.get());
    if (!request.unix_socket.empty()) {
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
    }
    const CURLcode code = curl_easy_perform(easy);
    if (code != CURLE_OK && !exchange.cut) {
        return explained(code, exchange);
    }
    exchange.response.status = status_of(easy);
    return std::move(exchange.response);
}

Status check_outbound_url(std::string_view url, const ClientSettings& settings) {
    ORIGIN_TRY(target, parse_url(url));
    const auto literal = Address::parse(target.host);
    const bool listed = literal && any_contains(settings.allowed, *literal);
    if (literal && !listed && !is_public_address(*literal)) {
        return address_refused(target.host);
    }
    if (!listed && settings.allowed.empty() && is_odd_port(target.port)) {
        return failed(Code::InvalidInput, "port_refused", "The URL's port is not one for HTTP.");
    }
    return {};
}

}  // namespace origin::net
