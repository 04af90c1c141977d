// SPDX-License-Identifier: Apache-2.0
#include "hooks/github_things.h"

#include <array>
#include <utility>

#include <boost/json.hpp>

#include "base/utf8.h"
#include "git/odb/repository.h"

namespace origin::hooks {
namespace {

namespace json = boost::json;

using Url = std::pair<std::string_view, std::string_view>;

// What stands behind a repository's URL.
constexpr std::array<Url, 37> kRepositoryUrls = {
    {{"forks_url", "/forks"},
     {"keys_url", "/keys{/key_id}"},
     {"collaborators_url", "/grants{/collaborator}"},
     {"teams_url", "/teams"},
     {"hooks_url", "/webhooks"},
     {"issue_events_url", "/issues/events{/number}"},
     {"events_url", "/events"},
     {"assignees_url", "/assignees{/user}"},
     {"branches_url", "/branches{/branch}"},
     {"tags_url", "/tags"},
     {"blobs_url", "/git/blobs{/sha}"},
     {"git_tags_url", "/git/tags{/sha}"},
     {"git_refs_url", "/refs{/sha}"},
     {"trees_url", "/tree{/sha}"},
     {"statuses_url", "/commits/{sha}/statuses"},
     {"languages_url", "/languages"},
     {"stargazers_url", "/stargazers"},
     {"contributors_url", "/contributors"},
     {"subscribers_url", "/subscribers"},
     {"subscription_url", "/subscription"},
     {"commits_url", "/commits{/sha}"},
     {"git_commits_url", "/commits{/sha}"},
     {"comments_url", "/comments{/number}"},
     {"issue_comment_url", "/issues/comments{/number}"},
     {"contents_url", "/file?path={+path}"},
     {"compare_url", "/compare?base={base}&head={head}"},
     {"merges_url", "/merge"},
     {"archive_url", "/archive{/ref}"},
     {"downloads_url", "/downloads"},
     {"issues_url", "/issues{/number}"},
     {"pulls_url", "/pulls{/number}"},
     {"milestones_url", "/milestones{/number}"},
     {"notifications_url", "/notifications"},
     {"labels_url", "/labels{/name}"},
     {"releases_url", "/releases{/id}"},
     {"deployments_url", "/deployments"},
     {"url", ""}}};

constexpr std::array<Url, 9> kUserUrls = {{{"followers_url", "/followers"},
                                           {"following_url", "/following{/other_user}"},
                                           {"gists_url", "/gists{/gist_id}"},
                                           {"starred_url", "/starred{/owner}{/repo}"},
                                           {"subscriptions_url", "/subscriptions"},
                                           {"organizations_url", "/orgs"},
                                           {"repos_url", "/repos"},
                                           {"events_url", "/events{/privacy}"},
                                           {"received_events_url", "/received_events"}}};

std::string shown(const std::string& text) {
    return is_utf8(text) ? text : printable(text);
}

json::object person(const git::Ident& ident) {
    return {{"name", shown(ident.name)}, {"email", shown(ident.email)}};
}

/// Adds `added`, `removed` and `modified`.
Status add_files(json::object& body,
                 const git::ObjectStoreRef& objects,
                 const git::Commit& commit) {
    std::optional<Oid> base;
    if (!commit.parents.empty()) {
        ORIGIN_TRY(links, objects->commit_links(commit.parents.front()));
        base = links.tree;
    }
    git::PackBuilder builder(objects);
    git::Repository repository(builder);
    git::DiffOptions options;
    options.files_max = kGithubFilesMax;
    ORIGIN_TRY(diff, repository.diff(base, commit.tree, options));
    for (const git::DiffEntry& entry : diff.files) {
        const char* list = entry.status == git::DiffStatus::Added     ? "added"
                           : entry.status == git::DiffStatus::Deleted ? "removed"
                                                                      : "modified";
        body[list].as_array().emplace_back(shown(entry.path));
    }
    return {};
}

}  // namespace

std::int64_t github_number(std::string_view raw_id) {
    // FNV-1a: stable, and as good as random below 2^53.
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char c : raw_id) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    }
    constexpr std::uint64_t kBelow = 1ULL << 53U;
    return static_cast<std::int64_t>(hash % kBelow);
}

