// SPDX-License-Identifier: Apache-2.0
// api/answers: what the API says: JSON, problems, pages of lists.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "api/call.h"
#include "net/http.h"
#include "store/store.h"

namespace origin::api {

/// application/json; never stored by anybody on the way.
net::Response json_answer(int status, const boost::json::object& body);
net::Response no_content();

/// The HTTP status of an error: the table of net/door_codes, but for the reasons that HTTP has a
/// better word for (415, 422, 429, 410).
int status_of(const Error& error);
/// application/problem+json, with `extra` beside the standard members.
net::Response problem(const Error& error, const boost::json::object& extra = {});
/// 429 with RateLimit, RateLimit-Policy and Retry-After.
net::Response too_many(const auth::Excess& excess);

/// The same for a request that failed; what is not the peer's fault goes to the log.
net::Response refusal(const Around& around, const net::RequestHead& head, const Error& error);

/// Errors: NotFound, so that a malformed id and an unknown one look alike.
template <class Id>
Result<Id> need_id(std::string_view text, std::string_view what) {
    const auto id = Id::parse(text);
    if (!id) {
        return std::unexpected(Error(Code::NotFound, "no such " + std::string(what)));
    }
    return *id;
}

/// Text nobody should take apart, and back. Errors: InvalidInput `bad_cursor`.
std::string opaque(std::string_view text);
Result<std::string> not_opaque(std::string_view cursor);

struct PageWish {
    std::size_t limit = 0;
    std::string after;  // The last key of the page before; empty: the first page.
};
/// `limit` (1..kPageRowsMax) and `cursor` of the query. Errors: InvalidInput `bad_limit`,
/// `bad_cursor`.
Result<PageWish> page_wish(const Call& call);

enum class Order : std::uint8_t { Rising, Falling };
struct PageOf {
    store::Table table;
    std::string prefix;  // Of every key of the list.
    Order order = Order::Rising;
    std::string from = {};  // Rows before it do not belong to the list.
};
/// Takes one row into the page. Returns: false if it does not belong there.
using TakeRow = std::function<Result<bool>(std::string_view key, std::string_view value)>;

/// One page of a list. Returns: the next page's cursor; empty: this is the last one.
/// Limits: kPageScanMax rows looked at.
Result<std::string> read_page(store::Reader& reader,
                              const PageOf& of,
                              const PageWish& wish,
                              const TakeRow& take);

/// {"<name>": rows, "nextCursor": ...}
net::Response page_answer(std::string_view name, boost::json::array rows, const std::string& next);

}  // namespace origin::api
