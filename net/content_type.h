// SPDX-License-Identifier: Apache-2.0
// net/content_type: the media type of a file that is served, from its name alone.
#pragma once

#include <string_view>

namespace origin::net {

/// "text/html; charset=utf-8"; "application/octet-stream" for a name that says nothing.
std::string_view content_type_of(std::string_view path);

}  // namespace origin::net
