// SPDX-License-Identifier: Apache-2.0
// git/wire/archive_request: what a client asks git-upload-archive for.
// In: lines `argument <text>`, then a flush. Out: a request, or why it is none.
// Source: git-archive(1), git-upload-archive(1); gitprotocol-common(5) for the lines.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "git/wire/pkt_line.h"

namespace origin::git {

struct ArchiveRequest {
    std::string format = "tar";
    std::string prefix;
    std::string revision;            // A ref's name or an id.
    std::vector<std::string> paths;  // Without slashes at their ends.
    bool lists_formats = false;      // `--list`: nothing else is asked for.
};

/// Limits: kArgumentsMax lines, kBytesMax bytes in all.
class ArchiveRequestParser {
public:
    static constexpr std::size_t kArgumentsMax = 64;  // As git's own.
    static constexpr std::size_t kBytesMax = 64 * std::size_t{1024};

    /// Takes what belongs to the request off the front of `chunk`.
    /// Returns: true when it is complete. Errors: InvalidInput (broken lines); LimitExceeded.
    Result<bool> feed(Bytes& chunk);

    /// Of a complete one. Errors: InvalidInput: no revision, an option that is unknown or not
    /// served here, no `argument` in front.
    Result<ArchiveRequest> take() const;

private:
    PktReader reader_{kBytesMax};
    std::vector<std::string> arguments_;
    bool is_complete_ = false;
};

/// "ACK": the answer follows in bands. Appends the line and its flush.
void append_archive_ack(std::string& out);
/// "NACK <why>": there is none.
void append_archive_nack(std::string& out, std::string_view why);

}  // namespace origin::git
