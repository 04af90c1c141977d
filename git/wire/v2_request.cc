// SPDX-License-Identifier: Apache-2.0
#include "git/wire/v2_request.h"

#include <utility>

#include "base/assert.h"
#include "base/limits.h"
#include "git/wire/protocol_error.h"

namespace origin::git {
namespace {

/// A line `name` or `name=value`.
struct KeyLine {
    std::string_view name;
    std::optional<std::string_view> value;
};

KeyLine split_key(std::string_view line) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
        return {line, std::nullopt};
    }
    return {line.substr(0, equals), line.substr(equals + 1)};
}

}  // namespace

V2RequestParser::V2RequestParser(const FetchFeatures& features)
    : features_(features), reader_(kFetchRequestBytesMax) {}

Result<V2Step> V2RequestParser::feed(Bytes& chunk) {
    if (state_ == State::Complete) {
        return V2Step::Complete;
    }
    if (state_ == State::Closed) {
        return V2Step::Closed;
    }
    while (true) {
        ORIGIN_TRY(line, reader_.take(chunk));
        if (!line) {
            return V2Step::NeedMore;
        }
        if (++lines_ > kFetchLinesMax) {
            return past_limit("too many lines in one request", kFetchLinesMax);
        }
        ORIGIN_TRY(step, take_line(*line));
        if (step != V2Step::NeedMore) {
            return step;
        }
    }
}

Result<V2Step> V2RequestParser::take_line(const PktLine& line) {
    if (line.kind == PktKind::Flush) {
        return end_request();
    }
    if (line.kind == PktKind::Delimiter && state_ == State::Keys) {
        ORIGIN_CHECK(check_keys());
        state_ = State::Arguments;
        return V2Step::NeedMore;
    }
    if (line.kind != PktKind::Data) {
        return protocol_error("expected flush after the arguments");
    }
    const std::string_view text = chomped(line.payload);
    ORIGIN_CHECK(state_ == State::Keys ? take_key(text) : take_argument(text));
    return V2Step::NeedMore;
}

Result<V2Step> V2RequestParser::end_request() {
    if (state_ == State::Keys) {
        if (lines_ == 1) {
            state_ = State::Closed;
            return V2Step::Closed;
        }
        ORIGIN_CHECK(check_keys());
    }
    if (auto* ls_refs = std::get_if<LsRefsRequest>(&request_.command)) {
        ls_refs->prefixes.close();
    } else if (const auto* fetch = std::get_if<FetchRequest>(&request_.command)) {
        ORIGIN_CHECK(check_fetch_request(*fetch));
    }
    state_ = State::Complete;
    return V2Step::Complete;
}

Status V2RequestParser::take_key(std::string_view line) {
    const auto [name, value] = split_key(line);
    if (name == "command" && value) {
        return take_command(*value);
    }
    if (name == "agent") {
        request_.agent = legible_agent(value.value_or(""));
    } else if (name == "session-id") {
        request_.session_id = legible_agent(value.value_or(""));
    } else if (name == "server-option") {
        return take_server_option(value.value_or(""));
    } else if (name == "object-format") {
        if (value != "sha1" && value != "sha256") {
            return protocol_error("unknown object format", value.value_or(""));
        }
        client_format_ = *value;
    } else {
        return protocol_error("unknown capability", line);
    }
    return {};
}

Status V2RequestParser::take_command(std::string_view name) {
    if (!std::holds_alternative<std::monostate>(request_.command)) {
        return protocol_error("a second command in one request", name);
    }
    if (name == "ls-refs") {
        request_.command.emplace<LsRefsRequest>();
    } else if (name == "fetch") {
        request_.command.emplace<FetchRequest>().side_band = SideBand::Large;
    } else {
        return protocol_error("invalid command", name);
    }
    return {};
}

Status V2RequestParser::take_server_option(std::string_view value) {
    if (value.size() > kPushOptionBytesMax) {
        return past_limit("too many bytes in a server option", kPushOptionBytesMax);
    }
    if (request_.server_options.size() == kServerOptionsMax) {
        return past_limit("too many server options", kServerOptionsMax);
    }
    request_.server_options.emplace_back(value);
    return {};
}

Status V2RequestParser::check_keys() const {
    if (std::holds_alternative<std::monostate>(request_.command)) {
        return protocol_error("no command requested");
    }
    if (client_format_ != "sha1") {
        return protocol_error("mismatched object format: server sha1; client " + client_format_);
    }
    return {};
}

Status V2RequestParser::take_argument(std::string_view line) {
    if (auto* ls_refs = std::get_if<LsRefsRequest>(&request_.command)) {
        return add_ls_refs_argument(*ls_refs, line);
    }
    return add_fetch_argument(std::get<FetchRequest>(request_.command), line, features_);
}

Status V2RequestParser::finish() const {
    const bool between_requests =
        state_ != State::Arguments && (lines_ == 0 || state_ != State::Keys);
    if (!reader_.at_line_start() || !between_requests) {
        return protocol_error("the request ended too early");
    }
    return {};
}

V2Request V2RequestParser::take() {
    ORIGIN_ASSERT(state_ == State::Complete);
    reader_ = PktReader(kFetchRequestBytesMax);  // Each request has its own allowance.
    state_ = State::Keys;
    lines_ = 0;
    client_format_ = "sha1";
    return std::exchange(request_, V2Request{});
}

}  // namespace origin::git
