// SPDX-License-Identifier: Apache-2.0
#include "net/answer.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "net/http_text.h"
#include "net/problem.h"

namespace origin::net {

namespace {

bool is_ours(std::string_view name) {
    static constexpr std::array<std::string_view, 5> kOurs = {
        "Content-Length", "Transfer-Encoding", "Connection", "Date", "Server"};
    return std::ranges::any_of(kOurs,
                               [&](std::string_view our) { return same_ignoring_case(our, name); });
}

void add(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
}

Status add_given(std::string& head, const std::vector<Header>& headers) {
    for (const Header& header : headers) {
        if (!is_token(header.name) || !header_value_is_safe(header.value) || is_ours(header.name)) {
            return std::unexpected(Error(Code::Internal,
                                         "The answer could not be written.",
                                         "header refused: " + header.name)
                                       .because("unsafe_header"));
        }
        add(head, header.name, header.value);
    }
    return {};
}

}  // namespace

Result<AnswerPlan> plan_answer(const Response& response, const AnswerFacts& facts) {
    AnswerPlan plan;
    plan.head.reserve(512);
    plan.head = "HTTP/1.1 " + std::to_string(response.status) + " ";
    plan.head.append(reason_phrase(response.status)).append("\r\n");
    ORIGIN_CHECK(add_given(plan.head, response.headers));
    const bool bodiless = response.status == 204 || response.status == 304;
    const bool length_known = response.stream == nullptr || response.stream_bytes.has_value();
    const bool ends_by_close = !length_known && facts.version_minor == 0;
    plan.has_body = !bodiless && !facts.to_head;
    plan.keep_alive = facts.keep_alive && !response.close && !(ends_by_close && plan.has_body);
    if (!bodiless && length_known) {
        const std::uint64_t bytes = response.body.size() + response.shared.bytes.size() +
                                    (response.stream ? *response.stream_bytes : 0);
        add(plan.head, "Content-Length", std::to_string(bytes));
    } else if (!bodiless && !ends_by_close) {
        plan.chunked = true;
        add(plan.head, "Transfer-Encoding", "chunked");
    }
    if (facts.now) {
        add(plan.head, "Date", http_date(*facts.now));
    }
    add(plan.head, "Server", "origind");
    if (plan.keep_alive != (facts.version_minor == 1)) {
        add(plan.head, "Connection", plan.keep_alive ? "keep-alive" : "close");
    }
    plan.head += "\r\n";
    return plan;
}

std::string chunk_line(std::size_t bytes) {
    std::array<char, 20> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), bytes, 16).ptr;
    return std::string(text.data(), end) + "\r\n";
}

}  // namespace origin::net
