// SPDX-License-Identifier: Apache-2.0
// api/file_actions: what a commit does to files: create, update, delete, move, chmod.
// In: the actions as a peer wrote them, and the tree they are meant for. Out: edits of that tree,
// or the first action that does not fit it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "git/odb/object_store.h"
#include "git/odb/tree_edit.h"
#include "json/fields.h"

namespace origin::api {

/// The fields of one action, as they came.
struct FileFields {
    std::string action;
    std::string path;
    std::optional<std::string> from;
    std::optional<std::string> mode;
    std::optional<std::string> content;
    std::optional<std::string> encoding;

    static FileFields read(Fields& in);
};

enum class FileActionKind : std::uint8_t { Create, Update, Delete, Move, Chmod };

/// One action that is right in itself.
struct FileAction {
    FileActionKind kind = FileActionKind::Create;
    std::string path;
    std::string from;        // Of a move.
    std::uint32_t mode = 0;  // 0: none was given.
    std::optional<std::variant<std::string, Oid>> content;
};

/// A path that may be there already: old projects have names that no new file may get.
/// Errors: InvalidInput `bad_path`.
Status check_path(std::string_view path);

/// `content` as `encoding` ("utf-8", the default, or "base64") means it.
/// Errors: InvalidInput `bad_encoding`, naming `what`.
Result<std::string> decoded_content(std::string content,
                                    const std::optional<std::string>& encoding,
                                    const std::string& what);

/// `content_follows`: the content comes in chunks of its own (NDJSON); `content` of the result is
/// empty text, to which they are appended.
/// Errors: InvalidInput `bad_action`, `bad_path`, `bad_mode`, `bad_encoding`, `missing_field`,
///         `unknown_field` (a field that this action does not take).
Result<FileAction> file_action(FileFields fields, bool content_follows = false);

/// Every path is one of `base` (nullopt: the empty tree), whatever the other actions do; so no path
/// may be named twice. Deleting a folder deletes what is in it; a path below may be created anew.
/// Errors: InvalidInput `path_exists`, `missing_path`, `path_conflict`, `not_a_file`, `bad_mode`.
Result<git::TreeEdits> edits_of(std::vector<FileAction> actions,
                                const git::ObjectStore& objects,
                                const std::optional<Oid>& base);

}  // namespace origin::api
