// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <array>
#include <cstdio>

#include <unistd.h>

#include "base/utf8.h"

namespace origin {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : printable(text)) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + "\"";
}

bool needs_quotes(std::string_view text) {
    return text.empty() || text.find_first_of(" =\"\\\t\n") != std::string_view::npos;
}

struct Printer {
    LogFormat format;

    std::string operator()(const std::string& text) const {
        return format == LogFormat::Json || needs_quotes(text) ? quoted(text) : printable(text);
    }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(const Secret&) const {
        return format == LogFormat::Json ? "\"***\"" : "***";
    }
};

}  // namespace

void Log::write(Level level, std::string_view message, std::initializer_list<Field> fields) {
    if (level < least_) {
        return;
    }
    const Printer print{format_};
    const std::string time = rfc3339(clock_.now());
    const auto name = kLevelNames[static_cast<std::size_t>(level)];
    std::string line;
    if (format_ == LogFormat::Json) {
        line = "{\"time\":\"" + time + "\",\"level\":\"" + std::string(name) +
               "\",\"message\":" + quoted(message);
        for (const Field& field : fields) {
            line += "," + quoted(field.name) + ":" + std::visit(print, field.value);
        }
        line += "}\n";
    } else {
        line = time + " " + std::string(name) + " " + printable(message);
        for (const Field& field : fields) {
            line += " " + std::string(field.name) + "=" + std::visit(print, field.value);
        }
        line += "\n";
    }
    const std::lock_guard lock(mutex_);
    // A log that cannot be written must not stop the service; there is nowhere to say so either.
    [[maybe_unused]] const ssize_t written = ::write(fd_, line.data(), line.size());
}

}  // namespace origin
