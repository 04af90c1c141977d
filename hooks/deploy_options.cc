// SPDX-License-Identifier: Apache-2.0
#include "hooks/deploy_options.h"

#include <charconv>
#include <string_view>

#include "base/utf8.h"

namespace origin::hooks {
namespace {

constexpr std::string_view kPrefix = "deploy.";

std::optional<std::chrono::seconds> read_wait(std::string_view text) {
    unsigned seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool good = error == std::errc() && end == text.data() + text.size() &&
                      seconds <= static_cast<unsigned>(kDeployWaitMax.count());
    return good ? std::optional(std::chrono::seconds(seconds)) : std::nullopt;
}

}  // namespace

DeployOptions read_deploy_options(const std::vector<std::string>& options) {
    DeployOptions read;
    for (const std::string& option : options) {
        if (!option.starts_with(kPrefix)) {
            continue;
        }
        const std::size_t equals = std::min(option.find('='), option.size());
        const std::string name = option.substr(kPrefix.size(), equals - kPrefix.size());
        const std::string value = option.substr(std::min(equals + 1, option.size()));
        if (option == "deploy.skip") {
            read.skip = true;
        } else if (name == "wait" && read_wait(value)) {
            read.wait = read_wait(value);
        } else if (name == "target" && !value.empty()) {
            read.targets.push_back(value);
        } else {
            read.complaints.push_back(
                "push option '" + printable(option) +
                "' is not understood: deploy.skip, deploy.wait=SECONDS (0 to 600), "
                "deploy.target=NAME");
        }
    }
    return read;
}

}  // namespace origin::hooks
