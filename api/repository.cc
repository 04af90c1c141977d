// SPDX-License-Identifier: Apache-2.0
// /api/projects/{project}/{branches,tags,refs,commits,tree,file}: reading without a checkout.
#include <algorithm>
#include <charconv>
#include <queue>
#include <unordered_set>

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/commit_view.h"
#include "api/diff_view.h"
#include "api/endpoints.h"
#include "api/moment.h"
#include "api/views.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "crypto/encode.h"
#include "git/serve/reflog.h"

namespace origin::api {
namespace {

namespace json = boost::json;

/// The query's `at` as a time; nullopt: now. Errors: InvalidInput `bad_time`.
Result<std::optional<UnixMillis>> asked_time(const Call& call) {
    if (!call.query.get("at")) {
        return std::optional<UnixMillis>();
    }
    ORIGIN_TRY(at, parse_moment(call.asked("at")));
    if (at > call.now()) {
        return std::unexpected(
            Error(Code::InvalidInput, "'at' is in the future").because("bad_time"));
    }
    return std::optional(at);
}

/// The shown refs below `prefix`, sorted; the cursor is the last name shown.
Answer refs_answer(const Call& call, std::string_view prefix, std::string_view field) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Read));
    ORIGIN_TRY(wish, page_wish(call));
    ORIGIN_TRY(at, asked_time(call));
    ORIGIN_TRY(view, open_view(call, permit));
    if (at) {
        ORIGIN_TRY(then, read_store(call.around.store, [&](store::Reader& reader) {
                       return git::refs_at(reader, permit.project(), *view.fetch.objects, *at);
                   }));
        view.fetch.refs = std::move(then);
    }
    json::array rows;
    std::string next;
    for (const git::AdvertisedRef& ref : view.fetch.refs.refs) {
        if (!ref.name.starts_with(prefix) || ref.name <= wish.after) {
            continue;
        }
        if (rows.size() == wish.limit) {
            const json::object& last = rows.back().as_object();
            next = opaque(std::string(last.at("ref").as_string()));
            break;
        }
        json::object row{{"name", ref.name.substr(prefix.size())},
                         {"ref", ref.name},
                         {"commit", ref.peeled.value_or(ref.oid).hex()},
                         {"object", ref.oid.hex()}};
        if (prefix == "refs/heads/") {
            row["isDefault"] = ref.name == view.project.head;
        }
        rows.push_back(std::move(row));
    }
    return page_answer(field, std::move(rows), next);
}

struct Step {
    std::int64_t seconds;
    Oid oid;
    bool operator<(const Step& other) const {
        return std::pair(seconds, oid) < std::pair(other.seconds, other.oid);
    }
};

/// Commits from `tip` back, newest first: those after the first `skip`, at most `limit` and one
/// more. Errors: LimitExceeded `too_far_back`.
Result<std::vector<Oid>> walk(const git::ObjectStore& objects,
                              const Oid& tip,
                              std::size_t skip,
                              std::size_t limit) {
    if (skip > kApiWalkCommitsMax) {
        return std::unexpected(Error(Code::LimitExceeded, "fetch the repository to see older ones")
                                   .because("too_far_back"));
    }
    std::priority_queue<Step> queue;
    std::unordered_set<Oid, OidHash> seen;
    std::vector<Oid> commits;
    const auto add = [&](const Oid& oid) -> Status {
        if (seen.insert(oid).second) {
            ORIGIN_TRY(links, objects.commit_links(oid));
            queue.push({links.committed_seconds, oid});
        }
        return {};
    };
    ORIGIN_CHECK(add(tip));
    for (std::size_t place = 0; !queue.empty() && commits.size() <= limit; ++place) {
        const Oid oid = queue.top().oid;
        queue.pop();
        if (place >= skip) {
            commits.push_back(oid);
        }
        ORIGIN_TRY(links, objects.commit_links(oid));
        for (const Oid& parent : links.parents) {
            ORIGIN_CHECK(add(parent));
        }
    }
    return commits;
}

