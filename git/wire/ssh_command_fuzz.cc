// SPDX-License-Identifier: Apache-2.0
// Invariant: what is accepted, quoted the way git quotes it, is accepted again as the same; a path
// has no control character, is not empty and is no option.
#include "base/assert.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "git/wire/ssh_command.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view line = origin::text_of(std::as_bytes(std::span(data, size)));
    const auto command = origin::git::parse_ssh_command(line);
    if (!command) {
        return 0;
    }
    ORIGIN_ASSERT(!command->path.empty() && !command->path.starts_with('-'));
    std::string quoted(origin::git::name_of(command->service));
    quoted += " '";
    for (const char c : command->path) {
        ORIGIN_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
        if (c == '\'' || c == '!') {
            quoted += std::string("'\\") + c + "'";
        } else {
            quoted += c;
        }
    }
    quoted += '\'';
    if (quoted.size() <= origin::kSshCommandBytesMax) {
        const auto again = origin::git::parse_ssh_command(quoted);
        ORIGIN_ASSERT(again && again->path == command->path);
        ORIGIN_ASSERT(again->service == command->service);
    }
    return 0;
}
