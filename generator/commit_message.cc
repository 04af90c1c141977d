// SPDX-License-Identifier: Apache-2.0
#include "generator/commit_message.h"

#include <algorithm>

#include "crypto/encode.h"
#include "crypto/hash.h"

namespace origin::generator {
namespace {

constexpr std::size_t kSubjectBytesMax = 72;

/// One line, cut between characters of UTF-8.
std::string subject_of(std::string title) {
    std::ranges::replace_if(
        title, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
    std::string subject = "feat: " + title;
    if (subject.size() > kSubjectBytesMax) {
        std::size_t end = kSubjectBytesMax - 3;
        while (end > 0 && (static_cast<unsigned char>(subject[end]) & 0xC0) == 0x80) {
            --end;
        }
        subject.resize(end);
        subject += "...";
    }
    return subject;
}

std::string_view without_line_ends(std::string_view text) {
    while (!text.empty() && text.back() == '\n') {
        text.remove_suffix(1);
    }
    return text;
}

}  // namespace

std::string commit_message(const RunId& id,
                           const store::RunRow& run,
                           const Engine& engine,
                           const EngineOutput& output) {
    std::string message = subject_of(output.title) + "\n\n";
    if (!output.summary.empty()) {
        message.append(without_line_ends(output.summary)).append("\n\n");
    }
    const auto passed = std::ranges::count_if(output.checks, &Check::passed);
    message += "Origin-Request: " + id.str() + "\n";
    message += "Origin-Client: " + run.client.str() + "\n";
    message +=
        "Origin-Engine: " + std::string(engine.name()) + "/" + std::string(engine.version()) + "\n";
    message +=
        "Origin-Requirement-Digest: sha256:" + crypto::hex(crypto::sha256(run.requirement)) + "\n";
    message += "Origin-Verification: passed " + std::to_string(passed) + "/" +
               std::to_string(output.checks.size()) + "\n";
    return message;
}

}  // namespace origin::generator
