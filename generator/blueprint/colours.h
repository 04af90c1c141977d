// SPDX-License-Identifier: Apache-2.0
// generator/blueprint/colours: CSS colours found in prose, and enough contrast between them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace origin::generator {

struct Rgb {
    int red = 0;
    int green = 0;
    int blue = 0;
};

/// A colour as the requirement wrote it: "steelblue", "#f7f7f5"; and where it stood.
struct NamedColour {
    std::string css;
    std::size_t word = 0;   // Index of its first word.
    std::size_t words = 1;  // "saddle brown" has two.
};

/// Every colour in `text`: CSS names with words joined ("saddle brown"), hex.
std::vector<NamedColour> find_colours(std::string_view text);

/// The value of "steelblue" or "#abc"; nullopt if it is no colour.
std::optional<Rgb> parse_colour(std::string_view css);

std::string to_hex(Rgb colour);

/// WCAG 2 contrast ratio times 100: 450 is 4.5:1. Whole numbers, so every machine agrees.
int contrast(Rgb left, Rgb right);

/// `share` percent of `top` over `bottom`.
Rgb mix(Rgb top, Rgb bottom, int share);

/// White or near-black, whichever reads better on `ground`.
Rgb ink_on(Rgb ground);

/// `colour`, moved towards the ink of `ground` until its contrast there is at least 4.5:1.
Rgb readable_on(Rgb colour, Rgb ground);

/// `ground`, made darker or lighter until `label` has a contrast of at least 4.5:1 on it.
Rgb ground_for(Rgb ground, Rgb label);

bool is_dark(Rgb colour);

}  // namespace origin::generator
