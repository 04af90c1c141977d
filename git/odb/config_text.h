// SPDX-License-Identifier: Apache-2.0
// git/odb/config_text: git's configuration format, read entry by entry. Pure.
// Format: `[section]`, `[section "Sub \"quoted\""]`, `key = value # comment`; values may be quoted
// in part, continue after a backslash, and lose spaces at both ends.
// Source: git-config(1), "Syntax".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace origin::git {

struct ConfigEntry {
    std::string section;                    // Lower case.
    std::optional<std::string> subsection;  // As written.
    std::string key;                        // Lower case.
    std::optional<std::string> value;       // nullopt: a key without `=`.
};

class ConfigReader {
public:
    explicit ConfigReader(std::string_view text);

    /// Returns: the next entry, or nullopt at the end.
    /// Errors:  InvalidInput; what came before is still good.
    Result<std::optional<ConfigEntry>> next();

private:
    int take();
    int skip_comment();
    bool skip_blank(int& c);
    bool read_section();
    bool read_subsection();
    bool read_key(int first, ConfigEntry& entry);
    bool read_value(std::string& value);
    bool read_escape(std::string& value);

    std::string_view rest_;
    bool is_end_ = false;
    bool has_section_ = false;
    std::string section_;
    std::optional<std::string> subsection_;
};

}  // namespace origin::git
