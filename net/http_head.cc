// SPDX-License-Identifier: Apache-2.0
#include "net/http_head.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/limits.h"
#include "net/http_text.h"

namespace origin::net {

namespace {

using Check = std::expected<void, HeadRefusal>;

constexpr std::size_t kUsualHeaders = 8;

std::unexpected<HeadRefusal> refuse(int status, std::string_view reason, std::string_view told) {
    const Code code = status == 431 || status == 414 ? Code::LimitExceeded : Code::InvalidInput;
    return std::unexpected(
        HeadRefusal{status, Error(code, std::string(told)).because(std::string(reason))});
}

// ------------------------------------------------------------------ request line

bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

Check check_method(std::string_view method) {
    if (method.size() > kHttpMethodBytesMax || !is_token(method)) {
        return refuse(400, "bad_method", "The request's method is not a method.");
    }
    return {};
}

Check check_method_known(std::string_view method) {
    static constexpr std::array<std::string_view, 7> kKnown = {
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    if (std::ranges::find(kKnown, method) == kKnown.end()) {
        return refuse(501, "unknown_method", "This method is not implemented.");
    }
    return {};
}

Check check_version(std::string_view version) {
    const bool shaped = version.size() == 8 && version.starts_with("HTTP/") &&
                        is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
    if (!shaped) {
        return refuse(400, "bad_version", "The request line does not end in an HTTP version.");
    }
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
        return refuse(505, "unknown_version", "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
    }
    return {};
}

Check check_target(std::string_view target) {
    if (target.size() > kHttpTargetBytesMax) {
        return refuse(414, "target_too_long", "The request's URL is too long.");
    }
    if (!target.starts_with('/')) {
        return refuse(400, "bad_target", "The request target must be a path that begins with '/'.");
    }
    const std::string_view path = target.substr(0, target.find('?'));
    const bool clean = std::ranges::all_of(target, [](char c) {
        return c > 0x20 && c < 0x7f && c != '#';  // Visible ASCII; a fragment is never sent.
    });
    if (!clean || path.contains('\\')) {
        return refuse(400, "bad_target", "The request target contains a forbidden character.");
    }
    return {};
}

Check read_request_line(std::string_view line, RequestHead& head) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) {
        return refuse(400, "bad_request_line", "The request line needs a method, path, version.");
    }
    const std::string_view target = line.substr(first + 1, last - first - 1);
    ORIGIN_CHECK(check_method(line.substr(0, first)));
    ORIGIN_CHECK(check_version(line.substr(last + 1)));
    ORIGIN_CHECK(check_target(target));
    ORIGIN_CHECK(check_method_known(line.substr(0, first)));
    const std::size_t question = std::min(target.find('?'), target.size());
    head.method = line.substr(0, first);
    head.target = target;
    head.path = target.substr(0, question);
    head.query = target.substr(std::min(question + 1, target.size()));
    head.version_minor = line.ends_with('1') ? 1 : 0;
    return {};
}

// ------------------------------------------------------------------ header lines

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Check read_header(std::string_view line, RequestHead& head) {
    if (line.starts_with(' ') || line.starts_with('\t')) {
        return refuse(400, "folded_header", "A header may not continue on a second line.");
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
        return refuse(400, "bad_header_name", "A header line has no valid name.");
    }
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (!header_value_is_safe(value)) {
        return refuse(400, "bad_header_value", "A header's value contains a control character.");
    }
    if (head.headers.size() == kHttpHeaderCountMax) {
        return refuse(431, "too_many_headers", "The request has too many headers.");
    }
    head.headers.push_back({std::string(line.substr(0, colon)), std::string(value)});
    return {};
}

// Headers whose second value somebody might prefer to the first.
Check check_singletons(const RequestHead& head) {
    static constexpr std::array<std::string_view, 9> kOnce = {"Host",
                                                              "Content-Length",
                                                              "Transfer-Encoding",
                                                              "Authorization",
                                                              "Content-Encoding",
                                                              "Content-Type",
                                                              "Expect",
                                                              "Range",
                                                              "Idempotency-Key"};
    for (const std::string_view name : kOnce) {
        const auto count = std::ranges::count_if(
            head.headers, [&](const Header& h) { return same_ignoring_case(h.name, name); });
        if (count > 1) {
            return refuse(
                400, "repeated_header", "The header " + std::string(name) + " may be given once.");
        }
    }
    return {};
}

bool is_host_name(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return is_upper(c) || (c >= 'a' && c <= 'z') || is_digit(c) || c == '.' || c == '-' ||
               c == '_';
    });
}

bool is_bracketed_ip6(std::string_view name) {
    return name.size() > 2 && name.starts_with('[') && name.ends_with(']') &&
           name.find_first_not_of("0123456789abcdefABCDEF:.", 1) == name.size() - 1;
}

