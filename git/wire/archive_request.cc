// SPDX-License-Identifier: Apache-2.0
#include "git/wire/archive_request.h"

#include <optional>
#include <utility>

#include "git/wire/sideband.h"

namespace origin::git {
namespace {

std::unexpected<Error> refuse(std::string what) {
    return std::unexpected(
        Error(Code::InvalidInput, std::move(what)).because("bad_archive_request"));
}

/// What follows `name=`, if the option is that one.
std::optional<std::string_view> value_of(std::string_view option, std::string_view name) {
    if (option.starts_with(name) && option.substr(name.size()).starts_with('=')) {
        return option.substr(name.size() + 1);
    }
    return std::nullopt;
}

/// How hard to compress, and to tell of progress: both are ours to choose.
bool says_nothing(std::string_view option) {
    return option == "-v" || option == "--verbose" ||
           (option.size() == 2 && option[0] == '-' && option[1] >= '0' && option[1] <= '9');
}

/// Returns: false if it is none that is known.
bool take_option(ArchiveRequest& request, std::string_view option) {
    if (const auto format = value_of(option, "--format")) {
        request.format = *format;
    } else if (const auto prefix = value_of(option, "--prefix")) {
        request.prefix = *prefix;
    } else if (option == "--list" || option == "-l") {
        request.lists_formats = true;
    } else {
        return says_nothing(option);
    }
    return true;
}

}  // namespace

Result<bool> ArchiveRequestParser::feed(Bytes& chunk) {
    while (!is_complete_) {
        ORIGIN_TRY(line, reader_.take(chunk));
        if (!line) {
            break;
        }
        if (line->kind == PktKind::Flush) {
            is_complete_ = true;
            break;
        }
        constexpr std::string_view kArgument = "argument ";
        const std::string_view text = chomped(line->payload);
        if (line->kind != PktKind::Data || !text.starts_with(kArgument)) {
            return refuse("'argument ' or a flush was expected");
        }
        if (arguments_.size() == kArgumentsMax) {
            return std::unexpected(Error(Code::LimitExceeded, "too many arguments"));
        }
        arguments_.emplace_back(text.substr(kArgument.size()));
    }
    return is_complete_;
}

Result<ArchiveRequest> ArchiveRequestParser::take() const {
    ArchiveRequest request;
    bool may_be_option = true;
    std::vector<std::string_view> names;  // The revision, then paths.
    for (const std::string_view argument : arguments_) {
        if (argument.contains('\0')) {
            return refuse("an argument has a NUL");
        }
        if (!may_be_option || !argument.starts_with('-')) {
            names.push_back(argument);
        } else if (argument == "--") {
            may_be_option = false;
        } else if (!take_option(request, argument)) {
            return refuse("this option is not served here; archives are tar, tgz or tar.gz");
        }
    }
    if (names.empty() && !request.lists_formats) {
        return refuse("which commit?");
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i == 0) {
            request.revision = names[i];
            continue;
        }
        const std::string_view path = names[i].substr(0, names[i].find_last_not_of('/') + 1);
        if (path.empty()) {
            return refuse("an empty path");
        }
        request.paths.emplace_back(path);
    }
    return request;
}

void append_archive_ack(std::string& out) {
    append_pkt(out, "ACK\n");
    append_flush(out);
}

void append_archive_nack(std::string& out, std::string_view why) {
    constexpr std::size_t kWhyBytesMax = 1000;
    append_pkt(out, "NACK " + sanitize_progress_text(why.substr(0, kWhyBytesMax)) + "\n");
}

}  // namespace origin::git
