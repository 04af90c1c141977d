// SPDX-License-Identifier: Apache-2.0
#include "net/whose.h"

#include <functional>

#include "net/address.h"

namespace origin::net {
namespace {

constexpr std::size_t kIpv6NetworkBytes = 8;
constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15ULL;  // The golden ratio, in 64 bits.

std::uint64_t hash(std::string_view text) {
    return std::hash<std::string_view>{}(text);
}

/// "/client/project.git" of "/client/project.git/info/refs".
std::string_view start_of(std::string_view path) {
    const std::size_t second = path.find('/', 1);
    return path.substr(0, second == std::string_view::npos ? second : path.find('/', second + 1));
}

}  // namespace

Whose whose_request(const RequestHead& head) {
    Whose whose{.group = 0, .member = hash(head.header("authorization")) * kMix};
    whose.member ^= hash(start_of(head.path));
    if (const auto address = Address::parse(head.peer)) {
        const auto* const bytes = reinterpret_cast<const char*>(address->bytes.data());
        whose.group = hash({bytes, address->is_v4() ? address->bytes.size() : kIpv6NetworkBytes});
    }
    return whose;
}

Whose whose_work(std::string_view id, std::string_view project) {
    return {.group = hash(id), .member = hash(project)};
}

}  // namespace origin::net
