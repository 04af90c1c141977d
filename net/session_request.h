// SPDX-License-Identifier: Apache-2.0
// net/session_request: what a session keeps for the length of one request.
#pragma once

#include "net/session.h"

namespace origin::net {

struct Session::Request {
    CheckedHead checked;
    std::chrono::steady_clock::time_point begun;
    std::string raw_head{};  // For the body's decoder; empty if there is no body.
    std::unique_ptr<BodySink> sink{};
    bool skip_body = false;  // Unread, but small: read over it and keep the connection.
    bool quiet = false;      // Not logged as a request.
    bool noted = false;      // Counted and logged.

    const RequestHead& head() const { return checked.head; }
};

}  // namespace origin::net
