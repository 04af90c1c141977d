// SPDX-License-Identifier: Apache-2.0
#include "api/file_actions.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>

#include "base/utf8.h"
#include "crypto/encode.h"
#include "generator/validator.h"
#include "git/odb/dot_names.h"
#include "git/serve/path_lookup.h"

namespace origin::api {
namespace {

using Kind = FileActionKind;

struct KindName {
    std::string_view name;
    Kind kind;
};
constexpr auto kKinds = std::to_array<KindName>({{"create", Kind::Create},
                                                 {"update", Kind::Update},
                                                 {"delete", Kind::Delete},
                                                 {"move", Kind::Move},
                                                 {"chmod", Kind::Chmod}});

std::unexpected<Error> refuse(std::string reason, std::string text) {
    return std::unexpected(Error(Code::InvalidInput, std::move(text)).because(std::move(reason)));
}

std::string in_quotes(std::string_view path) {
    return "'" + printable(path) + "'";
}

Result<std::uint32_t> mode_of(const std::optional<std::string>& text, Kind kind) {
    if (!text) {
        return 0U;
    }
    if (*text == "100644") {
        return git::kModeFile;
    }
    if (*text == "100755") {
        return git::kModeExecutable;
    }
    if (*text == "120000" && kind != Kind::Chmod) {
        return git::kModeSymlink;
    }
    return refuse(
        "bad_mode",
        kind == Kind::Chmod ? "'mode' is 100644 or 100755" : "'mode' is 100644, 100755 or 120000");
}

struct Needs {
    bool given;
    bool needed;
    bool taken;
    std::string_view name;
};

/// Which fields go with which action.
Status check_fields(const FileFields& fields, Kind kind, bool has_content) {
    const bool writes = kind == Kind::Create || kind == Kind::Update;
    const auto needs = std::to_array<Needs>({
        {has_content, writes, writes || kind == Kind::Move, "content"},
        {fields.encoding.has_value(), false, writes || kind == Kind::Move, "encoding"},
        {fields.from.has_value(), kind == Kind::Move, kind == Kind::Move, "from"},
        {fields.mode.has_value(), kind == Kind::Chmod, kind != Kind::Delete, "mode"},
    });
    for (const Needs& need : needs) {
        if (need.given && !need.taken) {
            return refuse("unknown_field",
                          fields.action + " takes no '" + std::string(need.name) +
                              "': " + in_quotes(fields.path));
        }
        if (need.needed && !need.given) {
            return refuse(
                "missing_field",
                "'" + std::string(need.name) + "' is missing for " + in_quotes(fields.path));
        }
    }
    return {};
}

/// The actions against what the base has; makes the edits.
class Fitting {
public:
    Fitting(std::vector<FileAction> actions, git::PathLookup lookup)
        : actions_(std::move(actions)), lookup_(std::move(lookup)) {}

    Result<git::TreeEdits> run() {
        ORIGIN_CHECK(collect());
        for (auto& [path, place] : places_) {
            ORIGIN_TRY(found, lookup_.find(path));
            place.found = std::move(found);
            if (place.action->kind == Kind::Delete && place.found.entry &&
                place.found.entry->is_tree()) {
                dropped_folders_.insert(path);
            }
        }
        for (auto& [path, place] : places_) {
            ORIGIN_CHECK(place.begins ? fit_new(path, place) : fit_old(path, place));
        }
        for (FileAction& action : actions_) {
            ORIGIN_CHECK(add_edit(action));
        }
        return std::move(edits_);
    }

private:
    struct Place {
        FileAction* action;
        bool begins;  // A file comes to be here: nothing may be there yet.
        git::PathLookup::Found found = {};
    };

    Status collect() {
        for (FileAction& action : actions_) {
            const bool begins = action.kind == Kind::Create || action.kind == Kind::Move;
            ORIGIN_CHECK(add_place(action.path, {&action, begins}));
            if (action.kind == Kind::Move) {
                ORIGIN_CHECK(add_place(action.from, {&action, false}));
            }
        }
        return {};
    }

    Status add_place(const std::string& path, Place place) {
        if (!places_.emplace(path, std::move(place)).second) {
            return refuse("path_conflict", in_quotes(path) + " comes twice in this commit");
        }
        return {};
    }

    bool is_below_dropped(const std::string& path) const {
        for (std::size_t slash = path.find('/'); slash != std::string::npos;
             slash = path.find('/', slash + 1)) {
            if (dropped_folders_.contains(path.substr(0, slash))) {
                return true;
            }
        }
        return false;
    }

    bool is_removed(const std::string& path) const {
        const auto at = places_.find(path);
        return at != places_.end() && !at->second.begins &&
               (at->second.action->kind == Kind::Delete || at->second.action->kind == Kind::Move);
    }

    Status fit_new(const std::string& path, const Place& place) const {
        if (place.found.entry && !is_below_dropped(path)) {
            return refuse("path_exists", in_quotes(path) + " exists already");
        }
        if (!place.found.file_above.empty() && !is_removed(place.found.file_above)) {
            return refuse(
                "path_conflict",
                in_quotes(place.found.file_above) + " is a file: nothing can be below it");
        }
        return {};
    }

