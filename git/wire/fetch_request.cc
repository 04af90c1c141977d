// SPDX-License-Identifier: Apache-2.0
#include "git/wire/fetch_request.h"

#include <array>
#include <charconv>
#include <limits>

#include "base/limits.h"
#include "git/wire/protocol_error.h"

namespace origin::git {
namespace {

/// What follows `key` in `line`, if it begins so.
std::optional<std::string_view> after(std::string_view line, std::string_view key) {
    if (!line.starts_with(key)) {
        return std::nullopt;
    }
    return line.substr(key.size());
}

/// Digits and nothing else.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number = 0;
    const auto [end, error] = std::from_chars(text.begin(), text.end(), number);
    if (error != std::errc{} || end != text.end() || text.front() == '-') {
        return std::nullopt;
    }
    return number;
}

Status add_oid(std::vector<Oid>& list, std::string_view hex, std::string_view line) {
    const auto oid = Oid::from_hex(hex);
    if (!oid) {
        return protocol_error("expected an object id of 40 hex digits", line);
    }
    list.push_back(*oid);
    return {};
}

/// `deepen-relative` is a capability in v0 and an argument in v2, so it is not read here.
/// Returns: true if the line was one of these.
Result<bool> add_deepen_line(FetchRequest& request,
                             std::string_view line,
                             const FetchFeatures& features) {
    const bool by_history = line.starts_with("deepen-since ") || line.starts_with("deepen-not ");
    if (by_history && !features.deepen_by_history) {
        return protocol_error("not supported by this server", line);
    }
    if (const auto depth = after(line, "deepen ")) {
        const auto number = parse_number<std::uint32_t>(*depth);
        if (!number || *number == 0 || *number > kInfiniteDepth) {
            return protocol_error("invalid depth", line);
        }
        request.depth = *number;
    } else if (const auto since = after(line, "deepen-since ")) {
        request.deepen_since = parse_number<std::int64_t>(*since);
        if (!request.deepen_since) {
            return protocol_error("invalid time", line);
        }
    } else if (const auto name = after(line, "deepen-not ")) {
        if (name->empty() || name->size() > kRefNameBytesMax) {
            return protocol_error("invalid ref", line);
        }
        if (request.deepen_not.size() == kDeepenNotMax) {
            return past_limit("too many deepen-not lines", kDeepenNotMax);
        }
        request.deepen_not.emplace_back(*name);
    } else {
        return false;
    }
    return true;
}

/// The lines that v0 and v2 share.
Result<bool> add_shared_line(FetchRequest& request,
                             std::string_view line,
                             const FetchFeatures& features) {
    if (const auto hex = after(line, "shallow ")) {
        ORIGIN_CHECK(add_oid(request.shallows, *hex, line));
        return true;
    }
    return add_deepen_line(request, line, features);
}

Status add_filter(FetchRequest& request, std::string_view text) {
    if (text.empty() || !request.filter.empty()) {
        return protocol_error("expected one filter");
    }
    request.filter = text;
    return {};
}

using Flag = std::pair<std::string_view, bool FetchRequest::*>;

constexpr std::array kFlags{
    Flag{"done", &FetchRequest::done},
    Flag{"thin-pack", &FetchRequest::thin_pack},
    Flag{"ofs-delta", &FetchRequest::ofs_delta},
    Flag{"include-tag", &FetchRequest::include_tag},
    Flag{"no-progress", &FetchRequest::no_progress},
    Flag{"wait-for-done", &FetchRequest::wait_for_done},
    Flag{"deepen-relative", &FetchRequest::deepen_relative},
};

bool* flag_named(FetchRequest& request, std::string_view name) {
    for (const auto& [known, flag] : kFlags) {
        if (known == name) {
            return &(request.*flag);
        }
    }
    return nullptr;
}

}  // namespace

Status add_fetch_argument(FetchRequest& request,
                          std::string_view line,
                          const FetchFeatures& features) {
    if (const auto hex = after(line, "have ")) {
        return add_oid(request.haves, *hex, line);
    }
    if (const auto hex = after(line, "want ")) {
        return add_oid(request.wants, *hex, line);
    }
    if (bool* flag = flag_named(request, line)) {
        *flag = true;
        return {};
    }
    ORIGIN_TRY(was_shared, add_shared_line(request, line, features));
    if (was_shared) {
        return {};
    }
    const auto filter = after(line, "filter ");
    if (filter && features.filter) {
        return add_filter(request, *filter);
    }
    return protocol_error("unexpected line", line);
}

Status check_fetch_request(const FetchRequest& request) {
    if (request.depth != 0 && (request.deepen_since || !request.deepen_not.empty())) {
        return protocol_error("deepen and deepen-since (or deepen-not) cannot be used together");
    }
    return {};
}

V0FetchParser::V0FetchParser(const FetchFeatures& features)
    : features_(features), reader_(kFetchRequestBytesMax) {}

