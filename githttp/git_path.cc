// SPDX-License-Identifier: Apache-2.0
#include "githttp/git_path.h"

#include <algorithm>

#include "base/id.h"
#include "base/limits.h"

namespace origin::githttp {
namespace {

constexpr std::string_view kDotGit = ".git";

/// Letters, digits, '-', '_': what a name that is merely unknown may look like. Others are no name.
bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= kSlugBytesMax && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    });
}

/// Takes the first segment and the slash behind it off `rest`.
std::string_view take_segment(std::string_view& rest) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view segment = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    return segment;
}

std::string_view without_dot_git(std::string_view segment) {
    if (segment.ends_with(kDotGit)) {
        segment.remove_suffix(kDotGit.size());
    }
    return segment;
}

GitCall call_of(std::string_view rest) {
    if (rest.empty()) {
        return GitCall::Page;
    }
    if (rest == "info/refs") {
        return GitCall::InfoRefs;
    }
    if (rest == "git-upload-pack") {
        return GitCall::UploadPack;
    }
    if (rest == "git-receive-pack") {
        return GitCall::ReceivePack;
    }
    return rest.starts_with("info/lfs/") ? GitCall::Lfs : GitCall::Unknown;
}

}  // namespace

std::optional<GitPath> parse_git_path(std::string_view path) {
    if (!path.starts_with('/')) {
        return std::nullopt;
    }
    std::string_view rest = path.substr(1);
    const std::string_view first = take_segment(rest);
    if (ProjectId::parse(without_dot_git(first))) {
        return GitPath{std::string(without_dot_git(first)), call_of(rest)};
    }
    const std::string_view second = without_dot_git(take_segment(rest));
    if (!is_name(first) || !is_name(second)) {
        return std::nullopt;
    }
    return GitPath{std::string(first) + "/" + std::string(second), call_of(rest)};
}

}  // namespace origin::githttp
