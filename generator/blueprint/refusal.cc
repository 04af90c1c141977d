// SPDX-License-Identifier: Apache-2.0
#include "generator/blueprint/refusal.h"

#include <array>
#include <string>

#include "generator/blueprint/text.h"
#include "generator/blueprint/words.h"

namespace origin::generator {

namespace {

constexpr std::size_t kIntroBytes = 700;  // What the thing is, is said at the start.
constexpr int kLostPercentMax = 60;

struct Kind {
    std::string_view phrase;
    std::string_view name;
};

constexpr std::array kOtherKinds = {
    Kind{"command-line", "a command-line tool"},
    Kind{"command line", "a command-line tool"},
    Kind{"cli", "a command-line tool"},
    Kind{"terminal tool", "a command-line tool"},
    Kind{"shell script", "a script"},
    Kind{"python script", "a script"},
    Kind{"rest api", "a backend service"},
    Kind{"rest backend", "a backend service"},
    Kind{"restful api", "a backend service"},
    Kind{"graphql api", "a backend service"},
    Kind{"backend service", "a backend service"},
    Kind{"backend api", "a backend service"},
    Kind{"api server", "a backend service"},
    Kind{"microservice", "a backend service"},
    Kind{"daemon", "a backend service"},
    Kind{"npm package", "a library"},
    Kind{"python library", "a library"},
    Kind{"rust crate", "a library"},
    Kind{"c library", "a library"},
    Kind{"firmware", "firmware"},
    Kind{"discord bot", "a bot"},
    Kind{"telegram bot", "a bot"},
    Kind{"slack bot", "a bot"},
    Kind{"browser extension", "a browser extension"},
    Kind{"vs code extension", "an editor extension"},
    Kind{"android app", "a native app"},
    Kind{"ios app", "a native app"},
    Kind{"desktop app", "a native app"},
    Kind{"kernel module", "a kernel module"},
};

constexpr std::array<std::string_view, 16> kWebWords = {"website",
                                                        "web",
                                                        "page",
                                                        "pages",
                                                        "site",
                                                        "homepage",
                                                        "dashboard",
                                                        "navigation",
                                                        "web-app",
                                                        "forms",
                                                        "screen",
                                                        "landing",
                                                        "browser",
                                                        "responsive",
                                                        "webapp",
                                                        "frontend"};

Error refusal(std::string sentence) {
    return Error(Code::InvalidInput, std::move(sentence)).because("not_generated");
}

}  // namespace

Status refuse_unfit(std::string_view text, bool change) {
    if (trim(text).empty()) {
        return std::unexpected(refusal("The requirement is empty: say what the app should do."));
    }
    if (change) {
        return {};
    }
    const Words intro{lower(without_marks(text.substr(0, kIntroBytes)))};
    bool web = false;
    for (const std::string_view word : kWebWords) {
        web = web || intro.contains(word);
    }
    if (web) {
        return {};
    }
    for (const Kind& kind : kOtherKinds) {
        if (!intro.contains_phrase(kind.phrase)) {
            continue;
        }
        return std::unexpected(refusal("This describes " + std::string(kind.name) +
                                       "; the blueprint engine builds static web apps only."));
    }
    return {};
}

Status enough_understood(const std::vector<TraceLine>& lines) {
    int implemented = 0;
    int lost = 0;
    int asked = 0;
    for (const TraceLine& line : lines) {
        const auto status = line.status;
        const bool gone = status == LineStatus::Unrecognized || status == LineStatus::Unsupported;
        const bool built = status == LineStatus::Implemented || status == LineStatus::Partial;
        implemented += built ? 1 : 0;
        lost += gone ? 1 : 0;
        asked += gone || built || status == LineStatus::NeedsClarification ? 1 : 0;
    }
    if (implemented == 0) {
        return std::unexpected(refusal(
            "No line of the requirement describes pages, data or rules that the blueprint engine "
            "knows how to build."));
    }
    if (lost * 100 > asked * kLostPercentMax) {
        return std::unexpected(
            refusal("Only " + std::to_string(implemented) + " of " + std::to_string(asked) +
                    " requirement lines could be built; the result would not be the "
                    "app that was asked for."));
    }
    return {};
}

}  // namespace origin::generator
