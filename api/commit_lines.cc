// SPDX-License-Identifier: Apache-2.0
#include "api/commit_lines.h"

#include <algorithm>

#include "base/utf8.h"

namespace origin::api {
namespace {

std::unexpected<Error> refuse(std::string reason, std::string text) {
    return std::unexpected(Error(Code::InvalidInput, std::move(text)).because(std::move(reason)));
}

std::unexpected<Error> too_large(std::string reason, const std::string& what, std::uint64_t most) {
    return std::unexpected(
        Error(Code::LimitExceeded, what + " has at most " + std::to_string(most / kMiB) + " MiB")
            .because(std::move(reason)));
}

/// One line: exactly one of its kinds.
struct Line {
    std::optional<CommitWish> commit;
    std::optional<FileFields> file;
    std::optional<std::string> id;
    struct Chunk {
        std::string file;
        std::string content;
        std::optional<std::string> encoding;
    };
    std::optional<Chunk> chunk;
    bool end = false;

    static Line read(Fields& in) {
        Line line;
        in.object("commit", [&](Fields& inner) { line.commit = CommitWish::read(inner); });
        in.object("file", [&](Fields& inner) {
            line.file = FileFields::read(inner);
            line.id = inner.maybe_text("id");
        });
        in.object("chunk", [&](Fields& inner) {
            line.chunk.emplace(inner.text("file"), inner.text("content"), std::nullopt);
            line.chunk->encoding = inner.maybe_text("encoding");
        });
        line.end = in.flag("end");
        return line;
    }

    int kinds() const {
        return (commit ? 1 : 0) + (file ? 1 : 0) + (chunk ? 1 : 0) + (end ? 1 : 0);
    }
};

}  // namespace

BodyShape commit_line_shape() {
    return shape_of<Line>();
}

Status CommitLines::feed(Bytes piece) {
    std::string_view rest = text_of(piece);
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        const std::string_view part = rest.substr(0, end);
        if (part.size() > kCommitLineBytesMax - line_.size()) {
            return std::unexpected(
                Error(Code::LimitExceeded,
                      "line " + std::to_string(line_number_) + ": a line has at most 6 MiB")
                    .because("line_too_large"));
        }
        line_ += part;
        if (end == std::string_view::npos) {
            return {};
        }
        ORIGIN_CHECK(take_line(line_));
        line_.clear();
        ++line_number_;
        rest.remove_prefix(end + 1);
    }
    return {};
}

Status CommitLines::finish() {
    if (!line_.empty()) {
        ORIGIN_CHECK(take_line(line_));
    }
    if (expect_ != Expect::Nothing) {
        return refuse("stream_cut_off", "the stream stops before its 'end' line");
    }
    return {};
}

Status CommitLines::take_line(std::string_view line) {
    const Status taken = read_line(line);
    if (taken) {
        return {};
    }
    const Error& error = taken.error();
    return std::unexpected(
        Error(error.code(),
              "line " + std::to_string(line_number_) + ": " + error.told_to_peer(),
              error.kept_in_log())
            .because(std::string(error.reason())));
}

Status CommitLines::read_line(std::string_view text) {
    if (expect_ == Expect::Nothing) {
        return refuse("bad_order", "nothing may come after the 'end' line");
    }
    ORIGIN_TRY(line, read_body<Line>(text));
    if (line.kinds() != 1) {
        return refuse("bad_line", "a line is one of 'commit', 'file', 'chunk' and 'end'");
    }
    if (line.commit) {
        return take_commit(std::move(*line.commit));
    }
    if (expect_ == Expect::Commit) {
        return refuse("bad_order", "the first line is the 'commit'");
    }
    if (line.file) {
        return take_file(std::move(*line.file), std::move(line.id));
    }
    if (line.chunk) {
        return take_chunk(line.chunk->file, std::move(line.chunk->content), line.chunk->encoding);
    }
    expect_ = Expect::Nothing;
    return {};
}

Status CommitLines::take_commit(CommitWish wish) {
    if (expect_ != Expect::Commit) {
        return refuse("bad_order", "the 'commit' comes once, as the first line");
    }
    ORIGIN_CHECK(check_message(wish.message));
    wish_ = std::move(wish);
    expect_ = Expect::Files;
    return {};
}

Status CommitLines::take_file(FileFields fields, std::optional<std::string> id) {
    open_id_.clear();
    if (actions_.size() == kCommitActionsMax) {
        return std::unexpected(
            Error(Code::LimitExceeded,
                  "a commit has at most " + std::to_string(kCommitActionsMax) + " files")
                .because("too_many_items"));
    }
    if (id && fields.content) {
        return refuse("bad_line", "a file has its 'content' in its line or an 'id', not both");
    }
    if (id && (id->empty() || id->size() > kCommitFileIdBytesMax || !ids_.insert(*id).second)) {
        return refuse("bad_line", "an 'id' has 1 to 64 bytes and is not used twice");
    }
    ORIGIN_TRY(action, file_action(std::move(fields), id.has_value()));
    Action& added = actions_.emplace_back(std::move(action), std::nullopt);
    if (!added.action.content) {
        return {};
    }
    added.content = contents_.size();
    contents_.push_back({.offset = spool_.size(), .size = 0, .oid = {}});
    open_id_ = id.value_or("");
    const std::string content = std::get<std::string>(std::move(*added.action.content));
    added.action.content = std::string();
    return spool(content);
}

Status CommitLines::take_chunk(const std::string& file,
                               std::string content,
                               const std::optional<std::string>& encoding) {
    if (!ids_.contains(file)) {
        return refuse("unknown_file", "no file line has the id '" + printable(file) + "'");
    }
    if (file != open_id_) {
        return refuse("bad_order", "a chunk comes right after its file or that file's last chunk");
    }
    ORIGIN_TRY(bytes, decoded_content(std::move(content), encoding, actions_.back().action.path));
    if (bytes.size() > kCommitChunkBytesMax) {
        return too_large("chunk_too_large", "a chunk", kCommitChunkBytesMax);
    }
    return spool(bytes);
}

Status CommitLines::spool(std::string_view content) {
    git::SpooledFile& file = contents_.back();
    if (file.size + content.size() > bounds_.file_bytes_max) {
        return too_large("file_too_large", "a file", bounds_.file_bytes_max);
    }
    if (spool_.size() + content.size() > bounds_.content_bytes_max) {
        return too_large("commit_too_large", "what a commit brings", bounds_.content_bytes_max);
    }
    file.size += content.size();
    return spool_.append(content);
}

std::vector<FileAction> CommitLines::take_actions() {
    std::vector<FileAction> actions;
    actions.reserve(actions_.size());
    for (Action& action : actions_) {
        if (action.content) {
            action.action.content = contents_[*action.content].oid;
        }
        actions.push_back(std::move(action.action));
    }
    actions_.clear();
    return actions;
}

}  // namespace origin::api
