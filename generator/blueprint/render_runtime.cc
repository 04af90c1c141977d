// SPDX-License-Identifier: Apache-2.0
#include "generator/blueprint/render.h"
#include "generator/blueprint/runtime_files.h"

namespace origin::generator {

void render_runtime(Files& files) {
    for (const RuntimeFile& file : runtime_files()) {
        const std::string name(file.name);
        const bool test = name.ends_with(".mjs");
        files[(test ? "tests/" : "assets/") + name] = std::string(file.content);
    }
    files["assets/custom.css"] =
        "/* Yours: loaded last, made once, never rewritten. For example:\n"
        "   :root { --radius: 0; } */\n";
    files["assets/custom.js"] =
        "// Yours: runs before the app starts, made once, never rewritten. For example:\n"
        "// App.custom = { ready(app) { console.log(app.model.app.name); } };\n"
        "globalThis.App = globalThis.App || {};\n";
}

}  // namespace origin::generator
