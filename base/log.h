// SPDX-License-Identifier: Apache-2.0
// base/log: one line a fact, with fields. Text for people, JSON for programs; secrets print as ***.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"

namespace origin {

/// Text that no log, error or event may show. Holders read it with reveal().
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string text) : text_(std::move(text)) {}
    const std::string& reveal() const { return text_; }
    bool empty() const { return text_.empty(); }

private:
    std::string text_;
};

/// Puts "***" in the places of a secret in a text of somebody else. One of less than 6 bytes is
/// left: it is in every text.
void hide(std::string& text, std::string_view secret);

struct Field {
    using Value = std::variant<std::string, std::int64_t, bool, Secret>;

    std::string_view name;
    Value value;

    Field(std::string_view field, std::string_view text) : name(field), value(std::string(text)) {}
    Field(std::string_view field, const char* text) : name(field), value(std::string(text)) {}
    Field(std::string_view field, const std::string& text) : name(field), value(text) {}
    Field(std::string_view field, bool flag) : name(field), value(flag) {}
    Field(std::string_view field, std::int64_t number) : name(field), value(number) {}
    Field(std::string_view field, std::uint64_t number)
        : name(field), value(static_cast<std::int64_t>(number)) {}
    Field(std::string_view field, int number) : name(field), value(std::int64_t{number}) {}
    Field(std::string_view field, const Secret& secret) : name(field), value(secret) {}
};

enum class Level : std::uint8_t { Debug, Info, Warning, Error };
enum class LogFormat : std::uint8_t { Text, Json };

/// Writes lines to a file descriptor. Thread-safe; each line is one write(2).
class Log {
public:
    Log(int fd, LogFormat format, Level least, const Clock& clock)
        : fd_(fd), format_(format), least_(least), clock_(clock) {}

    void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});
    void debug(std::string_view m, std::initializer_list<Field> f = {}) {
        write(Level::Debug, m, f);
    }
    void info(std::string_view m, std::initializer_list<Field> f = {}) { write(Level::Info, m, f); }
    void warning(std::string_view m, std::initializer_list<Field> f = {}) {
        write(Level::Warning, m, f);
    }
    void error(std::string_view m, std::initializer_list<Field> f = {}) {
        write(Level::Error, m, f);
    }

private:
    int fd_;
    LogFormat format_;
    Level least_;
    const Clock& clock_;
    std::mutex mutex_;
};

}  // namespace origin
