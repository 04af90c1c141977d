// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "generator/blueprint/colours.h"
#include "generator/blueprint/render.h"

namespace origin::generator {

namespace {

constexpr Rgb kWhite{255, 255, 255};
constexpr Rgb kNight{18, 22, 30};
constexpr Rgb kRed{190, 30, 45};

constexpr int kWhiteLabelMin = 300;  // From here on white can be saved by a darker fill.

std::string line(std::string_view pad, std::string_view name, const std::string& value) {
    return std::string(pad) + "--color-" + std::string(name) + ": " + value + ";\n";
}

/// All colours that follow from a ground and the primary colour.
std::string palette(std::string_view pad, Rgb ground, Rgb primary) {
    const Rgb ink = ink_on(ground);
    const bool dark = is_dark(ground);
    const Rgb surface = dark ? mix(kWhite, ground, 6) : mix(kWhite, ground, 75);
    const Rgb danger = dark ? mix(kWhite, kRed, 45) : kRed;
    const Rgb danger_soft = mix(danger, surface, dark ? 18 : 10);
    const Rgb primary_soft = mix(primary, surface, dark ? 22 : 12);
    std::string out;
    out += line(pad, "text", to_hex(mix(ink, ground, 92)));
    out += line(pad, "muted", to_hex(readable_on(mix(ink, ground, 62), mix(ink, surface, 6))));
    out += line(pad, "surface", to_hex(surface));
    out += line(pad, "soft", to_hex(mix(ink, surface, 5)));
    out += line(pad, "border", to_hex(mix(ink, surface, 13)));
    out += line(pad, "border-strong", to_hex(mix(ink, surface, 28)));
    const Rgb label = contrast(kWhite, primary) >= kWhiteLabelMin ? kWhite : ink_on(primary);
    out += line(pad, "fill", to_hex(ground_for(primary, label)));
    out += line(pad, "on-fill", to_hex(label));
    out += line(pad, "primary-soft", to_hex(primary_soft));
    out += line(pad, "link", to_hex(readable_on(primary, primary_soft)));
    out += line(pad, "focus", to_hex(mix(primary, surface, 70)));
    out += line(pad, "danger", to_hex(readable_on(danger, danger_soft)));
    out += line(pad, "on-danger", to_hex(ink_on(readable_on(danger, danger_soft))));
    out += line(pad, "danger-soft", to_hex(danger_soft));
    return out;
}

std::string shadow(std::string_view pad, bool dark) {
    return std::string(pad) +
           (dark ? "--shadow: none;\n"
                 : "--shadow: 0 1px 2px rgb(20 30 50 / 0.06), 0 4px 16px rgb(20 30 50 / 0.05);\n");
}

std::string block(std::string_view pad, Rgb ground, const std::string& css, const App& app) {
    const Rgb primary = parse_colour(app.theme.primary).value_or(Rgb{47, 95, 208});
    return line(pad, "background", css) + palette(pad, ground, primary) +
           shadow(pad, is_dark(ground)) + std::string(pad) +
           "color-scheme: " + (is_dark(ground) ? "dark" : "light") + ";\n";
}

std::string font_of(const std::string& name) {
    if (name == "serif") {
        return "Georgia, \"Times New Roman\", serif";
    }
    if (name == "monospace") {
        return "ui-monospace, Consolas, monospace";
    }
    return "system-ui, -apple-system, \"Segoe UI\", Roboto, sans-serif";
}

}  // namespace

std::string render_theme(const App& app) {
    const Theme& theme = app.theme;
    const Rgb asked = parse_colour(theme.background).value_or(Rgb{246, 247, 249});
    const bool asked_dark = is_dark(asked);
    const std::string light_css = asked_dark ? "#f6f7f9" : theme.background;
    const std::string dark_css = asked_dark ? theme.background : to_hex(kNight);
    const Rgb light = asked_dark ? Rgb{246, 247, 249} : asked;
    const Rgb dark = asked_dark ? asked : kNight;
    const bool starts_dark = theme.mode == "dark" || (theme.mode == "light" && asked_dark);
    const bool both = theme.toggle || theme.mode == "auto";

    std::string out =
        "/* Generated from blueprint.json: the colours of the requirement and what follows from\n"
        "   them, with a contrast of at least 4.5:1 for text. Your own rules go into custom.css. "
        "*/\n\n";
    out += ":root {\n" + line("  ", "primary", theme.primary);
    out += starts_dark ? block("  ", dark, dark_css, app) : block("  ", light, light_css, app);
    out += "  --radius: 0.5rem;\n  --radius-large: 0.9rem;\n  --font-body: " + font_of(theme.font) +
           ";\n}\n";
    if (theme.mode == "auto") {
        out += "\n@media (prefers-color-scheme: dark) {\n  :root:not([data-theme=\"light\"]) {\n" +
               block("    ", dark, dark_css, app) + "  }\n}\n";
    }
    if (both) {
        out += "\n:root[data-theme=\"dark\"] {\n" + block("  ", dark, dark_css, app) + "}\n";
        out += "\n:root[data-theme=\"light\"] {\n" + block("  ", light, light_css, app) + "}\n";
    }
    return out;
}

}  // namespace origin::generator