    Status fit_old(const std::string& path, const Place& place) const {
        const auto& entry = place.found.entry;
        const Kind kind = place.action->kind;
        if (!entry) {
            return refuse("missing_path", "there is no " + in_quotes(path));
        }
        if (is_below_dropped(path)) {
            return refuse("path_conflict", "the folder of " + in_quotes(path) + " is deleted");
        }
        const bool brings = place.action->content.has_value();
        if (kind != Kind::Delete && (entry->is_tree() || (entry->is_gitlink() && brings))) {
            return refuse("not_a_file", in_quotes(path) + " is not a file");
        }
        const bool is_regular = !entry->is_symlink() && !entry->is_gitlink();
        if (place.action->mode != 0 && !brings && !is_regular) {
            return refuse("bad_mode", in_quotes(path) + " is no regular file: its mode is fixed");
        }
        return {};
    }

    Status add_edit(FileAction& action) {
        if (action.kind == Kind::Delete) {
            edits_.emplace(action.path, std::nullopt);
            return {};
        }
        git::FileEdit edit;
        if (action.kind != Kind::Create) {
            const std::string& old = action.kind == Kind::Move ? action.from : action.path;
            const git::TreeEntry& entry = *places_.at(old).found.entry;
            edit = {.mode = canonical(entry.mode), .content = entry.oid};
        }
        if (action.mode != 0) {
            edit.mode = action.mode;
        }
        if (action.content) {
            edit.content = std::move(*action.content);
        }
        edits_.emplace(action.path, std::move(edit));
        if (action.kind == Kind::Move) {
            edits_.emplace(action.from, std::nullopt);
        }
        return {};
    }

    /// Trees of 2005 have modes like 100664.
    static std::uint32_t canonical(std::uint32_t mode) {
        constexpr std::uint32_t kRegular = 0100000;
        if ((mode & 0170000) != kRegular) {
            return mode;
        }
        return (mode & 0100) != 0 ? git::kModeExecutable : git::kModeFile;
    }

    std::vector<FileAction> actions_;
    git::PathLookup lookup_;
    std::map<std::string, Place> places_;
    std::set<std::string> dropped_folders_;
    git::TreeEdits edits_;
};

}  // namespace

Status check_path(std::string_view path) {
    bool fits = !path.empty() && path.size() <= kPathBytesMax && !path.contains('\0');
    for (std::string_view rest = path; fits;) {
        const std::size_t slash = rest.find('/');
        const std::string_view part = rest.substr(0, slash);
        fits = !part.empty() && part != "." && part != ".." && !git::is_dotgit(part);
        if (slash == std::string_view::npos) {
            break;
        }
        rest.remove_prefix(slash + 1);
    }
    if (!fits) {
        return refuse("bad_path",
                      in_quotes(path.substr(0, kPathComponentBytesMax)) +
                          " is not a path: 1 to 1024 bytes, no empty, '.', '..' or '.git' part");
    }
    return {};
}

FileFields FileFields::read(Fields& in) {
    FileFields fields;
    fields.action = in.text("action");
    fields.path = in.text("path");
    fields.from = in.maybe_text("from");
    fields.mode = in.maybe_text("mode");
    fields.content = in.maybe_text("content");
    fields.encoding = in.maybe_text("encoding");
    return fields;
}

Result<std::string> decoded_content(std::string content,
                                    const std::optional<std::string>& encoding,
                                    const std::string& what) {
    if (!encoding || *encoding == "utf-8") {
        return content;
    }
    if (*encoding != "base64") {
        return refuse("bad_encoding", "'encoding' is utf-8 or base64");
    }
    auto bytes = crypto::base64_decode(content);
    if (!bytes) {
        return refuse("bad_encoding", "the content of " + in_quotes(what) + " is not base64");
    }
    return std::move(*bytes);
}

Result<FileAction> file_action(FileFields fields, bool content_follows) {
    const auto named = std::ranges::find(kKinds, fields.action, &KindName::name);
    if (named == kKinds.end()) {
        return refuse("bad_action", "'action' is create, update, delete, move or chmod");
    }
    const Kind kind = named->kind;
    const bool begins = kind == Kind::Create || kind == Kind::Move;
    ORIGIN_CHECK(begins ? generator::validate_path(fields.path) : check_path(fields.path));
    ORIGIN_CHECK(check_fields(fields, kind, fields.content || content_follows));
    FileAction action;
    action.kind = kind;
    action.path = std::move(fields.path);
    if (fields.from) {
        ORIGIN_CHECK(check_path(*fields.from));
        action.from = std::move(*fields.from);
    }
    ORIGIN_TRY(mode, mode_of(fields.mode, kind));
    action.mode = mode;
    if (fields.content) {
        ORIGIN_TRY(content,
                   decoded_content(std::move(*fields.content), fields.encoding, action.path));
        action.content = std::move(content);
    } else if (content_follows) {
        action.content = std::string();
    }
    return action;
}

Result<git::TreeEdits> edits_of(std::vector<FileAction> actions,
                                const git::ObjectStore& objects,
                                const std::optional<Oid>& base) {
    return Fitting(std::move(actions), git::PathLookup(objects, base)).run();
}

}  // namespace origin::api
