// SPDX-License-Identifier: Apache-2.0
#include "api/diff_view.h"

#include <boost/json.hpp>

#include "api/views.h"
#include "base/utf8.h"
#include "git/odb/repository.h"

namespace origin::api {
namespace {

namespace json = boost::json;

std::string_view word_for(git::DiffStatus status) {
    switch (status) {
        case git::DiffStatus::Added:
            return "added";
        case git::DiffStatus::Deleted:
            return "deleted";
        case git::DiffStatus::Modified:
            return "modified";
        case git::DiffStatus::Renamed:
            return "renamed";
        case git::DiffStatus::TypeChanged:
            return "type_changed";
    }
    return "modified";
}

}  // namespace

Status add_diff(json::object& body, const git::ObjectStoreRef& objects, const DiffWish& wish) {
    git::PackBuilder builder(objects);
    git::Repository repository(builder);
    git::DiffOptions options;
    options.find_renames = true;
    options.count_lines = true;
    options.path_prefix = wish.path;
    ORIGIN_TRY(diff, repository.diff(wish.old_tree, wish.new_tree, options));
    json::array files;
    for (const git::DiffEntry& entry : diff.files) {
        json::object file{{"path", printable(entry.path)},
                          {"status", word_for(entry.status)},
                          {"oldObject", oid_json(entry.old_oid)},
                          {"newObject", oid_json(entry.new_oid)},
                          {"linesAdded", entry.lines_added},
                          {"linesDeleted", entry.lines_deleted},
                          {"binary", entry.is_binary}};
        if (entry.status == git::DiffStatus::Renamed) {
            file["oldPath"] = printable(entry.old_path);
        }
        files.push_back(std::move(file));
    }
    body["files"] = std::move(files);
    body["truncated"] = diff.is_truncated;
    if (wish.with_patch) {
        ORIGIN_TRY(patch, repository.patch(wish.old_tree, wish.new_tree, options));
        body["patch"] = is_utf8(patch.text) ? patch.text : printable(patch.text);
        body["patchTruncated"] = patch.is_truncated;
    }
    return {};
}

}  // namespace origin::api