/// A page of history stays the same while the branch moves on: its cursor names the tip.
struct HistoryCursor {
    Oid tip;
    std::size_t skip = 0;

    std::string text() const { return opaque(tip.hex() + ":" + std::to_string(skip)); }
    static Result<HistoryCursor> parse(const std::string& text) {
        const auto tip = Oid::from_hex(text.substr(0, kOidHexDigits));
        HistoryCursor cursor{.tip = tip.value_or(Oid{}), .skip = 0};
        const char* end = text.data() + text.size();
        if (!tip || text.size() < kOidHexDigits + 2 || text[kOidHexDigits] != ':' ||
            std::from_chars(text.data() + kOidHexDigits + 1, end, cursor.skip).ptr != end) {
            return std::unexpected(Error(Code::InvalidInput, "this cursor belongs to another list")
                                       .because("bad_cursor"));
        }
        return cursor;
    }
};

struct Found {
    ProjectView view;
    Oid commit;
    std::optional<git::TreeEntry> entry;  // What `path` means; its name is empty.
    std::string path;
};

/// What `ref` and `path` of the query mean.
Result<Found> find_path(const Call& call) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Read));
    ORIGIN_TRY(view, open_view(call, permit));
    ORIGIN_TRY(commit, shown_commit(view, call.asked("ref")));
    ORIGIN_TRY(links, view.fetch.objects->commit_links(commit));
    std::string path(call.asked("path"));
    while (path.ends_with('/')) {
        path.pop_back();
    }
    if (path.size() > kPathBytesMax) {
        return std::unexpected(Error(Code::NotFound, "no such path"));
    }
    ORIGIN_TRY(entry, view.fetch.objects->find_path(links.tree, path));
    return Found{std::move(view), commit, entry, std::move(path)};
}

std::unexpected<Error> no_such_path(const Found& found) {
    return std::unexpected(
        Error(Code::NotFound, "there is no '" + printable(found.path) + "' in this commit")
            .because("path_not_found"));
}

std::string_view kind_of(const git::TreeEntry& entry) {
    if (entry.is_tree()) {
        return "tree";
    }
    if (entry.is_gitlink()) {
        return "submodule";
    }
    return entry.is_symlink() ? "symlink" : "file";
}

std::string octal(std::uint32_t mode) {
    std::string text = "000000";
    for (std::size_t i = text.size(); i-- > 0; mode >>= 3) {
        text[i] = static_cast<char>('0' + (mode & 7));
    }
    return text;
}

Answer file_json(const Found& found, const std::string& content) {
    const bool is_text = is_utf8(content);
    return json_answer(200,
                       {{"path", found.path},
                        {"commit", found.commit.hex()},
                        {"object", found.entry->oid.hex()},
                        {"mode", octal(found.entry->mode)},
                        {"size", content.size()},
                        {"encoding", is_text ? "utf-8" : "base64"},
                        {"content", is_text ? content : crypto::base64(content)}});
}

/// A file is bytes here, never a page: a browser must not run it on the API's host.
net::Response raw_file(const Found& found, std::string content) {
    net::Response response;
    response.headers = {{"Content-Type", "application/octet-stream"},
                        {"Content-Disposition", "attachment"},
                        {"Content-Security-Policy", "sandbox; default-src 'none'"},
                        {"X-Content-Type-Options", "nosniff"},
                        {"Cache-Control", "private, no-cache"},
                        {"X-Origin-Commit", found.commit.hex()},
                        {"X-Origin-Mode", octal(found.entry->mode)}};
    response.body = std::move(content);
    return response;
}

}  // namespace

Answer list_branches(const Call& call) {
    return refs_answer(call, "refs/heads/", "branches");
}

Answer list_tags(const Call& call) {
    return refs_answer(call, "refs/tags/", "tags");
}

Answer list_refs(const Call& call) {
    return refs_answer(call, "", "refs");
}

