// SPDX-License-Identifier: Apache-2.0
// net/credentials: the key in a request's Authorization header.
// In: the head section only (a trailer never gets here). Out: the key's text, for auth to judge.
#pragma once

#include <string>

#include "net/http.h"

namespace origin::net {

/// `Basic`: the password, any user; the user name if the password is empty. `Bearer`: the token.
/// Empty: there is no such header. What cannot be read is given as it is, so that it counts as a
/// bad key and not as none.
std::string key_text_of(const RequestHead& head);

}  // namespace origin::net
