// SPDX-License-Identifier: Apache-2.0
#include "git/odb/gitmodules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "base/limits.h"
#include "git/odb/config_text.h"

namespace origin::git {
namespace {

constexpr std::size_t kGitattributesBytesMax = 100 * kMiB;
constexpr std::size_t kGitattributesLineBytesMax = 2048;

Status refuse(std::string_view id, std::string_view camel_id, std::string_view what) {
    return std::unexpected(
        Error(Code::InvalidInput, std::string(camel_id) + ": " + std::string(what))
            .because(std::string(id)));
}

bool is_separator(char c) {
    return c == '/' || c == '\\';
}

bool has_dotdot_component(std::string_view path) {
    std::size_t begin = 0;
    while (true) {
        const std::size_t end = std::min(path.find_first_of("/\\", begin), path.size());
        if (path.substr(begin, end - begin) == "..") {
            return true;
        }
        if (end == path.size()) {
            return false;
        }
        begin = end + 1;
    }
}

int hex_digit(char c) {
    int value = -1;
    const auto [end, error] = std::from_chars(&c, &c + 1, value, 16);
    return error == std::errc{} ? value : -1;
}

struct Decoded {
    std::string text;
    bool is_good = true;  // No malformed escape.
};

Decoded percent_decoded(std::string_view url) {
    Decoded decoded;
    for (std::size_t i = 0; i < url.size(); ++i) {
        if (url[i] != '%') {
            decoded.text += url[i];
            continue;
        }
        const int high = i + 2 < url.size() ? hex_digit(url[i + 1]) : -1;
        const int low = i + 2 < url.size() ? hex_digit(url[i + 2]) : -1;
        if (high < 0 || low < 0) {
            decoded.is_good = false;
            decoded.text += url[i];
            continue;
        }
        decoded.text += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return decoded;
}

bool has_line_end(std::string_view text) {
    return text.find_first_of(std::string_view("\n\r\0", 3)) != std::string_view::npos;
}

bool is_relative(std::string_view url) {
    const auto starts = [url](std::string_view dots) {
        return url.starts_with(dots) && url.size() > dots.size() && is_separator(url[dots.size()]);
    };
    return starts(".") || starts("..");
}

/// Relative urls replace the end of the parent's url: "../../:x" or "..//x" would name a host.
bool is_good_relative(std::string_view url) {
    bool has_dotdot = false;
    while (is_relative(url)) {
        const bool is_dotdot = url[1] == '.';
        has_dotdot = has_dotdot || is_dotdot;
        url.remove_prefix(is_dotdot ? 3 : 2);
    }
    return !has_dotdot || !(url.starts_with(':') || url.starts_with('/'));
}

/// "host", "host:port", "user:password@host:port".
bool is_good_authority(std::string_view authority) {
    constexpr std::string_view kHostChars =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_[:]";
    if (const std::size_t at = authority.find('@'); at != std::string_view::npos) {
        authority.remove_prefix(at + 1);
    }
    const std::size_t colon = authority.rfind(':');
    const std::size_t bracket = authority.rfind(']');
    const bool has_port =
        colon != std::string_view::npos && (bracket == std::string_view::npos || bracket < colon);
    const std::string_view host = has_port ? authority.substr(0, colon) : authority;
    if (host.empty() || host.starts_with(':') ||
        host.find_first_not_of(kHostChars) != std::string_view::npos) {
        return false;
    }
    const std::string_view port = has_port ? authority.substr(colon + 1) : std::string_view();
    if (port.empty()) {
        return true;
    }
    unsigned number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    return error == std::errc{} && end == port.data() + port.size() && number > 0 &&
           number <= 65535;
}

bool climbs_above_root(std::string_view path) {
    path = path.substr(0, path.find_first_of("?#"));
    std::size_t depth = 0;
    for (std::size_t begin = 0; begin < path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        const std::string_view part = path.substr(begin, end - begin);
        if (part == "..") {
            if (depth == 0) {
                return true;
            }
            --depth;
        } else if (part != ".") {
            ++depth;
        }
        begin = end + 1;
    }
    return false;
}

/// For urls that git hands to curl.
bool is_good_web_url(std::string_view url) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) {
        return false;
    }
    const Decoded decoded = percent_decoded(url);
    const std::string_view rest = url.substr(scheme + 3);
    const std::size_t slash = std::min(rest.find_first_of("/?#"), rest.size());
    const std::string path = percent_decoded(rest.substr(slash)).text;
    return decoded.is_good && !has_line_end(decoded.text) &&
           is_good_authority(rest.substr(0, slash)) &&
           !climbs_above_root(path.starts_with('/') ? std::string_view(path).substr(1) : path);
}

bool is_good_url(std::string_view url) {
    if (url.starts_with('-') || url.starts_with("ext::") || has_line_end(url)) {
        return false;
    }
    if (is_relative(url) || url.starts_with("git://")) {
        return !has_line_end(percent_decoded(url).text) && is_good_relative(url);
    }
    constexpr std::array<std::string_view, 4> kWebSchemes{"http", "https", "ftp", "ftps"};
    for (const std::string_view scheme : kWebSchemes) {
        if (!url.starts_with(scheme)) {
            continue;
        }
        const std::string_view after = url.substr(scheme.size());
        if (after.starts_with("::")) {
            return is_good_web_url(after.substr(2));
        }
        if (after.starts_with("://")) {
            return is_good_web_url(url);
        }
    }
    return true;
}

bool is_good_path(std::string_view path) {
    // A CR at the end is lost when git writes it into a configuration file (CVE-2025-48384).
    return !path.starts_with('-') && !has_line_end(path) && !has_dotdot_component(path);
}

Status check_entry(const ConfigEntry& entry, std::string_view name) {
    if (name.empty() || has_line_end(name) || has_dotdot_component(name)) {
        return refuse("gitmodules_name", "gitmodulesName", "disallowed submodule name");
    }
    if (!entry.value) {
        return {};
    }
    if (entry.key == "url" && !is_good_url(*entry.value)) {
        return refuse("gitmodules_url", "gitmodulesUrl", "disallowed submodule url");
    }
    if (entry.key == "path" && !is_good_path(*entry.value)) {
        return refuse("gitmodules_path", "gitmodulesPath", "disallowed submodule path");
    }
    if (entry.key == "update" && entry.value->starts_with('!')) {
        return refuse(
            "gitmodules_update", "gitmodulesUpdate", "an update setting that is a command");
    }
    return {};
}

}  // namespace

