// SPDX-License-Identifier: Apache-2.0
#include "git/wire/ssh_command.h"

#include <algorithm>
#include <optional>

#include "base/limits.h"
#include "git/wire/protocol_error.h"

namespace origin::git {
namespace {

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

/// What a path may hold without quotes: nothing that any shell would read as more than itself.
bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/._-~@+,:=%").contains(c);
}

/// "git-upload-pack PATH" or "git upload-pack PATH": takes all but the path off `line`.
std::optional<Service> take_service(std::string_view& line) {
    const std::size_t space = line.find(' ', std::string_view("git ").size());
    if (space == std::string_view::npos) {
        return std::nullopt;
    }
    std::string name(line.substr(0, space));
    if (name.starts_with("git ")) {
        name[3] = '-';
    }
    line.remove_prefix(space + 1);
    return service_of(name);
}

/// The inside of '...' with its two escapes; nullopt if the quote does not end where `word` ends.
std::optional<std::string> unquoted(std::string_view word) {
    std::string path;
    word.remove_prefix(1);
    while (true) {
        const std::size_t quote = word.find('\'');
        if (quote == std::string_view::npos) {
            return std::nullopt;
        }
        path += word.substr(0, quote);
        word.remove_prefix(quote + 1);
        if (word.empty()) {
            return path;
        }
        if (!word.starts_with("\\''") && !word.starts_with("\\!'")) {
            return std::nullopt;
        }
        path += word[1];
        word.remove_prefix(3);
    }
}

std::optional<std::string> path_of(std::string_view word) {
    if (word.starts_with('\'')) {
        return unquoted(word);
    }
    if (!std::ranges::all_of(word, is_plain)) {
        return std::nullopt;
    }
    return std::string(word);
}

}  // namespace

Result<SshCommand> parse_ssh_command(std::string_view line) {
    if (line.size() > kSshCommandBytesMax) {
        return past_limit("too many bytes in a command", kSshCommandBytesMax);
    }
    if (std::ranges::any_of(line, is_control)) {
        return protocol_error("a command is one line of printable text");
    }
    std::string_view rest = line;
    const auto service = take_service(rest);
    if (!service) {
        return protocol_error("this server runs git-upload-pack and git-receive-pack alone");
    }
    auto path = path_of(rest);
    if (!path || path->empty() || path->starts_with('-')) {
        return protocol_error("expected one repository path, best in single quotes");
    }
    return SshCommand{*service, *std::move(path)};
}

}  // namespace origin::git