Answer list_commits(const Call& call) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Read));
    ORIGIN_TRY(wish, page_wish(call));
    ORIGIN_TRY(view, open_view(call, permit));
    HistoryCursor place;
    if (!wish.after.empty()) {
        ORIGIN_TRY(cursor, HistoryCursor::parse(wish.after));
        ORIGIN_CHECK(shown_commit(view, cursor.tip.hex()));
        place = cursor;
    } else if (call.asked("ref").empty() && !view.fetch.refs.head.oid) {
        return page_answer("commits", {}, {});  // An empty project has no commits, not an error.
    } else {
        ORIGIN_TRY(tip, shown_commit(view, call.asked("ref")));
        place.tip = tip;
    }
    ORIGIN_TRY(commits, walk(*view.fetch.objects, place.tip, place.skip, wish.limit));
    std::string next;
    if (commits.size() > wish.limit) {
        commits.resize(wish.limit);
        next = HistoryCursor{place.tip, place.skip + wish.limit}.text();
    }
    json::array rows;
    for (const Oid& oid : commits) {
        ORIGIN_TRY(commit, read_commit(*view.fetch.objects, oid));
        rows.push_back(commit_json(oid, commit));
    }
    return page_answer("commits", std::move(rows), next);
}

Answer get_commit(const Call& call) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Read));
    ORIGIN_TRY(view, open_view(call, permit));
    ORIGIN_TRY(oid, shown_commit(view, call.param("sha")));
    ORIGIN_TRY(commit, read_commit(*view.fetch.objects, oid));
    std::optional<Oid> before;
    if (!commit.parents.empty()) {
        ORIGIN_TRY(links, view.fetch.objects->commit_links(commit.parents.front()));
        before = links.tree;
    }
    json::object body = commit_json(oid, commit);
    ORIGIN_CHECK(add_diff(body, view.fetch.objects, {before, commit.tree, {}, false}));
    return json_answer(200, body);
}

Answer get_tree(const Call& call) {
    ORIGIN_TRY(wish, page_wish(call));
    ORIGIN_TRY(found, find_path(call));
    if (!found.entry || !found.entry->is_tree()) {
        return no_such_path(found);
    }
    ORIGIN_TRY(data, found.view.fetch.objects->read_as(found.entry->oid, git::ObjectType::Tree));
    git::TreeReader reader(data);
    json::array rows;
    std::string next;
    bool is_after = wish.after.empty();
    while (true) {
        ORIGIN_TRY(entry, reader.next());
        if (!entry) {
            break;
        }
        if (!is_after) {
            is_after = entry->name == wish.after;
            continue;
        }
        if (rows.size() == wish.limit) {
            next = opaque(std::string(rows.back().as_object().at("name").as_string()));
            break;
        }
        const std::string name(entry->name);
        rows.push_back({{"name", name},
                        {"path", found.path.empty() ? name : found.path + "/" + name},
                        {"type", kind_of(*entry)},
                        {"mode", octal(entry->mode)},
                        {"object", entry->oid.hex()}});
    }
    return page_answer("entries", std::move(rows), next);
}

Answer get_file(const Call& call) {
    ORIGIN_TRY(found, find_path(call));
    if (!found.entry || found.entry->is_tree() || found.entry->is_gitlink()) {
        return no_such_path(found);
    }
    const std::string etag = "\"" + found.entry->oid.hex() + "\"";
    const std::string_view known = call.head.header("if-none-match");
    if (known == "*" || known.contains(etag)) {
        net::Response same;
        same.status = 304;
        same.headers = {{"ETag", etag}};
        return same;
    }
    ORIGIN_TRY(header, found.view.fetch.objects->header(found.entry->oid));
    if (header.size > kApiFileBytesMax) {
        return std::unexpected(
            Error(Code::LimitExceeded, "this file is too large for the API: fetch it with Git")
                .because("file_too_large"));
    }
    ORIGIN_TRY(content, found.view.fetch.objects->read_as(found.entry->oid, git::ObjectType::Blob));
    const bool as_json = call.head.header("accept").starts_with("application/json");
    ORIGIN_TRY(reply,
               as_json ? file_json(found, content) : Answer(raw_file(found, std::move(content))));
    std::get<net::Response>(reply).headers.push_back({"ETag", etag});
    return std::move(reply);
}

}  // namespace origin::api
