// SPDX-License-Identifier: Apache-2.0
#include "generator/blueprint/colours.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "generator/blueprint/text.h"
#include "generator/blueprint/words.h"

namespace origin::generator {

namespace {

struct Named {
    std::string_view name;
    std::uint32_t rgb;
};

// Source: CSS Color Module Level 4, section 6.1, named colors.
// clang-format off
constexpr std::array kNamed = {
    Named{"aliceblue", 0xf0f8ff}, Named{"antiquewhite", 0xfaebd7}, Named{"aqua", 0x00ffff},
    Named{"aquamarine", 0x7fffd4}, Named{"azure", 0xf0ffff}, Named{"beige", 0xf5f5dc},
    Named{"bisque", 0xffe4c4}, Named{"black", 0x000000}, Named{"blanchedalmond", 0xffebcd},
    Named{"blue", 0x0000ff}, Named{"blueviolet", 0x8a2be2}, Named{"brown", 0xa52a2a},
    Named{"burlywood", 0xdeb887}, Named{"cadetblue", 0x5f9ea0}, Named{"chartreuse", 0x7fff00},
    Named{"chocolate", 0xd2691e}, Named{"coral", 0xff7f50}, Named{"cornflowerblue", 0x6495ed},
    Named{"cornsilk", 0xfff8dc}, Named{"crimson", 0xdc143c}, Named{"cyan", 0x00ffff},
    Named{"darkblue", 0x00008b}, Named{"darkcyan", 0x008b8b}, Named{"darkgoldenrod", 0xb8860b},
    Named{"darkgray", 0xa9a9a9}, Named{"darkgreen", 0x006400}, Named{"darkgrey", 0xa9a9a9},
    Named{"darkkhaki", 0xbdb76b}, Named{"darkmagenta", 0x8b008b}, Named{"darkolivegreen",
    0x556b2f}, Named{"darkorange", 0xff8c00}, Named{"darkorchid", 0x9932cc}, Named{"darkred",
    0x8b0000}, Named{"darksalmon", 0xe9967a}, Named{"darkseagreen", 0x8fbc8f},
    Named{"darkslateblue", 0x483d8b}, Named{"darkslategray", 0x2f4f4f}, Named{"darkslategrey",
    0x2f4f4f}, Named{"darkturquoise", 0x00ced1}, Named{"darkviolet", 0x9400d3}, Named{"deeppink",
    0xff1493}, Named{"deepskyblue", 0x00bfff}, Named{"dimgray", 0x696969}, Named{"dimgrey",
    0x696969}, Named{"dodgerblue", 0x1e90ff}, Named{"firebrick", 0xb22222}, Named{"floralwhite",
    0xfffaf0}, Named{"forestgreen", 0x228b22}, Named{"fuchsia", 0xff00ff}, Named{"gainsboro",
    0xdcdcdc}, Named{"ghostwhite", 0xf8f8ff}, Named{"gold", 0xffd700}, Named{"goldenrod",
    0xdaa520}, Named{"gray", 0x808080}, Named{"green", 0x008000}, Named{"greenyellow", 0xadff2f},
    Named{"grey", 0x808080}, Named{"honeydew", 0xf0fff0}, Named{"hotpink", 0xff69b4},
    Named{"indianred", 0xcd5c5c}, Named{"indigo", 0x4b0082}, Named{"ivory", 0xfffff0},
    Named{"khaki", 0xf0e68c}, Named{"lavender", 0xe6e6fa}, Named{"lavenderblush", 0xfff0f5},
    Named{"lawngreen", 0x7cfc00}, Named{"lemonchiffon", 0xfffacd}, Named{"lightblue", 0xadd8e6},
    Named{"lightcoral", 0xf08080}, Named{"lightcyan", 0xe0ffff}, Named{"lightgoldenrodyellow",
    0xfafad2}, Named{"lightgray", 0xd3d3d3}, Named{"lightgreen", 0x90ee90}, Named{"lightgrey",
    0xd3d3d3}, Named{"lightpink", 0xffb6c1}, Named{"lightsalmon", 0xffa07a},
    Named{"lightseagreen", 0x20b2aa}, Named{"lightskyblue", 0x87cefa}, Named{"lightslategray",
    0x778899}, Named{"lightslategrey", 0x778899}, Named{"lightsteelblue", 0xb0c4de},
    Named{"lightyellow", 0xffffe0}, Named{"lime", 0x00ff00}, Named{"limegreen", 0x32cd32},
    Named{"linen", 0xfaf0e6}, Named{"magenta", 0xff00ff}, Named{"maroon", 0x800000},
    Named{"mediumaquamarine", 0x66cdaa}, Named{"mediumblue", 0x0000cd}, Named{"mediumorchid",
    0xba55d3}, Named{"mediumpurple", 0x9370db}, Named{"mediumseagreen", 0x3cb371},
    Named{"mediumslateblue", 0x7b68ee}, Named{"mediumspringgreen", 0x00fa9a},
    Named{"mediumturquoise", 0x48d1cc}, Named{"mediumvioletred", 0xc71585}, Named{"midnightblue",
    0x191970}, Named{"mintcream", 0xf5fffa}, Named{"mistyrose", 0xffe4e1}, Named{"moccasin",
    0xffe4b5}, Named{"navajowhite", 0xffdead}, Named{"navy", 0x000080}, Named{"oldlace",
    0xfdf5e6}, Named{"olive", 0x808000}, Named{"olivedrab", 0x6b8e23}, Named{"orange", 0xffa500},
    Named{"orangered", 0xff4500}, Named{"orchid", 0xda70d6}, Named{"palegoldenrod", 0xeee8aa},
    Named{"palegreen", 0x98fb98}, Named{"paleturquoise", 0xafeeee}, Named{"palevioletred",
    0xdb7093}, Named{"papayawhip", 0xffefd5}, Named{"peachpuff", 0xffdab9}, Named{"peru",
    0xcd853f}, Named{"pink", 0xffc0cb}, Named{"plum", 0xdda0dd}, Named{"powderblue", 0xb0e0e6},
    Named{"purple", 0x800080}, Named{"rebeccapurple", 0x663399}, Named{"red", 0xff0000},
    Named{"rosybrown", 0xbc8f8f}, Named{"royalblue", 0x4169e1}, Named{"saddlebrown", 0x8b4513},
    Named{"salmon", 0xfa8072}, Named{"sandybrown", 0xf4a460}, Named{"seagreen", 0x2e8b57},
    Named{"seashell", 0xfff5ee}, Named{"sienna", 0xa0522d}, Named{"silver", 0xc0c0c0},
    Named{"skyblue", 0x87ceeb}, Named{"slateblue", 0x6a5acd}, Named{"slategray", 0x708090},
    Named{"slategrey", 0x708090}, Named{"snow", 0xfffafa}, Named{"springgreen", 0x00ff7f},
    Named{"steelblue", 0x4682b4}, Named{"tan", 0xd2b48c}, Named{"teal", 0x008080},
    Named{"thistle", 0xd8bfd8}, Named{"tomato", 0xff6347}, Named{"turquoise", 0x40e0d0},
    Named{"violet", 0xee82ee}, Named{"wheat", 0xf5deb3}, Named{"white", 0xffffff},
    Named{"whitesmoke", 0xf5f5f5}, Named{"yellow", 0xffff00}, Named{"yellowgreen", 0x9acd32},
};
// clang-format on

constexpr std::size_t kNameWordsMax = 3;  // "medium sea green"

int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return -1;
}

std::optional<Rgb> parse_hex(std::string_view text) {
    if (!text.starts_with('#') || (text.size() != 4 && text.size() != 7)) {
        return std::nullopt;
    }
    std::array<int, 6> digits{};
    for (std::size_t at = 0; at < 6; ++at) {
        digits[at] = hex_digit(text[text.size() == 7 ? at + 1 : at / 2 + 1]);
        if (digits[at] < 0) {
            return std::nullopt;
        }
    }
    return Rgb{digits[0] * 16 + digits[1], digits[2] * 16 + digits[3], digits[4] * 16 + digits[5]};
}

/// sRGB channel 0..255 to linear light, in millionths.
long linear(int channel) {
    const double share = channel / 255.0;
    const double light = share <= 0.04045 ? share / 12.92 : std::pow((share + 0.055) / 1.055, 2.4);
    return std::lround(light * 1'000'000);
}

long luminance(Rgb colour) {  // In millionths of white.
    return (2126 * linear(colour.red) + 7152 * linear(colour.green) + 722 * linear(colour.blue)) /
           10'000;
}

constexpr Rgb kWhite{255, 255, 255};
constexpr Rgb kInk{23, 28, 38};

}  // namespace

