// SPDX-License-Identifier: Apache-2.0
// origind/doctor: is this data folder sound, and are the libraries new enough? One function for
// each part; every one goes on after what it finds, so that one look shows all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "git/serve/storage.h"
#include "store/store.h"

namespace origin {

enum class Verdict : std::uint8_t {
    Ok,
    Note,  // Worth knowing; nothing is wrong.
    Problem,
};
/// "ok", "note", "problem".
std::string_view name_of(Verdict verdict);

struct Finding {
    Verdict verdict = Verdict::Ok;
    std::string check;  // "store", "packs", ...
    std::string text;
};
using Findings = std::vector<Finding>;

/// Modes and owners of the folder, the master key and the socket.
Findings check_folder(const std::filesystem::path& data);

/// The SSH door's keys: there, whole, for us alone, and those that clients know.
Findings check_host_keys(const std::filesystem::path& data);

/// Every row of every table decodes as its row type. Blocks: reads the whole store, in pages.
Findings check_rows(store::Store& store);

/// Keys that end within 14 days, unless they are short-lived by nature or have a successor.
Findings check_keys(store::Store& store, UnixMillis now);

/// Packs are there and whole (checksums), the refs' objects are there and can be read, no file is
/// without a row. Blocks: reads every pack.
Findings check_projects(store::Store& store,
                        git::Storage& storage,
                        const std::filesystem::path& projects_folder);

struct Library {
    std::string name;
    std::string package;  // Debian's version of it; empty: not known.
    std::string loaded;   // What the loaded library says of itself; empty: it is not loaded.
    std::string floor;    // The least version without known holes that matter to us.
    Verdict verdict = Verdict::Ok;
    std::string text;
};

/// Where versions are learnt from.
struct LibrarySources {
    std::string dpkg_status;  // The text of /var/lib/dpkg/status; empty: not such a system.
    std::function<std::string(std::string_view library)> loaded;
};
/// This machine's.
LibrarySources library_sources();
std::vector<Library> check_libraries(const LibrarySources& sources);

/// Debian's order of versions: <0, 0, >0. Source: deb-version(7), "Sorting algorithm".
int compare_debian_versions(std::string_view a, std::string_view b);

}  // namespace origin
