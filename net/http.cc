// SPDX-License-Identifier: Apache-2.0
#include "net/http.h"

#include "net/http_text.h"
#include "net/problem.h"

namespace origin::net {

BodySource::~BodySource() = default;
Deferred::~Deferred() = default;
BodySink::~BodySink() = default;
Handler::~Handler() = default;

std::optional<Response> Handler::at_once(const RequestHead& /*head*/) {
    return std::nullopt;
}

std::string_view RequestHead::header(std::string_view name) const {
    for (const Header& header : headers) {
        if (same_ignoring_case(header.name, name)) {
            return header.value;
        }
    }
    return {};
}

bool RequestHead::has_header(std::string_view name) const {
    for (const Header& header : headers) {
        if (same_ignoring_case(header.name, name)) {
            return true;
        }
    }
    return false;
}

Reply BodySink::failed(const Error& error) {
    return problem_response(error);
}

}  // namespace origin::net