std::optional<Rgb> parse_colour(std::string_view css) {
    const std::string low = lower(css);
    if (auto hex = parse_hex(low)) {
        return hex;
    }
    const auto found = std::ranges::find(kNamed, low, &Named::name);
    if (found == kNamed.end()) {
        return std::nullopt;
    }
    const auto part = [&](int shift) {
        return static_cast<int>((found->rgb >> shift) & 0xFFU);
    };
    return Rgb{part(16), part(8), part(0)};
}

std::vector<NamedColour> find_colours(std::string_view text) {
    const Words words{lower(text)};
    std::vector<NamedColour> found;
    for (std::size_t at = 0; at < words.size();) {
        std::size_t used = 0;
        for (std::size_t take = std::min(kNameWordsMax, words.size() - at); take > 0; --take) {
            std::string joined;
            for (std::size_t i = 0; i < take; ++i) {
                joined += words.all()[at + i].low;
            }
            if (!parse_colour(joined)) {
                continue;
            }
            found.push_back({joined, at, take});
            used = take;
            break;
        }
        at += std::max<std::size_t>(used, 1);
    }
    return found;
}

std::string to_hex(Rgb colour) {
    std::array<char, 8> text{};
    std::snprintf(text.data(),
                  text.size(),
                  "#%02x%02x%02x",
                  static_cast<unsigned>(colour.red) & 0xFFU,
                  static_cast<unsigned>(colour.green) & 0xFFU,
                  static_cast<unsigned>(colour.blue) & 0xFFU);
    return text.data();
}

