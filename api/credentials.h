// SPDX-License-Identifier: Apache-2.0
// api/credentials: the key in a request's Authorization header.
#pragma once

#include <string>

#include "net/http.h"

namespace origin::api {

/// `Bearer`: the token. `Basic`: the password, any user; the user name if the password is empty.
/// Empty: there is no such header. What cannot be read is given as it is: it counts as a bad key.
std::string key_text_of(const net::RequestHead& head);

}  // namespace origin::api
