// SPDX-License-Identifier: Apache-2.0
#include "net/resolve.h"

#include <memory>

#include <netdb.h>
#include <sys/socket.h>

namespace origin::net {

Result<std::vector<Address>> resolve_outbound(const std::string& host,
                                              std::span<const Cidr> allowed) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); code != 0) {
        return std::unexpected(Error(Code::Unavailable,
                                     "the host name '" + host + "' was not found",
                                     ::gai_strerror(code))
                                   .because("resolve_failed"));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, &::freeaddrinfo);
    std::vector<Address> addresses;
    for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
        const auto address = Address::from(*entry->ai_addr);
        if (!address || (!any_contains(allowed, *address) && !is_public_address(*address))) {
            return std::unexpected(
                Error(Code::Forbidden,
                      "'" + host + "' is at an address that may not be reached from here " +
                          "(outbound.allow of the configuration lists exceptions)",
                      address ? address->str() : "")
                    .because("address_refused"));
        }
        addresses.push_back(*address);
    }
    return addresses;
}

}  // namespace origin::net