Status check_gitmodules(std::string_view data, FsckLevel level) {
    if (data.size() > kGitmodulesBytesMax) {
        return refuse("gitmodules_large", "gitmodulesLarge", ".gitmodules is too large");
    }
    constexpr std::string_view kOldStyle = "submodule.";  // [submodule.name]
    ConfigReader reader(data);
    while (true) {
        const auto entry = reader.next();
        if (!entry) {
            return level == FsckLevel::Import
                       ? Status{}
                       : refuse("gitmodules_parse", "gitmodulesParse", "cannot be parsed");
        }
        if (!*entry) {
            return {};
        }
        std::optional<std::string> name;
        if ((*entry)->section == "submodule") {
            name = (*entry)->subsection;
        } else if ((*entry)->section.starts_with(kOldStyle)) {
            const auto& sub = (*entry)->subsection;
            name = (*entry)->section.substr(kOldStyle.size()) + (sub ? "." + *sub : "");
        }
        if (name) {
            ORIGIN_CHECK(check_entry(**entry, *name));
        }
    }
}

Status check_gitattributes(std::string_view data) {
    if (data.size() > kGitattributesBytesMax) {
        return refuse("gitattributes_large", "gitattributesLarge", ".gitattributes is too large");
    }
    while (!data.empty()) {
        const std::size_t end = std::min(data.find('\n'), data.size());
        if (end >= kGitattributesLineBytesMax) {
            return refuse(
                "gitattributes_line_length", "gitattributesLineLength", "a line too long");
        }
        data.remove_prefix(std::min(end + 1, data.size()));
    }
    return {};
}

namespace {

Status check_special_blob(const Oid& oid,
                          bool is_gitmodules,
                          const SpecialBlobSource& source,
                          FsckLevel level) {
    const std::string name = is_gitmodules ? "gitmodules" : "gitattributes";
    const auto header = source.header(oid);
    if (!header && header.error().code() == Code::NotFound) {
        return refuse(name + "_missing", name + "Missing", oid.hex());
    }
    ORIGIN_CHECK(header);
    if (header->type != ObjectType::Blob) {
        return refuse(name + "_blob", name + "Blob", "a non-blob where ." + name + " should be");
    }
    if (is_gitmodules && header->size > kGitmodulesBytesMax) {
        return refuse(name + "_large", name + "Large", oid.hex());
    }
    ORIGIN_TRY(blob, source.read(oid));
    const FsckLevel blob_level = source.is_known(oid) ? FsckLevel::Import : level;
    return is_gitmodules ? check_gitmodules(blob.data, blob_level) : check_gitattributes(blob.data);
}

}  // namespace

Status check_special_blobs(const SpecialBlobs& blobs,
                           const SpecialBlobSource& source,
                           FsckLevel level) {
    for (const Oid& oid : blobs.gitmodules) {
        ORIGIN_CHECK(check_special_blob(oid, true, source, level));
    }
    for (const Oid& oid : blobs.gitattributes) {
        ORIGIN_CHECK(check_special_blob(oid, false, source, level));
    }
    return {};
}

}  // namespace origin::git
