// SPDX-License-Identifier: Apache-2.0
// Invariant: a name that is accepted keeps every rule of git-check-ref-format(1) and ours on top,
// said here a second time and rule by rule; it is kept as it came, and is accepted again.
// In: the name.
#include <algorithm>
#include <array>

#include "base/assert.h"
#include "base/limits.h"
#include "base/ref_name.h"
#include "base/utf8.h"

namespace {

void check_accepted(std::string_view text) {
    static constexpr std::array<std::string_view, 15> kNowhere = {
        "..", "//", "@{", "/.", "/-", ".lock/", " ", "~", "^", ":", "?", "*", "[", "\\", "\x7f"};
    ORIGIN_ASSERT(text.size() <= origin::kRefNameBytesMax && origin::is_utf8(text));
    ORIGIN_ASSERT(text.starts_with("refs/") && std::ranges::count(text, '/') >= 2);
    ORIGIN_ASSERT(!text.ends_with('/') && !text.ends_with('.') && !text.ends_with(".lock"));
    for (const std::string_view piece : kNowhere) {
        ORIGIN_ASSERT(!text.contains(piece));
    }
    ORIGIN_ASSERT(std::ranges::all_of(text, [](unsigned char c) { return c > 0x20; }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto name = origin::RefName::parse(text);
    if (!name) {
        ORIGIN_ASSERT(name.error().reason() == "bad_ref_name");
        ORIGIN_ASSERT(origin::is_utf8(name.error().told_to_peer()));
        return 0;
    }
    ORIGIN_ASSERT(name->str() == text);
    ORIGIN_ASSERT(text.ends_with(name->short_name()) && !name->short_name().empty());
    ORIGIN_ASSERT(!(name->is_branch() && name->is_tag()));
    ORIGIN_ASSERT(origin::RefName::parse(name->str()) == *name);
    check_accepted(text);
    return 0;
}
