// SPDX-License-Identifier: Apache-2.0
// deploy/registry_url: the package registry that builds may read, and what of it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace origin::deploy {

class RegistryUrl {
public:
    /// "https://registry.example/npm/": the slash at the end may be missing.
    /// Errors: InvalidInput `bad_setting`.
    static Result<RegistryUrl> parse(std::string_view text);

    /// "/npm/"
    const std::string& path() const { return path_; }

    /// Where to fetch what a build asks for. `target`: of a request, as sent.
    /// Errors: Forbidden `outside_registry`.
    Result<std::string> of(std::string_view target) const;
    /// Where an answer's `Location` leads: the same host, or nowhere.
    /// Errors: Forbidden `redirect_refused`.
    Result<std::string> redirected(std::string_view location) const;

private:
    RegistryUrl(std::string origin, std::string path)
        : origin_(std::move(origin)), path_(std::move(path)) {}

    std::string origin_;  // "https://registry.example:8443"
    std::string path_;
};

}  // namespace origin::deploy
