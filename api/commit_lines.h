// SPDX-License-Identifier: Apache-2.0
// api/commit_lines: a commit as a stream of JSON lines (application/x-ndjson): one `commit`, then
// `file`s, each followed by the `chunk`s of its content if it has an id, then `end`.
// In: bytes in pieces of any length. Out: the commit's wish and its actions; the contents are in a
// spool. Memory: a line, its content, and the paths.
//
//   {"commit": {"branch": "main", "message": "m"}}
//   {"file": {"action": "create", "path": "a.txt", "content": "a\n"}}
//   {"file": {"action": "create", "path": "b.bin", "id": "b"}}
//   {"chunk": {"file": "b", "content": "AAEC", "encoding": "base64"}}
//   {"end": true}
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/commit_limits.h"
#include "api/file_actions.h"
#include "api/new_commit.h"
#include "base/bytes.h"
#include "git/serve/spooled_pack.h"

namespace origin::api {

/// The shape of a line: every field of every kind.
BodyShape commit_line_shape();

class CommitLines {
public:
    struct Bounds {
        std::uint64_t file_bytes_max = kApiFileBytesMax;
        std::uint64_t content_bytes_max = kCommitContentBytesMax;
    };
    explicit CommitLines(git::Spool& spool) : CommitLines(spool, Bounds()) {}
    CommitLines(git::Spool& spool, const Bounds& bounds) : spool_(spool), bounds_(bounds) {}

    /// Errors: InvalidInput, naming the line: those of a body and of file_action, and `bad_line`
    ///         (not exactly one of the four kinds), `bad_order`, `unknown_file`; LimitExceeded
    ///         `line_too_large`, `chunk_too_large`, `file_too_large`, `commit_too_large`,
    ///         `too_many_items`; those of the spool.
    Status feed(Bytes piece);
    /// The stream is over. Errors: those of feed; InvalidInput `stream_cut_off`.
    Status finish();

    const CommitWish& wish() const { return wish_; }
    std::vector<git::SpooledFile>& contents() { return contents_; }
    /// The actions, with the ids that contents() has by now. Call it once.
    std::vector<FileAction> take_actions();

private:
    enum class Expect : std::uint8_t { Commit, Files, Nothing };

    Status take_line(std::string_view line);
    Status read_line(std::string_view text);
    Status take_commit(CommitWish wish);
    Status take_file(FileFields fields, std::optional<std::string> id);
    Status take_chunk(const std::string& file,
                      std::string content,
                      const std::optional<std::string>& encoding);
    Status spool(std::string_view content);

    struct Action {
        FileAction action;
        std::optional<std::size_t> content;  // In contents_.
    };

    git::Spool& spool_;
    Bounds bounds_;
    Expect expect_ = Expect::Commit;
    std::string line_;  // So far.
    std::size_t line_number_ = 1;
    CommitWish wish_;
    std::vector<Action> actions_;
    std::vector<git::SpooledFile> contents_;
    std::set<std::string, std::less<>> ids_;
    std::string open_id_;  // Whose chunks come now; empty: no file's.
};

}  // namespace origin::api