Result<FetchStep> V0FetchParser::feed(Bytes& chunk) {
    if (state_ == State::Ended) {
        return last_;
    }
    if (last_ == FetchStep::BatchEnd) {
        batch_begin_ = request_.haves.size();
    }
    last_ = FetchStep::NeedMore;
    while (last_ == FetchStep::NeedMore) {
        ORIGIN_TRY(line, reader_.take(chunk));
        if (!line) {
            return FetchStep::NeedMore;
        }
        if (++lines_ > kFetchLinesMax) {
            return past_limit("too many lines in one request", kFetchLinesMax);
        }
        if (line->kind == PktKind::Delimiter || line->kind == PktKind::ResponseEnd) {
            return protocol_error("a delimiter belongs to protocol version 2");
        }
        ORIGIN_TRY(step, state_ == State::Wants ? take_wants_line(*line) : take_haves_line(*line));
        last_ = step;
    }
    return last_;
}

Result<FetchStep> V0FetchParser::take_wants_line(const PktLine& line) {
    if (line.kind == PktKind::Flush) {
        state_ = request_.wants.empty() ? State::Ended : State::Haves;
        if (state_ == State::Ended) {
            return FetchStep::NothingWanted;
        }
        ORIGIN_CHECK(check_fetch_request(request_));
        return FetchStep::WantsEnd;
    }
    const std::string_view text = chomped(line.payload);
    if (text.starts_with("want ")) {
        ORIGIN_CHECK(take_want(text));
        return FetchStep::NeedMore;
    }
    ORIGIN_TRY(was_shared, add_shared_line(request_, text, features_));
    if (was_shared) {
        return FetchStep::NeedMore;
    }
    const auto filter = after(text, "filter ");
    if (!filter || !filter_negotiated_) {
        return protocol_error("expected a want", text);
    }
    ORIGIN_CHECK(add_filter(request_, *filter));
    return FetchStep::NeedMore;
}

Status V0FetchParser::take_want(std::string_view line) {
    const std::string_view rest = line.substr(std::string_view("want ").size());
    const std::string_view list = rest.substr(std::min(rest.size(), kOidHexDigits));
    if (!list.empty() && list.front() != ' ') {
        return protocol_error("expected an object id of 40 hex digits", line);
    }
    ORIGIN_CHECK(add_oid(request_.wants, rest.substr(0, kOidHexDigits), line));
    return list.empty() ? Status{} : take_capabilities(list);
}

Status V0FetchParser::take_capabilities(std::string_view list) {
    const auto format = capability_value(list, "object-format");
    if (format && *format != "sha1") {
        return protocol_error("unsupported object format", *format);
    }
    const auto choose = [list](bool& flag, std::string_view name) {
        flag = flag || has_capability(list, name);
    };
    choose(request_.thin_pack, "thin-pack");
    choose(request_.ofs_delta, "ofs-delta");
    choose(request_.include_tag, "include-tag");
    choose(request_.no_progress, "no-progress");
    choose(request_.no_done, "no-done");
    choose(request_.deepen_relative, "deepen-relative");
    filter_negotiated_ = filter_negotiated_ || (features_.filter && has_capability(list, "filter"));
    if (has_capability(list, "multi_ack_detailed")) {
        request_.multi_ack = MultiAck::Detailed;
    } else if (has_capability(list, "multi_ack") && request_.multi_ack == MultiAck::None) {
        request_.multi_ack = MultiAck::Plain;
    }
    if (has_capability(list, "side-band-64k")) {
        request_.side_band = SideBand::Large;
    } else if (has_capability(list, "side-band") && request_.side_band == SideBand::None) {
        request_.side_band = SideBand::Small;
    }
    if (const auto agent = capability_value(list, "agent"); agent && request_.agent.empty()) {
        request_.agent = legible_agent(*agent);
    }
    return {};
}

Result<FetchStep> V0FetchParser::take_haves_line(const PktLine& line) {
    if (line.kind == PktKind::Flush) {
        return FetchStep::BatchEnd;
    }
    const std::string_view text = chomped(line.payload);
    if (text == "done") {
        request_.done = true;
        state_ = State::Ended;
        return FetchStep::Done;
    }
    const auto hex = after(text, "have ");
    if (!hex) {
        return protocol_error("expected a have", text);
    }
    ORIGIN_CHECK(add_oid(request_.haves, *hex, text));
    return FetchStep::NeedMore;
}

Status V0FetchParser::finish() const {
    const bool half_batch = last_ == FetchStep::NeedMore && request_.haves.size() > batch_begin_;
    const bool half_wants = state_ == State::Wants && lines_ > 0;
    if (!reader_.at_line_start() || half_batch || half_wants) {
        return protocol_error("the request ended too early");
    }
    return {};
}

}  // namespace origin::git
