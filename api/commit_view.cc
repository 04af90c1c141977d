// SPDX-License-Identifier: Apache-2.0
#include "api/commit_view.h"

#include <boost/json.hpp>

#include "base/utf8.h"

namespace origin::api {
namespace {

namespace json = boost::json;

json::object ident_json(const git::Ident& ident) {
    return {{"name", printable(ident.name)},
            {"email", printable(ident.email)},
            {"time", rfc3339(ident.seconds * 1000)}};
}

/// Messages keep their line ends; what is not UTF-8 is shown as escapes.
std::string shown_text(const std::string& text) {
    return is_utf8(text) ? text : printable(text);
}

}  // namespace

Result<ProjectView> open_view(const Call& call, const auth::Permit& permit) {
    return read_store(call.around.store, [&](store::Reader& reader) {
        return git::open_view(reader, call.around.storage, permit);
    });
}

Result<git::Commit> read_commit(const git::ObjectStore& objects, const Oid& oid) {
    ORIGIN_TRY(data, objects.read_as(oid, git::ObjectType::Commit));
    return git::parse_commit(data);
}

json::object commit_json(const Oid& oid, const git::Commit& commit) {
    json::array parents;
    for (const Oid& parent : commit.parents) {
        parents.emplace_back(parent.hex());
    }
    return {{"commit", oid.hex()},
            {"tree", commit.tree.hex()},
            {"parents", std::move(parents)},
            {"author", ident_json(commit.author)},
            {"committer", ident_json(commit.committer)},
            {"signed", commit.has_signature},
            {"message", shown_text(commit.message)}};
}

}  // namespace origin::api
