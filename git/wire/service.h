// SPDX-License-Identifier: Apache-2.0
// git/wire/service: the programs a Git client may ask a remote for.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace origin::git {

enum class Service : std::uint8_t { UploadPack, ReceivePack, UploadArchive };

/// "git-upload-pack", "git-receive-pack", "git-upload-archive".
std::string_view name_of(Service service);

/// Exactly one of those names, else nullopt.
std::optional<Service> service_of(std::string_view name);

}  // namespace origin::git
