// SPDX-License-Identifier: Apache-2.0
#include "git/wire/protocol_error.h"

#include "base/limits.h"
#include "base/utf8.h"

namespace origin::git {
namespace {

constexpr std::size_t kQuotedBytesMax = 200;  // Enough to recognise it, too short to flood a log.

}  // namespace

std::unexpected<Error> protocol_error(std::string what) {
    return std::unexpected(Error(Code::InvalidInput, std::move(what)).because("protocol_error"));
}

std::unexpected<Error> protocol_error(std::string_view what, std::string_view got) {
    std::string text(what);
    text += ": '";
    text += printable(got.substr(0, kQuotedBytesMax));
    text += got.size() > kQuotedBytesMax ? "...'" : "'";
    return protocol_error(std::move(text));
}

std::unexpected<Error> past_limit(std::string_view what, std::size_t limit) {
    std::string text(what);
    text += " (at most " + std::to_string(limit) + ")";
    return std::unexpected(
        Error(Code::LimitExceeded, std::move(text)).because("request_too_large"));
}

}  // namespace origin::git
