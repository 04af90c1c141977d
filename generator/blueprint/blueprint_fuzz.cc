// SPDX-License-Identifier: Apache-2.0
// Goal: no text and no edited manifest can crash the engine, make it write outside limits or break
// its own checks. Invariant: generate() answers, its tree has no unescaped markup from the text,
// and every check it reports about itself passes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "base/assert.h"
#include "base/limits.h"
#include "generator/blueprint/blueprint.h"
#include "generator/blueprint/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::ignore = origin::generator::read_manifest(text);
    origin::generator::EngineInput input;
    input.requirement = std::string(text);
    input.request_id = "run_fuzz";
    const auto output = origin::generator::Blueprint{}.generate(input);
    if (!output) {
        return 0;
    }
    ORIGIN_ASSERT(output->pristine.size() <= origin::kGeneratedFilesMax);
    for (const auto& check : output->checks) {
        ORIGIN_ASSERT(check.passed);
    }
    for (const auto& [path, content] : output->pristine) {
        if (path.ends_with(".html")) {
            ORIGIN_ASSERT(!content.contains("<script>"));
        }
    }
    return 0;
}