Check read_host(RequestHead& head) {
    if (!head.has_header("Host") && head.version_minor == 0) {
        return {};
    }
    const std::string_view host = head.header("Host");
    std::string_view name = host;
    bool port_is_good = true;
    const std::size_t colon = host.rfind(':');
    if (colon != std::string_view::npos && !host.ends_with(']')) {
        const std::string_view port = host.substr(colon + 1);
        port_is_good = !port.empty() && port.size() <= 5 && std::ranges::all_of(port, is_digit);
        name = host.substr(0, colon);
    }
    const bool good = host.size() <= kHttpHostBytesMax && port_is_good &&
                      (is_host_name(name) || is_bracketed_ip6(name));
    if (!good) {
        return refuse(400, "bad_host", "The request needs one Host header with a host name.");
    }
    head.host = lower_case(host);
    return {};
}

// ------------------------------------------------------------------ framing

Check read_length(RequestHead& head) {
    const std::string_view text = head.header("Content-Length");
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    const bool digits = !text.empty() && std::ranges::all_of(text, is_digit);
    if (!digits || error != std::errc() || end != text.data() + text.size()) {
        return refuse(400, "bad_content_length", "Content-Length is not a number of bytes.");
    }
    head.content_length = length;
    return {};
}

Check read_framing(RequestHead& head) {
    const bool has_length = head.has_header("Content-Length");
    if (head.has_header("Transfer-Encoding")) {
        if (has_length || head.version_minor == 0) {
            return refuse(400, "ambiguous_length", "The length of the request is ambiguous.");
        }
        if (!same_ignoring_case(head.header("Transfer-Encoding"), "chunked")) {
            return refuse(501,
                          "unknown_transfer_encoding",
                          "The only transfer encoding spoken here is chunked.");
        }
        head.chunked = true;
        return {};
    }
    if (has_length) {
        return read_length(head);
    }
    const bool may_carry = head.method.starts_with('P');  // POST, PUT, PATCH
    if (may_carry && head.version_minor == 0) {
        return refuse(411, "length_required", "An HTTP/1.0 request needs a Content-Length.");
    }
    return {};
}

Check read_expectation(CheckedHead& accepted) {
    if (!accepted.head.has_header("Expect") || accepted.head.version_minor == 0) {
        return {};
    }
    if (!same_ignoring_case(accepted.head.header("Expect"), "100-continue")) {
        return refuse(417, "unknown_expectation", "The only known expectation is 100-continue.");
    }
    accepted.expects_continue = true;
    return {};
}

bool connection_says(const RequestHead& head, std::string_view wish) {
    for (const Header& header : head.headers) {
        if (!same_ignoring_case(header.name, "Connection")) {
            continue;
        }
        std::string_view rest = header.value;
        while (!rest.empty()) {
            const std::string_view item = rest.substr(0, rest.find(','));
            rest.remove_prefix(std::min(rest.size(), item.size() + 1));
            if (same_ignoring_case(trimmed(item), wish)) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace

std::expected<std::optional<std::size_t>, HeadRefusal> find_head_end(std::string_view buffered,
                                                                     std::size_t& scanned) {
    const std::string_view head = buffered.substr(0, kHttpHeadBytesMax);
    if (!head.empty() && !is_token(head.substr(0, 1))) {
        return refuse(400, "not_http", "This is not an HTTP request.");
    }
    bool after_cr = scanned > 0 && scanned <= head.size() && head[scanned - 1] == '\r';
    for (std::size_t at = scanned; at < head.size(); ++at) {
        const char c = head[at];
        const bool control = static_cast<unsigned char>(c) < 0x20;
        if (!control && !after_cr) {
            continue;  // Most are.
        }
        if ((c == '\n') != after_cr) {
            return refuse(400, c == '\n' ? "bare_lf" : "bare_cr", "Lines end in CR LF.");
        }
        if (control && !std::string_view("\r\n\t").contains(c)) {
            return refuse(400, "control_character", "The request contains a control character.");
        }
        after_cr = c == '\r';
        if (c == '\n' && at >= 3 && head[at - 2] == '\n') {
            return at + 1;
        }
    }
    scanned = head.size();
    if (head.size() < kHttpHeadBytesMax) {
        return std::nullopt;
    }
    return head.contains('\n')
               ? refuse(431, "head_too_large", "The request's headers are too large.")
               : refuse(414, "target_too_long", "The request's URL is too long.");
}

std::expected<CheckedHead, HeadRefusal> check_head(std::string_view raw) {
    CheckedHead accepted;
    accepted.head.headers.reserve(kUsualHeaders);
    if (!raw.ends_with("\r\n\r\n") || raw.size() > kHttpHeadBytesMax) {
        return refuse(400, "bad_head", "The request's head is incomplete.");
    }
    raw.remove_suffix(2);  // Now every line ends in CR LF.
    bool first = true;
    while (!raw.empty()) {
        const std::string_view line = raw.substr(0, raw.find("\r\n"));
        raw.remove_prefix(line.size() + 2);
        ORIGIN_CHECK(first ? read_request_line(line, accepted.head)
                           : read_header(line, accepted.head));
        first = false;
    }
    ORIGIN_CHECK(check_singletons(accepted.head));
    ORIGIN_CHECK(read_host(accepted.head));
    ORIGIN_CHECK(read_framing(accepted.head));
    ORIGIN_CHECK(read_expectation(accepted));
    accepted.keep_alive =
        !connection_says(accepted.head, "close") &&
        (accepted.head.version_minor == 1 || connection_says(accepted.head, "keep-alive"));
    return accepted;
}

}  // namespace origin::net