int contrast(Rgb left, Rgb right) {
    const long a = luminance(left) + 50'000;
    const long b = luminance(right) + 50'000;
    return static_cast<int>(std::max(a, b) * 100 / std::min(a, b));
}

Rgb mix(Rgb top, Rgb bottom, int share) {
    const auto blend = [share](int over, int under) {
        return (over * share + under * (100 - share) + 50) / 100;
    };
    return {
        blend(top.red, bottom.red), blend(top.green, bottom.green), blend(top.blue, bottom.blue)};
}

Rgb ink_on(Rgb ground) {
    return contrast(kWhite, ground) >= contrast(kInk, ground) ? kWhite : kInk;
}

Rgb readable_on(Rgb colour, Rgb ground) {
    const Rgb ink = ink_on(ground);
    Rgb best = colour;
    for (int share = 0; share <= 100 && contrast(best, ground) < 450; share += 5) {
        best = mix(ink, colour, share);
    }
    return best;
}

Rgb ground_for(Rgb ground, Rgb label) {
    const Rgb away = is_dark(label) ? kWhite : Rgb{0, 0, 0};
    Rgb best = ground;
    for (int share = 0; share <= 100 && contrast(best, label) < 450; share += 4) {
        best = mix(away, ground, share);
    }
    return best;
}

bool is_dark(Rgb colour) {
    return contrast(colour, kWhite) > contrast(colour, kInk);
}

}  // namespace origin::generator
