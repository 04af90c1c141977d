// SPDX-License-Identifier: Apache-2.0
// generator/blueprint/blocks: requirement text as blocks, a subset of CommonMark.
// In: normalised text. Out: headings, paragraphs, list items, table rows, in order, with line
// numbers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace origin::generator {

enum class BlockKind { Heading, Paragraph, Item, TableHead, TableRow, Code, Quote };

struct Block {
    BlockKind kind = BlockKind::Paragraph;
    int line = 0;   // 1 = the first line of the text.
    int level = 0;  // Heading: 1..6. Item: nesting, 0 = outermost.
    bool ordered = false;
    bool unchecked = false;            // "- [ ] ..."
    std::string text{};                // Markers taken off; a paragraph keeps its line ends.
    std::vector<std::string> cells{};  // Of a table row.
};

/// Errors: LimitExceeded `requirement_too_large` above kRequirementBytesMax or
/// kRequirementLinesMax.
Result<std::vector<Block>> read_blocks(std::string_view text);

}  // namespace origin::generator
