// SPDX-License-Identifier: Apache-2.0
#include "bench/requests.h"

#include <charconv>
#include <fstream>
#include <iterator>

namespace origin::bench {
namespace {

constexpr std::string_view kCounter = "@COUNTER@";
constexpr std::uint64_t kCounterEnd = 1'000'000'000;

Request request_of(std::string_view bytes) {
    Request request{.bytes = std::string(bytes), .counters = {}};
    for (std::size_t at = bytes.find(kCounter); at != std::string_view::npos;
         at = bytes.find(kCounter, at + kCounter.size())) {
        request.counters.push_back(at);
    }
    return request;
}

}  // namespace

void Request::set_counter(std::uint64_t number) {
    if (counters.empty()) {
        return;
    }
    std::string digits = std::to_string(number % kCounterEnd);
    digits.insert(0, kCounter.size() - digits.size(), '0');
    for (const std::size_t at : counters) {
        bytes.replace(at, digits.size(), digits);
    }
}

Result<std::vector<Request>> parse_requests(std::string_view text) {
    constexpr std::string_view kWord = "request ";
    std::vector<Request> requests;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::size_t bytes = 0;
        const std::string_view line = text.substr(0, end);
        const bool is_line = end != std::string_view::npos && line.starts_with(kWord);
        const std::string_view digits = is_line ? line.substr(kWord.size()) : std::string_view();
        const auto [last, error] = std::from_chars(digits.begin(), digits.end(), bytes);
        if (!is_line || error != std::errc{} || last != digits.end() || bytes == 0 ||
            bytes > text.size() - end - 1) {
            return std::unexpected(Error(Code::InvalidInput, "this is no file of requests"));
        }
        requests.push_back(request_of(text.substr(end + 1, bytes)));
        text.remove_prefix(end + 1 + bytes);
    }
    return requests;
}

Result<std::vector<Request>> read_requests(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return std::unexpected(Error(Code::NotFound, "cannot read " + path));
    }
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return parse_requests(text);
}

}  // namespace origin::bench
