// SPDX-License-Identifier: Apache-2.0
#include "net/string_sink.h"

namespace origin::net {

Status StringSink::feed(Bytes piece) {
    if (piece.size() > bytes_max_ - body_.size()) {
        return std::unexpected(
            Error(Code::LimitExceeded, "The request body is too large.").because("body_too_large"));
    }
    body_.append(text_of(piece));
    return {};
}

}  // namespace origin::net
