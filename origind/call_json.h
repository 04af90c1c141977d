// SPDX-License-Identifier: Apache-2.0
// origind/call_json: an operator's call whose answer is a JSON object; a refusal becomes an Error.
#pragma once

#include <filesystem>
#include <string_view>

#include <boost/json/object.hpp>

#include "base/result.h"

namespace origin {

/// Errors: those of call_api(); what the server refused, with its code as reason and its `detail`.
Result<boost::json::object> call_json(const std::filesystem::path& data,
                                      std::string_view method,
                                      std::string_view target,
                                      const boost::json::object& body);

/// A field as text for people; "" if it is not there.
std::string text_of(const boost::json::object& object, std::string_view name);

}  // namespace origin
