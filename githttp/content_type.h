// SPDX-License-Identifier: Apache-2.0
// githttp/content_type: the media type of a site's file, from its name alone.
#pragma once

#include <string_view>

namespace origin::githttp {

/// "text/html; charset=utf-8"; "application/octet-stream" for a name that says nothing.
std::string_view content_type_of(std::string_view path);

}  // namespace origin::githttp
