// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <algorithm>
#include <array>

#include <unistd.h>

#include "base/utf8.h"

namespace origin {
namespace {

constexpr std::size_t kUsualBytes = 256;
constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};

void add_printable(std::string& line, std::string_view text) {
    const bool plain = std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
    line += plain ? text : std::string_view(printable(text));
}

void add_quoted(std::string& line, std::string_view text) {
    line += '"';
    for (const char c : printable(text)) {
        if (c == '"' || c == '\\') {
            line += '\\';
        }
        line += c;
    }
    line += '"';
}

bool needs_quotes(std::string_view text) {
    return text.empty() || text.find_first_of(" =\"\\\t\n") != std::string_view::npos;
}

struct Printer {
    std::string& line;
    LogFormat format;

    void operator()(const std::string& text) const {
        if (format == LogFormat::Json || needs_quotes(text)) {
            add_quoted(line, text);
        } else {
            add_printable(line, text);
        }
    }
    void operator()(std::int64_t number) const { line += std::to_string(number); }
    void operator()(bool flag) const { line += flag ? "true" : "false"; }
    void operator()(const Secret&) const { line += format == LogFormat::Json ? "\"***\"" : "***"; }
};

}  // namespace

void hide(std::string& text, std::string_view secret) {
    constexpr std::size_t kSecretBytesMin = 6;
    constexpr std::string_view kStars = "***";
    if (secret.size() < kSecretBytesMin) {
        return;
    }
    for (std::size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + kStars.size())) {
        text.replace(at, secret.size(), kStars);
    }
}

void Log::write(Level level, std::string_view message, std::initializer_list<Field> fields) {
    if (level < least_) {
        return;
    }
    std::string line;
    line.reserve(kUsualBytes);
    const Printer print{line, format_};
    const auto name = kLevelNames[static_cast<std::size_t>(level)];
    if (format_ == LogFormat::Json) {
        line.append("{\"time\":\"").append(rfc3339(clock_.now()));
        line.append("\",\"level\":\"").append(name).append("\",\"message\":");
        add_quoted(line, message);
        for (const Field& field : fields) {
            line += ',';
            add_quoted(line, field.name);
            line += ':';
            std::visit(print, field.value);
        }
        line += "}\n";
    } else {
        line.append(rfc3339(clock_.now())).append(" ").append(name).append(" ");
        add_printable(line, message);
        for (const Field& field : fields) {
            line.append(" ").append(field.name).append("=");
            std::visit(print, field.value);
        }
        line += '\n';
    }
    const std::lock_guard lock(mutex_);
    // A log that cannot be written must not stop the service; there is nowhere to say so either.
    [[maybe_unused]] const ssize_t written = ::write(fd_, line.data(), line.size());
}

}  // namespace origin