std::string github_repository_url(const auth::Urls& urls, const ProjectId& id) {
    return urls.api("/projects/" + id.str());
}

json::object github_user(const auth::Urls& urls, const GithubClient& client) {
    const std::string url = urls.api("/clients/" + client.id.str());
    json::object body{{"login", client.row.slug},
                      {"id", github_number(client.id.view())},
                      {"node_id", client.id.str()},
                      {"avatar_url", url},
                      {"gravatar_id", ""},
                      {"url", url},
                      {"html_url", url},
                      {"type", "User"},
                      {"site_admin", false}};
    for (const auto& [name, path] : kUserUrls) {
        body[name] = url + std::string(path);
    }
    return body;
}

json::object github_repository(const auth::Urls& urls, const GithubProject& project) {
    const store::ProjectRow& row = project.row;
    const std::string full_name = project.owner.row.slug + "/" + row.slug;
    const std::string code = urls.code(full_name);
    constexpr std::string_view kHeads = "refs/heads/";
    json::object body{{"id", github_number(project.id.view())},
                      {"node_id", project.id.str()},
                      {"name", row.slug},
                      {"full_name", full_name},
                      {"private", !row.is_public},
                      {"owner", github_user(urls, project.owner)},
                      {"html_url", urls.public_url() + "/" + full_name},
                      {"description", row.name},
                      {"fork", false},
                      {"created_at", rfc3339(row.created_at)},
                      {"updated_at", rfc3339(row.created_at)},
                      {"pushed_at", nullptr},
                      {"git_url", code},
                      {"ssh_url", code},
                      {"clone_url", code},
                      {"svn_url", code},
                      {"homepage", urls.site(row.site)},
                      {"mirror_url", nullptr},
                      {"license", nullptr},
                      {"language", nullptr},
                      {"default_branch",
                       row.head.starts_with(kHeads) ? row.head.substr(kHeads.size()) : row.head},
                      {"visibility", row.is_public ? "public" : "private"},
                      {"topics", json::array()},
                      {"custom_properties", json::object()}};
    for (const char* count : {"size",
                              "stargazers_count",
                              "watchers_count",
                              "forks_count",
                              "open_issues_count",
                              "forks",
                              "open_issues",
                              "watchers"}) {
        body[count] = 0;
    }
    for (const char* flag : {"has_issues",
                             "has_projects",
                             "has_downloads",
                             "has_wiki",
                             "has_pages",
                             "archived",
                             "is_template",
                             "web_commit_signoff_required"}) {
        body[flag] = false;
    }
    const std::string url = github_repository_url(urls, project.id);
    for (const auto& [name, path] : kRepositoryUrls) {
        body[name] = url + std::string(path);
    }
    return body;
}

std::optional<json::object> github_commit(const auth::Urls& urls,
                                          const ProjectId& project,
                                          const git::ObjectStoreRef& objects,
                                          const Oid& commit) {
    const auto bytes = objects->read_as(commit, git::ObjectType::Commit);
    if (!bytes) {
        return std::nullopt;
    }
    const auto parsed = git::parse_commit(*bytes);
    if (!parsed) {
        return std::nullopt;
    }
    json::object body{{"id", commit.hex()},
                      {"tree_id", parsed->tree.hex()},
                      {"distinct", true},
                      {"message", shown(parsed->message)},
                      {"timestamp", rfc3339(parsed->committer.seconds * 1000)},
                      {"url", github_repository_url(urls, project) + "/commits/" + commit.hex()},
                      {"author", person(parsed->author)},
                      {"committer", person(parsed->committer)},
                      {"added", json::array()},
                      {"removed", json::array()},
                      {"modified", json::array()}};
    // A tree that cannot be compared leaves the lists as far as they are.
    [[maybe_unused]] const Status listed = add_files(body, objects, *parsed);
    return body;
}

}  // namespace origin::hooks
