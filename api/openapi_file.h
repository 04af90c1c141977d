// SPDX-License-Identifier: Apache-2.0
// api/openapi_file: api/openapi.json as it was when the program was built.
#pragma once

#include <string_view>

namespace origin::api {

std::string_view openapi_file();

}  // namespace origin::api
