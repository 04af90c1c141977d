// SPDX-License-Identifier: Apache-2.0
// Invariant: a set of prefixes matches exactly what trying them one by one would match.
// Input: lines; the first is a name, the others are prefixes.
#include <string>
#include <vector>

#include "base/assert.h"
#include "base/bytes.h"
#include "git/wire/ls_refs.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest = origin::text_of(std::as_bytes(std::span(data, size)));
    const std::string_view name = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    origin::git::RefPrefixes prefixes;
    bool plain = rest.empty();
    while (!rest.empty()) {
        const std::string_view prefix = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), prefix.size() + 1));
        prefixes.add(prefix);
        plain = plain || name.starts_with(prefix);
    }
    prefixes.close();
    ORIGIN_ASSERT(prefixes.matches(name) == plain);
    return 0;
}
