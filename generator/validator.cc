// SPDX-License-Identifier: Apache-2.0
#include "generator/validator.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/limits.h"
#include "base/utf8.h"
#include "git/odb/dot_names.h"

namespace origin::generator {
namespace {

std::unexpected<Error> refuse(std::string reason, std::string_view path, std::string_view why) {
    return std::unexpected(
        Error(Code::InvalidInput, "generated file '" + printable(path) + "': " + std::string(why))
            .because(std::move(reason)));
}

std::unexpected<Error> too_large(std::string what) {
    return std::unexpected(
        Error(Code::LimitExceeded, "the generated change is too large: " + std::move(what))
            .because("overlay_too_large"));
}

std::string folded(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

bool is_windows_reserved(std::string_view component) {
    static constexpr std::array<std::string_view, 4> kNames = {"con", "prn", "aux", "nul"};
    const std::string stem = folded(component.substr(0, component.find('.')));
    const bool numbered = stem.size() == 4 &&
                          (stem.starts_with("com") || stem.starts_with("lpt")) && stem[3] >= '1' &&
                          stem[3] <= '9';
    return numbered || std::ranges::find(kNames, stem) != kNames.end();
}

/// Files that make other people's machines do things: an engine needs to be told to touch them.
bool is_sensitive(std::string_view path) {
    static constexpr std::array<std::string_view, 5> kFolders = {
        ".github/", ".gitlab/", ".claude/", ".codex/", ".gemini/"};
    static constexpr std::array<std::string_view, 8> kFiles = {".gitmodules",
                                                               ".gitattributes",
                                                               ".lfsconfig",
                                                               ".mailmap",
                                                               ".gitlab-ci.yml",
                                                               "dockerfile",
                                                               "codeowners",
                                                               ".origind.toml"};
    const std::string lower = folded(path);
    const std::string name = lower.substr(lower.rfind('/') + 1);
    return std::ranges::any_of(kFolders,
                               [&](std::string_view f) { return lower.starts_with(f); }) ||
           std::ranges::find(kFiles, name) != kFiles.end();
}

/// Shapes of credentials that nobody writes by chance.
bool holds_secret(std::string_view content) {
    static constexpr std::array<std::string_view, 7> kMarks = {"-----BEGIN PRIVATE KEY",
                                                               "-----BEGIN RSA PRIVATE KEY",
                                                               "-----BEGIN OPENSSH PRIVATE KEY",
                                                               "-----BEGIN EC PRIVATE KEY",
                                                               "whsec_",
                                                               "ghp_",
                                                               "github_pat_"};
    if (std::ranges::any_of(kMarks,
                            [&](std::string_view mark) { return content.contains(mark); })) {
        return true;
    }
    for (std::size_t at = content.find("ogk_"); at != std::string_view::npos;
         at = content.find("ogk_", at + 1)) {
        constexpr std::size_t kDigits = 71;
        const std::string_view digits = content.substr(at + 4, kDigits);
        const bool whole =
            digits.size() == kDigits && std::ranges::all_of(digits, [](char c) {
                return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            });
        if (whole) {
            return true;
        }
    }
    return false;
}

Status validate_component(std::string_view path, std::string_view part) {
    if (part.empty() || part == "." || part == "..") {
        return refuse("bad_path", path, "an empty, '.' or '..' component");
    }
    if (part.size() > kPathComponentBytesMax) {
        return refuse("bad_path", path, "a component above 255 bytes");
    }
    if (git::is_dotgit(part)) {
        return refuse("bad_path", path, "a component that some file system takes for .git");
    }
    if (is_windows_reserved(part) || part.back() == '.' || part.back() == ' ') {
        return refuse("bad_path", path, "a name that Windows cannot have");
    }
    return {};
}

Status validate_content(std::string_view path, std::string_view content) {
    if (content.size() > kGeneratedFileBytesMax) {
        return too_large(printable(path) + " is above 1 MiB");
    }
    if (!is_utf8(content) || content.contains('\0')) {
        return refuse("bad_content", path, "not UTF-8 text");
    }
    while (!content.empty()) {
        const std::size_t end = std::min(content.find('\n'), content.size());
        if (end > kGeneratedLineBytesMax) {
            return refuse("bad_content", path, "a line above 64 KiB");
        }
        content.remove_prefix(std::min(end + 1, content.size()));
    }
    return {};
}

}  // namespace

Status validate_path(std::string_view path) {
    if (path.empty() || path.size() > kPathBytesMax) {
        return refuse(
            "bad_path", path.substr(0, kPathComponentBytesMax), "1 to 1024 bytes are allowed");
    }
    std::string_view characters = path;
    while (!characters.empty()) {
        const auto point = take_code_point(characters);
        if (!point || is_deceptive(*point) || *point == '\\' || *point == ':') {
            return refuse("bad_path", path, "a control or deceptive character, '\\' or ':'");
        }
    }
    std::size_t depth = 0;
    for (std::string_view rest = path;; ++depth) {
        const std::size_t slash = rest.find('/');
        ORIGIN_CHECK(validate_component(path, rest.substr(0, slash)));
        if (slash == std::string_view::npos) {
            break;
        }
        rest.remove_prefix(slash + 1);
    }
    if (depth >= kPathDepthMax) {
        return refuse("bad_path", path, "more than 32 folders deep");
    }
    return {};
}

Status validate_files(const Files& files) {
    if (files.size() > kGeneratedFilesMax) {
        return too_large(std::to_string(files.size()) + " files, at most 200");
    }
    std::size_t bytes = 0;
    std::map<std::string, std::string_view> seen;  // Folded path -> path.
    for (const auto& [path, content] : files) {
        ORIGIN_CHECK(validate_path(path));
        if (is_sensitive(path)) {
            return refuse("sensitive_path", path, "an engine may not write this file");
        }
        if (!seen.emplace(folded(path), path).second) {
            return refuse("path_collision", path, "differs from another path in case only");
        }
        ORIGIN_CHECK(validate_content(path, content));
        if (holds_secret(content)) {
            return refuse("secret_found", path, "it holds what looks like a credential");
        }
        bytes += content.size();
    }
    if (bytes > kGeneratedBytesMax) {
        return too_large(std::to_string(bytes) + " bytes, at most 8 MiB");
    }
    for (const auto& [path, original] : seen) {
        const auto next = seen.lower_bound(path + "/");
        if (next != seen.end() && next->first.starts_with(path + "/")) {
            return refuse("path_collision", original, "a file and a folder of one name");
        }
    }
    return {};
}

}  // namespace origin::generator
