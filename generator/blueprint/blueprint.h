// SPDX-License-Identifier: Apache-2.0
// generator/blueprint/blueprint: the engine that compiles requirement text into a static web app.
// In: text, and the base tree for a feature request. Out: the whole tree, and an honest status for
// every line. A pure function of its input: no I/O, clock, locale or random.
#pragma once

#include "generator/engine/engine.h"

namespace origin::generator {

class Blueprint : public Engine {
public:
    std::string_view name() const override { return "blueprint"; }
    std::string_view version() const override;

    /// Errors: those of Engine::generate; LimitExceeded `requirement_too_large` above the limits
    /// named Blueprint or Requirement in base/limits.h; InvalidInput `bad_manifest` if the base
    /// tree's blueprint.json was edited into something that is no manifest.
    Result<EngineOutput> generate(const EngineInput& input) const override;
};

}  // namespace origin::generator
