// SPDX-License-Identifier: Apache-2.0
#include "net/forwarded.h"

#include "net/http_text.h"

namespace origin::net {

namespace {

// All values of a list header, in order, as one list.
std::string joined(const RequestHead& head, std::string_view name) {
    std::string list;
    for (const Header& header : head.headers) {
        if (same_ignoring_case(header.name, name)) {
            list += list.empty() ? header.value : "," + header.value;
        }
    }
    return list;
}

// Takes the last item off a list; without spaces around it.
std::string_view take_last(std::string_view& list) {
    const std::size_t comma = list.rfind(',');
    std::string_view item = comma == std::string_view::npos ? list : list.substr(comma + 1);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
    while (item.starts_with(' ') || item.starts_with('\t')) {
        item.remove_prefix(1);
    }
    while (item.ends_with(' ') || item.ends_with('\t')) {
        item.remove_suffix(1);
    }
    return item;
}

}  // namespace

void set_peer(RequestHead& head, const Address& connected, std::span<const Cidr> trusted_proxies) {
    head.peer = connected.str();
    if (!any_contains(trusted_proxies, connected)) {
        return;
    }
    const std::string protocols = joined(head, "X-Forwarded-Proto");
    std::string_view protocol_list = protocols;
    head.secure = head.secure || same_ignoring_case(take_last(protocol_list), "https");

    const std::string addresses = joined(head, "X-Forwarded-For");
    std::string_view rest = addresses;
    while (!rest.empty()) {
        const auto address = Address::parse(take_last(rest));
        if (!address) {
            return;
        }
        head.peer = address->str();
        if (!any_contains(trusted_proxies, *address)) {
            return;
        }
    }
}

}  // namespace origin::net
