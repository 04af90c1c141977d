// SPDX-License-Identifier: Apache-2.0
// Invariant: text that leaves is UTF-8 without control characters but LF, is not longer than what
// came, and cleaning it again changes nothing; an ERR line is one whole line.
#include "base/assert.h"
#include "base/utf8.h"
#include "git/wire/pkt_line.h"
#include "git/wire/sideband.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = origin::text_of(std::as_bytes(std::span(data, size)));
    const std::string clean = origin::git::sanitize_progress_text(text);
    ORIGIN_ASSERT(clean.size() <= text.size());
    ORIGIN_ASSERT(origin::git::sanitize_progress_text(clean) == clean);
    std::string_view rest = clean;
    while (!rest.empty()) {
        const auto point = origin::take_code_point(rest);
        ORIGIN_ASSERT(point && (*point == U'\n' || !origin::is_deceptive(*point)));
    }
    std::string line;
    origin::git::append_err(line, text);
    origin::Bytes unread = origin::bytes_of(line);
    const auto taken = origin::git::take_pkt_line(unread);
    ORIGIN_ASSERT(taken && *taken && unread.empty() && !line.contains('\n'));
    return 0;
}
