// SPDX-License-Identifier: Apache-2.0
#include "git/wire/sideband.h"

#include "base/utf8.h"
#include "git/wire/pkt_line.h"

namespace origin::git {
namespace {

void append_one(std::string& out, Band band, std::string_view piece) {
    append_pkt_header(out, 1 + piece.size());
    out += static_cast<char>(band);
    out += piece;
}

}  // namespace

void append_band(std::string& out, Band band, Bytes bytes, SideBand width) {
    std::string_view rest = text_of(bytes);
    if (width == SideBand::None) {
        out += band == Band::Data ? rest : std::string_view();
        return;
    }
    const std::size_t most = width == SideBand::Small ? kSmallBandBytesMax : kLargeBandBytesMax;
    while (!rest.empty()) {
        const std::string_view piece = rest.substr(0, most);
        append_one(out, band, piece);
        rest.remove_prefix(piece.size());
    }
}

void append_keep_alive(std::string& out) {
    append_one(out, Band::Data, {});
}

std::string sanitize_progress_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        std::string_view rest = text;
        const auto point = take_code_point(rest);
        if (!point) {
            out += '?';
            text.remove_prefix(1);
            continue;
        }
        if (*point == U'\n' || !is_deceptive(*point)) {
            out += text.substr(0, text.size() - rest.size());
        }
        text = rest;
    }
    return out;
}

}  // namespace origin::git
