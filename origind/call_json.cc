// SPDX-License-Identifier: Apache-2.0
#include "origind/call_json.h"

#include <boost/json.hpp>

#include "origind/caller.h"

namespace origin {

Result<boost::json::object> call_json(const std::filesystem::path& data,
                                      std::string_view method,
                                      std::string_view target,
                                      const boost::json::object& body) {
    const std::string text = body.empty() ? std::string() : boost::json::serialize(body);
    ORIGIN_TRY(answer, call_api(data, method, target, text));
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(answer.body, error);
    if (error || !value.is_object()) {
        return std::unexpected(Error(
            Code::Internal, "the server gave a strange answer", std::to_string(answer.status)));
    }
    constexpr int kFirstRefusal = 400;
    if (answer.status >= kFirstRefusal) {
        const std::string detail = text_of(value.get_object(), "detail");
        return std::unexpected(Error(Code::Conflict, detail.empty() ? answer.body : detail)
                                   .because(text_of(value.get_object(), "code")));
    }
    return value.get_object();
}

std::string text_of(const boost::json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (value == nullptr) {
        return {};
    }
    return value->is_string() ? std::string(value->get_string()) : boost::json::serialize(*value);
}

}  // namespace origin
