// SPDX-License-Identifier: Apache-2.0
#include "website/lines.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"

namespace origin::website {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::size_t kShownBytesMax = 80;

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool has_control(std::string_view text) {
    constexpr unsigned char kDelete = 0x7f;
    return std::ranges::any_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < ' ' && c != '\t') || byte == kDelete;
    });
}

}  // namespace

void Notes::add(std::size_t line, std::string_view why) {
    if (notes_.size() == kNotesMax) {
        ++left_out_;
        return;
    }
    std::string note = file_;
    if (line > 0) {
        note += ", line " + std::to_string(line);
    }
    notes_.push_back(note.append(": ").append(why));
}

std::vector<std::string> Notes::take() {
    if (left_out_ > 0) {
        notes_.push_back(file_ + ": and " + std::to_string(left_out_) + " more like these");
    }
    left_out_ = 0;
    return std::exchange(notes_, {});
}

std::vector<Line> lines_of(std::string_view text, Notes& notes) {
    std::vector<Line> lines;
    if (text.size() > kControlFileBytesMax) {
        notes.add(0, "it is larger than 256 KiB and is ignored");
        return lines;
    }
    for (std::size_t number = 1; !text.empty(); ++number) {
        std::string_view raw = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), raw.size() + 1));
        if (raw.ends_with('\r')) {
            raw.remove_suffix(1);
        }
        const std::string_view said = trimmed(raw);
        if (said.empty() || said.starts_with('#')) {
            continue;
        }
        if (said.size() > kControlLineBytesMax) {
            notes.add(number, "the line is longer than 4,096 bytes and is ignored");
        } else if (has_control(said)) {
            notes.add(number, "the line holds a control character and is ignored");
        } else {
            lines.push_back({number, said, kBlanks.contains(raw.front())});
        }
    }
    return lines;
}

std::string_view take_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
    text.remove_prefix(word.size());
    return word;
}

std::string shown(std::string_view text) {
    const bool cut = text.size() > kShownBytesMax;
    return "'" + printable(text.substr(0, kShownBytesMax)) + (cut ? "...'" : "'");
}

}  // namespace origin::website
