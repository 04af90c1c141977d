// SPDX-License-Identifier: Apache-2.0
// store/rows/keys: how the tables' keys are put together. One place, so that no two rooms disagree.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/id.h"

namespace origin::store {

/// Eight bytes, big-endian: numbers sort as their bytes do.
inline std::string sequence_key(std::uint64_t number) {
    std::string bytes(8, '\0');
    for (std::size_t i = 8; i-- > 0; number >>= 8) {
        bytes[i] = static_cast<char>(number & 255U);
    }
    return bytes;
}

inline std::uint64_t sequence_of(std::string_view bytes) {
    std::uint64_t number = 0;
    for (const char byte : bytes.substr(0, 8)) {
        number = (number << 8) | static_cast<unsigned char>(byte);
    }
    return number;
}

/// The parts, one after the other. Every part but the last must have a fixed size or end in NUL.
template <class... Parts>
std::string key_of(const Parts&... parts) {
    std::string key;
    (key.append(std::string_view(parts)), ...);
    return key;
}

// Table Slugs. Client slugs: 'c' + slug. Project slugs: 'p' + client id + slug. Values: the raw id.
inline std::string client_slug_key(std::string_view slug) {
    return key_of(std::string_view("c"), slug);
}
inline std::string project_slug_key(const ClientId& owner, std::string_view slug) {
    return key_of(std::string_view("p"), owner.view(), slug);
}
// Table Slugs: which keys a client has. 'k' + client id + key id. Value: one NUL byte.
inline std::string client_key_key(const ClientId& client, std::string_view key_id) {
    return key_of(std::string_view("k"), client.view(), key_id);
}

inline std::string ref_key(const ProjectId& project, std::string_view name) {
    return key_of(project.view(), name);
}
inline std::string push_key(const ProjectId& project, std::uint64_t push) {
    return key_of(project.view(), sequence_key(push));
}
inline std::string release_key(const ProjectId& project,
                               std::string_view target,
                               std::uint64_t number) {
    return key_of(project.view(), target, std::string_view("\0", 1), sequence_key(number));
}
inline std::string rule_key(const ProjectId& project,
                            std::string_view pattern,
                            std::string_view target) {
    return key_of(project.view(), pattern, std::string_view("\0", 1), target);
}

}  // namespace origin::store
