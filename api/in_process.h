// SPDX-License-Identifier: Apache-2.0
// api/in_process: a handler called without a socket: by the command line when no server runs, and
// by tests. In: a request. Out: its whole answer, however it is produced.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"
#include "store/store.h"

namespace origin::api {

struct InProcessCall {
    std::string method = "GET";
    std::string target = "/";  // Path and query, percent-encoded.
    std::vector<net::Header> headers = {};
    std::string body = {};
    bool local_operator = true;  // As over the 0600 socket: no key needed.
    std::string peer = {};
    enum class Streams : std::uint8_t {
        UntilQuiet,  // An endless stream is left when it has nothing more to say for now.
        ToTheEnd,
    } streams = Streams::UntilQuiet;
};

/// Blocks: until the answer is complete. While it is not ready, waits for the store to change.
/// A stream that breaks off becomes a problem.
net::Response call(net::Handler& handler, store::Store& store, const InProcessCall& wanted);

/// The most common case: a JSON body, or none, as the operator.
net::Response call(net::Handler& handler,
                   store::Store& store,
                   std::string_view method,
                   std::string_view target,
                   std::string_view body = {});

}  // namespace origin::api
