// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>

#include <dlfcn.h>

#include "origind/doctor.h"

namespace origin {
namespace {

struct Floor {
    const char* name;
    const char* package;  // Debian 12's.
    const char* version;
};

/// The versions that closed the holes we would be hurt by.
constexpr Floor kFloors[] = {
    {"libgit2", "libgit2-1.5", "1.5.1+ds-1+deb12u2"},
    {"openssl", "libssl3", "3.0.22-1~deb12u2"},
    {"libssh2", "libssh2-1", "1.10.0-3+deb12u1"},
    {"libssh", "libssh-4", "0.10.6-0+deb12u3"},
    {"lmdb", "liblmdb0", "0.9.24-1"},
    {"curl", "libcurl4", "7.88.1-10"},
};

/// The functions by which loaded libraries say their version. They are asked for by name, since
/// each library's headers live in another room.
using NumbersFn = void* (*)(int*, int*, int*);
using TextFn = const char* (*)(int);

template <class Fn>
Fn loaded_function(const char* name) {
    return reinterpret_cast<Fn>(::dlsym(RTLD_DEFAULT, name));
}

std::string numbers(const char* function) {
    const auto ask = loaded_function<NumbersFn>(function);
    if (ask == nullptr) {
        return {};
    }
    int major = 0;
    int minor = 0;
    int patch = 0;
    ask(&major, &minor, &patch);
    return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

/// The first piece of what it says that begins with a digit: "OpenSSL 3.0.22 ..." -> "3.0.22".
std::string words(const char* function) {
    const auto ask = loaded_function<TextFn>(function);
    const char* said = ask == nullptr ? nullptr : ask(0);
    const std::string text = said == nullptr ? "" : said;
    const std::size_t begin = std::min(text.find_first_of("0123456789"), text.size());
    return text.substr(begin, text.find_first_not_of("0123456789.", begin) - begin);
}

std::string loaded_version(std::string_view library) {
    static const std::map<std::string_view, std::function<std::string()>> kAsk = {
        {"libgit2",
         [] {
             return numbers("git_libgit2_version");
         }},
        {"lmdb",
         [] {
             return numbers("mdb_version");
         }},
        {"openssl",
         [] {
             return words("OpenSSL_version");
         }},
        {"libssh2",
         [] {
             return words("libssh2_version");
         }},
        {"libssh",
         [] {
             return words("ssh_version");
         }},
        {"curl",
         [] {
             return words("curl_version");
         }},
    };
    const auto found = kAsk.find(library);
    return found == kAsk.end() ? std::string() : found->second();
}

/// `Version:` of an installed package in dpkg's status file; paragraphs end in an empty line.
std::string package_version(std::string_view status, const std::string& package) {
    const std::string begin = "Package: " + package + "\n";
    std::size_t at = status.starts_with(begin) ? 0 : status.find("\n" + begin);
    if (at == std::string_view::npos) {
        return {};
    }
    const std::string_view paragraph = status.substr(at, status.find("\n\n", at + 1) - at);
    constexpr std::string_view kField = "\nVersion: ";
    at = paragraph.find(kField);
    if (at == std::string_view::npos || !paragraph.contains("\nStatus: install ok installed")) {
        return {};
    }
    const std::string_view rest = paragraph.substr(at + kField.size());
    return std::string(rest.substr(0, rest.find('\n')));
}

std::string upstream_of(const std::string& version) {
    return version.substr(0, version.find_first_of("+-~"));
}

Library check_one(const Floor& floor, const LibrarySources& sources) {
    Library library{.name = floor.name,
                    .package = package_version(sources.dpkg_status, floor.package),
                    .loaded = sources.loaded(floor.name),
                    .floor = floor.version,
                    .verdict = Verdict::Ok,
                    .text = {}};
    const std::string wanted = upstream_of(floor.version);
    if (library.package.empty() && library.loaded.empty()) {
        library.text = "not used";
        return library;
    }
    const bool is_old_package =
        !library.package.empty() && compare_debian_versions(library.package, floor.version) < 0;
    const bool is_old_loaded =
        !library.loaded.empty() && compare_debian_versions(library.loaded, wanted) < 0;
    if (is_old_package || is_old_loaded) {
        library.verdict = Verdict::Problem;
        library.text = "has known holes: upgrade it";
    } else if (library.package.empty()) {
        library.verdict = Verdict::Note;
        library.text = "no package is known: whether its distribution's fixes are in is not";
    } else if (!library.loaded.empty() && upstream_of(library.package) != library.loaded) {
        library.verdict = Verdict::Note;
        library.text = "what is loaded is not the package's";
    }
    return library;
}

/// deb-version(7): `~` before everything, even the end; letters before other characters.
int order_of(std::string_view text) {
    if (text.empty() || (text.front() >= '0' && text.front() <= '9')) {
        return 0;
    }
    const char c = text.front();
    if (c == '~') {
        return -1;
    }
    constexpr int kAfterLetters = 256;
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter ? c : c + kAfterLetters;
}

std::string_view take_digits(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
    const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string_view digits = text.substr(0, end);
    text.remove_prefix(end);
    return digits;
}

int compare_part(std::string_view a, std::string_view b) {
    while (!a.empty() || !b.empty()) {
        while (order_of(a) != 0 || order_of(b) != 0) {
            if (order_of(a) != order_of(b)) {
                return order_of(a) - order_of(b);
            }
            a.remove_prefix(1);
            b.remove_prefix(1);
        }
        const std::string_view left = take_digits(a);
        const std::string_view right = take_digits(b);
        if (left.size() != right.size()) {
            return left.size() < right.size() ? -1 : 1;
        }
        if (const int difference = left.compare(right); difference != 0) {
            return difference;
        }
    }
    return 0;
}

std::string_view take_epoch(std::string_view& version) {
    const std::size_t colon = version.find(':');
    if (colon == std::string_view::npos) {
        return "0";
    }
    const std::string_view epoch = version.substr(0, colon);
    version.remove_prefix(colon + 1);
    return epoch;
}

std::string_view take_revision(std::string_view& version) {
    const std::size_t dash = version.rfind('-');
    if (dash == std::string_view::npos) {
        return "";
    }
    const std::string_view revision = version.substr(dash + 1);
    version = version.substr(0, dash);
    return revision;
}

}  // namespace

int compare_debian_versions(std::string_view a, std::string_view b) {
    if (const int by_epoch = compare_part(take_epoch(a), take_epoch(b)); by_epoch != 0) {
        return by_epoch;
    }
    const std::string_view revision_a = take_revision(a);
    const std::string_view revision_b = take_revision(b);
    const int by_upstream = compare_part(a, b);
    return by_upstream != 0 ? by_upstream : compare_part(revision_a, revision_b);
}

LibrarySources library_sources() {
    std::ifstream file("/var/lib/dpkg/status", std::ios::binary);
    return {.dpkg_status = std::string(std::istreambuf_iterator<char>(file), {}),
            .loaded = loaded_version};
}

std::vector<Library> check_libraries(const LibrarySources& sources) {
    std::vector<Library> libraries;
    std::ranges::transform(kFloors, std::back_inserter(libraries), [&](const Floor& floor) {
        return check_one(floor, sources);
    });
    return libraries;
}

}  // namespace origin
