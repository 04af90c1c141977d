// SPDX-License-Identifier: Apache-2.0
#include "generator/blueprint/blocks.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

constexpr int kItemLevelMax = 8;

struct Line {
    std::string_view text;  // Without indentation.
    int number = 0;
    int indent = 0;
};

std::vector<Line> cut_lines(std::string_view text) {
    std::vector<Line> lines;
    int number = 0;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto whole = text.substr(0, end);
        const auto first = std::min(whole.find_first_not_of(" \t"), whole.size());
        int indent = 0;
        for (const char c : whole.substr(0, first)) {
            indent += c == '\t' ? 4 : 1;
        }
        lines.push_back({trim(whole), ++number, indent});
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

bool only(std::string_view text, std::string_view allowed) {
    return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

std::optional<Block> read_heading(const Line& line) {
    const auto marks = std::min(line.text.find_first_not_of('#'), line.text.size());
    if (marks == 0 || marks > 6 || marks == line.text.size() || line.text[marks] != ' ') {
        return std::nullopt;
    }
    auto title = trim(line.text.substr(marks));
    while (title.ends_with('#')) {
        title = trim(title.substr(0, title.size() - 1));
    }
    return Block{.kind = BlockKind::Heading,
                 .line = line.number,
                 .level = static_cast<int>(marks),
                 .text = std::string(title)};
}

/// Length of "- ", "* ", "+ ", "• ", "12. " or "3) " at the front, or 0.
std::size_t item_marker(std::string_view text, bool& ordered) {
    for (const std::string_view mark : {"- ", "* ", "+ ", "\xE2\x80\xA2 ", "\xE2\x80\x93 "}) {
        if (text.starts_with(mark)) {
            return mark.size();
        }
    }
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    ordered = digits > 0 && digits <= 3 &&
              (text.substr(digits).starts_with(". ") || text.substr(digits).starts_with(") "));
    return ordered ? digits + 2 : 0;
}

std::optional<Block> read_item(const Line& line) {
    Block block{.kind = BlockKind::Item, .line = line.number};
    const std::size_t marker = item_marker(line.text, block.ordered);
    if (marker == 0) {
        return std::nullopt;
    }
    auto rest = trim(line.text.substr(marker));
    if (rest.starts_with("[ ] ") || rest.starts_with("[x] ") || rest.starts_with("[X] ")) {
        block.unchecked = rest[1] == ' ';
        rest = trim(rest.substr(4));
    }
    block.level = std::min(line.indent / 2, kItemLevelMax);
    block.text = std::string(rest);
    return block;
}

bool is_rule(std::string_view text) {
    return text.size() >= 3 && (only(text, "- ") || only(text, "* ") || only(text, "_ "));
}

bool is_table_rule(std::string_view text) {
    return text.contains('|') && text.contains('-') && only(text, "|-: ");
}

std::vector<std::string> cut_cells(std::string_view text) {
    if (text.starts_with('|')) {
        text.remove_prefix(1);
    }
    if (text.ends_with('|')) {
        text.remove_suffix(1);
    }
    std::vector<std::string> cells;
    for (;;) {
        const auto bar = std::min(text.find('|'), text.size());
        cells.emplace_back(trim(text.substr(0, bar)));
        if (bar == text.size()) {
            return cells;
        }
        text.remove_prefix(bar + 1);
    }
}

/// "**App Name:** Loop" starts a paragraph of its own.
bool is_labelled(std::string_view text) {
    return text.starts_with("**") && (text.contains(":**") || text.contains("**:"));
}

class Reader {
public:
    explicit Reader(std::vector<Line> lines) : lines_(std::move(lines)) {}

    std::vector<Block> run() {
        while (at_ < lines_.size()) {
            const Line& line = lines_[at_];
            if (line.text.empty() || (is_rule(line.text) && !open_paragraph())) {
                open_ = false;
                ++at_;
            } else if (line.text.starts_with("```") || line.text.starts_with("~~~")) {
                read_fence(line.text.substr(0, 3));
            } else if (line.text.contains('|') && at_ + 1 < lines_.size() &&
                       is_table_rule(lines_[at_ + 1].text)) {
                read_table();
            } else {
                read_line(line);
                ++at_;
            }
        }
        return std::move(blocks_);
    }

private:
    bool open_paragraph() const {
        return open_ && !blocks_.empty() && blocks_.back().kind == BlockKind::Paragraph;
    }

    void push(Block block, bool open) {
        blocks_.push_back(std::move(block));
        open_ = open;
    }

    void read_line(const Line& line) {
        if (auto heading = read_heading(line)) {
            return push(std::move(*heading), false);
        }
        if (auto item = read_item(line)) {
            return push(std::move(*item), true);
        }
        if (open_paragraph() && (only(line.text, "=") || only(line.text, "-"))) {
            blocks_.back().kind = BlockKind::Heading;
            blocks_.back().level = line.text[0] == '=' ? 1 : 2;
            open_ = false;
        } else if (line.text.starts_with('>')) {
            push({.kind = BlockKind::Quote,
                  .line = line.number,
                  .text = std::string(trim(line.text.substr(1)))},
                 false);
        } else if (open_ && !is_labelled(line.text)) {
            blocks_.back().text.append("\n").append(line.text);
        } else {
            push({.line = line.number, .text = std::string(line.text)}, true);
        }
    }

    void read_fence(std::string_view fence) {
        open_ = false;
        for (++at_; at_ < lines_.size() && !lines_[at_].text.starts_with(fence); ++at_) {
            if (lines_[at_].text.empty()) {
                continue;
            }
            push({.kind = BlockKind::Code,
                  .line = lines_[at_].number,
                  .text = std::string(lines_[at_].text)},
                 false);
        }
        ++at_;
    }

    void read_table() {
        for (bool head = true; at_ < lines_.size() && lines_[at_].text.contains('|'); ++at_) {
            const Line& line = lines_[at_];
            if (is_table_rule(line.text)) {
                continue;
            }
            push({.kind = head ? BlockKind::TableHead : BlockKind::TableRow,
                  .line = line.number,
                  .text = std::string(line.text),
                  .cells = cut_cells(line.text)},
                 false);
            head = false;
        }
        open_ = false;
    }

    std::vector<Line> lines_;
    std::size_t at_ = 0;
    bool open_ = false;  // The last block may go on in the next line.
    std::vector<Block> blocks_;
};

}  // namespace

Result<std::vector<Block>> read_blocks(std::string_view text) {
    if (text.size() > kRequirementBytesMax) {
        return std::unexpected(
            Error(Code::LimitExceeded, "The requirement is longer than 256 KiB; send it in parts.")
                .because("requirement_too_large"));
    }
    const auto lines = std::ranges::count(text, '\n') + 1;
    if (static_cast<std::size_t>(lines) > kRequirementLinesMax) {
        return std::unexpected(Error(Code::LimitExceeded,
                                     "The requirement has more than 5000 lines; send it in parts.")
                                   .because("requirement_too_large"));
    }
    return Reader(cut_lines(text)).run();
}

}  // namespace origin::generator
