// SPDX-License-Identifier: Apache-2.0
#include "git/odb/config_text.h"

#include <utility>

namespace origin::git {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_letter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_key_char(int c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
}

bool is_space(int c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

char lower(int c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

}  // namespace

ConfigReader::ConfigReader(std::string_view text) : rest_(text) {
    if (rest_.starts_with(kByteOrderMark)) {
        rest_.remove_prefix(kByteOrderMark.size());
    }
}

/// The next character. CR LF is one line end, and the end of the text is one too.
int ConfigReader::take() {
    if (rest_.starts_with("\r\n")) {
        rest_.remove_prefix(1);
    }
    if (rest_.empty()) {
        is_end_ = true;
        return '\n';
    }
    const int c = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return c;
}

/// Skips space and comments; `c` becomes what follows. False at the end of the text.
bool ConfigReader::skip_blank(int& c) {
    bool in_comment = false;
    while (true) {
        c = take();
        if (is_end_) {
            return false;
        }
        if (c == '\n') {
            in_comment = false;
        } else if (c == '#' || c == ';') {
            in_comment = true;
        } else if (!in_comment && !is_space(c)) {
            return true;
        }
    }
}

bool ConfigReader::read_section() {
    section_.clear();
    subsection_.reset();
    while (true) {
        const int c = take();
        if (is_end_) {
            return false;
        }
        if (c == ']') {
            return !section_.empty();
        }
        if (is_space(c)) {
            return c != '\n' && read_subsection();
        }
        if (!is_key_char(c) && c != '.') {
            return false;
        }
        section_ += lower(c);
    }
}

bool ConfigReader::read_subsection() {
    int c = take();
    while (c == ' ' || c == '\t' || c == '\r') {
        c = take();
    }
    if (c != '"') {
        return false;
    }
    subsection_.emplace();
    while (true) {
        c = take();
        if (c == '"') {
            return take() == ']';
        }
        if (c == '\\') {
            c = take();
        }
        if (c == '\n') {
            return false;
        }
        *subsection_ += static_cast<char>(c);
    }
}

bool ConfigReader::read_escape(std::string& value) {
    const int c = take();
    switch (c) {
        case '\n':
            return true;  // The value goes on in the next line.
        case 't':
            value += '\t';
            return true;
        case 'b':
            value += '\b';
            return true;
        case 'n':
            value += '\n';
            return true;
        case '\\':
        case '"':
            value += static_cast<char>(c);
            return true;
        default:
            return false;
    }
}

/// Returns: the line's end.
int ConfigReader::skip_comment() {
    int c = take();
    while (c != '\n') {
        c = take();
    }
    return c;
}

bool ConfigReader::read_value(std::string& value) {
    bool in_quotes = false;
    std::size_t kept = 0;  // Up to here nothing may be trimmed.
    while (true) {
        int c = take();
        if (!in_quotes && (c == '#' || c == ';')) {
            c = skip_comment();
        }
        if (c == '\n') {
            value.resize(kept);
            return !in_quotes;
        }
        if (!in_quotes && is_space(c)) {
            if (!value.empty()) {
                value += static_cast<char>(c);
            }
            continue;
        }
        if (c == '"') {
            in_quotes = !in_quotes;
        } else if (c == '\\') {
            if (!read_escape(value)) {
                return false;
            }
        } else {
            value += static_cast<char>(c);
        }
        kept = value.size();
    }
}

bool ConfigReader::read_key(int first, ConfigEntry& entry) {
    if (!is_letter(first)) {
        return false;
    }
    entry.key = lower(first);
    int c = take();
    while (!is_end_ && is_key_char(c)) {
        entry.key += lower(c);
        c = take();
    }
    while (c == ' ' || c == '\t') {
        c = take();
    }
    if (c == '\n') {
        return true;
    }
    return c == '=' && read_value(entry.value.emplace());
}

Result<std::optional<ConfigEntry>> ConfigReader::next() {
    int c = 0;
    while (skip_blank(c)) {
        if (c == '[') {
            if (!read_section()) {
                break;
            }
            has_section_ = true;
            continue;
        }
        ConfigEntry entry{.section = section_, .subsection = subsection_, .key = {}, .value = {}};
        if (!read_key(c, entry)) {
            break;
        }
        return entry;
    }
    if (is_end_ && c == '\n') {
        return std::nullopt;
    }
    return std::unexpected(Error(Code::InvalidInput, "configuration text cannot be parsed"));
}

}  // namespace origin::git
