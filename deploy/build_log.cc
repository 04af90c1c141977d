// SPDX-License-Identifier: Apache-2.0
#include "deploy/build_log.h"

#include <utility>

#include "base/utf8.h"
#include "hooks/deployments.h"

namespace origin::deploy {
namespace {

constexpr std::size_t kEndingLines = 3;
constexpr std::size_t kEndingBytesMax = 600;
constexpr std::chrono::seconds kBetween{1};

}  // namespace

Result<sandbox::BoxEnd> BuildLog::run(const sandbox::Bubblewrap& box,
                                      sandbox::BoxedProgram program) {
    Status told;
    const auto also = std::move(program.line);
    program.line = [&](std::string_view line) {
        if (also) {
            also(line);
        }
        hear(line);
    };
    program.give_up = [&] {
        told = told ? tick() : told;
        return !told || !task_.check_time();
    };
    auto end = box.run(program);
    ORIGIN_CHECK(told);
    ORIGIN_CHECK(finish());
    ORIGIN_CHECK(end);
    if (end->why != sandbox::BoxEnd::Why::Exited) {
        ORIGIN_CHECK(task_.check_time());
    }
    return end;
}

void BuildLog::hear(std::string_view line) {
    while (line.ends_with('\r') || line.ends_with(' ')) {
        line.remove_suffix(1);
    }
    std::string text(line);
    hide(text, task_.secret().reveal());
    text = printable(text);
    if (text.size() > limits_.line_bytes_max) {
        text.resize(limits_.line_bytes_max);
        while (!is_utf8(text)) {
            text.pop_back();
        }
        text += " ...";
    }
    if (text.empty()) {
        return;
    }
    last_.push_back(text);
    if (last_.size() > kEndingLines) {
        last_.erase(last_.begin());
    }
    if (++count_ <= limits_.lines_max) {
        heard_.push_back(std::move(text));
    }
}

Status BuildLog::flush() {
    flushed_ = clock_.steady();
    if (heard_.empty()) {
        return {};
    }
    for (std::string& line : heard_) {
        hooks::add_log_line(task_.row(), {task_.now(), std::move(line)});
    }
    heard_.clear();
    return task_.save();
}

Status BuildLog::tick() {
    return clock_.steady() - flushed_ >= kBetween ? flush() : Status();
}

Status BuildLog::finish() {
    if (count_ > limits_.lines_max) {
        heard_.push_back(std::to_string(count_ - limits_.lines_max) + " more lines, the last:");
        heard_.insert(heard_.end(), last_.begin(), last_.end());
    }
    return flush();
}

std::string BuildLog::ending() const {
    std::string text;
    for (const std::string& line : last_) {
        text += (text.empty() ? ": " : " | ") + line;
    }
    while (text.size() > kEndingBytesMax || !is_utf8(text)) {
        text.pop_back();
    }
    return text;
}

}  // namespace origin::deploy
