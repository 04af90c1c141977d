// SPDX-License-Identifier: Apache-2.0
// Invariant: a URL that may be called is http or https, has a host, carries no user, no fragment
// and no byte that a log or a request line would take for something else; and an address or block
// that is read is written as it came.
// In: the URL; the same bytes as an address and as a block.
#include <algorithm>
#include <tuple>

#include "base/assert.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "net/address.h"
#include "net/http_client.h"

namespace net = origin::net;

namespace {

bool is_scheme(std::string_view url, std::string_view scheme) {
    return std::ranges::equal(url.substr(0, scheme.size()), scheme, [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
    });
}

void check_addresses(std::string_view text) {
    if (const auto address = net::Address::parse(text)) {
        const auto again = net::Address::parse(address->str());
        ORIGIN_ASSERT(again && *again == *address);
        std::ignore = net::is_public_address(*address);
    }
    if (const auto block = net::Cidr::parse(text)) {
        ORIGIN_ASSERT(block->bits <= 128 && block->contains(block->base));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view url(reinterpret_cast<const char*>(data), size);
    check_addresses(url);
    const auto checked = net::check_outbound_url(url, {});
    if (!checked) {
        ORIGIN_ASSERT(origin::is_utf8(checked.error().told_to_peer()));
        return 0;
    }
    ORIGIN_ASSERT(url.size() <= origin::kOutboundUrlBytesMax);
    ORIGIN_ASSERT(is_scheme(url, "http://") || is_scheme(url, "https://"));
    ORIGIN_ASSERT(std::ranges::all_of(url, [](char c) { return c > 0x20 && c < 0x7f; }));
    ORIGIN_ASSERT(!url.contains('#') && !url.contains('\\'));
    const std::string_view rest = url.substr(url.find("://") + 3);
    const std::string_view host = rest.substr(0, rest.find_first_of("/?"));
    ORIGIN_ASSERT(!host.empty() && !host.contains('@'));
    return 0;
}
