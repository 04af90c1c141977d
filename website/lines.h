// SPDX-License-Identifier: Apache-2.0
// website/lines: a control file as lines, and what is said about the lines that are not obeyed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace origin::website {

inline constexpr std::size_t kControlFileBytesMax = 256 * 1024;
inline constexpr std::size_t kControlLineBytesMax = 4096;
inline constexpr std::size_t kNotesMax = 20;  // The rest are counted.

/// What people read in the deployment's log.
class Notes {
public:
    explicit Notes(std::string_view file) : file_(file) {}

    /// "_redirects, line 3: `why`". Line 0: of the file as a whole.
    void add(std::size_t line, std::string_view why);
    /// At most kNotesMax and a last one that says how many more there were.
    std::vector<std::string> take();

private:
    std::string file_;
    std::vector<std::string> notes_;
    std::size_t left_out_ = 0;
};

struct Line {
    std::size_t number = 0;  // From 1.
    std::string_view text;   // Without the blanks around it; never empty, never a comment.
    bool indented = false;
};

/// The lines of `text` that say something. A file that is too large has none, a line that is too
/// long or holds a control character is left out; notes say so. Lifetime: views into `text`.
std::vector<Line> lines_of(std::string_view text, Notes& notes);

/// Takes the next word off `text`; empty at its end.
std::string_view take_word(std::string_view& text);

/// The part of a text that may be repeated in a note: printable, at most 80 bytes.
std::string shown(std::string_view text);

}  // namespace origin::website
