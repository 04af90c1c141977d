// SPDX-License-Identifier: Apache-2.0
// Invariant: any file is read or refused in clean UTF-8 that names a line or a size; what is read
// keeps to the limits, and its patterns are names of refs.
#include "base/assert.h"
#include "base/limits.h"
#include "base/ref_name.h"
#include "base/utf8.h"
#include "hooks/origind_toml.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto file = origin::hooks::parse_origind_toml(text);
    if (!file) {
        const std::string& told = file.error().told_to_peer();
        ORIGIN_ASSERT(file.error().reason() == "bad_origind_toml");
        ORIGIN_ASSERT(origin::printable(told) == told);
        ORIGIN_ASSERT(told.contains("line ") || size > origin::hooks::kOrigindTomlBytesMax);
        return 0;
    }
    ORIGIN_ASSERT(file->rules.size() <= origin::kRulesPerProjectMax);
    for (const origin::store::TreeRule& rule : file->rules) {
        ORIGIN_ASSERT(rule.pattern.starts_with("refs/") && !rule.target.empty());
        ORIGIN_ASSERT(origin::parse_ref_pattern(rule.pattern) == rule.pattern);
    }
    if (file->build) {
        ORIGIN_ASSERT(!file->build->command.empty() && !file->build->output.empty());
        ORIGIN_ASSERT(!file->build->output.starts_with('/'));
    }
    return 0;
}
