// SPDX-License-Identifier: Apache-2.0
#include "deploy/site_files.h"

#include <algorithm>
#include <map>

#include "base/utf8.h"

namespace origin::deploy {
namespace {

constexpr int kLinksMax = 8;  // One after another.
constexpr std::size_t kNamedMax = 5;
constexpr std::uint32_t kExecuteBit = 0100;

std::unexpected<Error> refuse(std::string reason, std::string why) {
    return std::unexpected(Error(Code::InvalidInput, std::move(why)).because(std::move(reason)));
}

std::string join(std::string_view folder, std::string_view name) {
    return folder.empty() ? std::string(name) : std::string(folder) + "/" + std::string(name);
}

/// Where a link at `from` leads, from the site's root; nullopt: out of it.
std::optional<std::string> follow(std::string_view from, std::string_view link) {
    if (link.starts_with('/') || link.contains('\0')) {
        return std::nullopt;
    }
    std::vector<std::string_view> parts;
    const auto walk = [&](std::string_view path) {
        while (!path.empty()) {
            const std::string_view part = path.substr(0, path.find('/'));
            path.remove_prefix(std::min(path.size(), part.size() + 1));
            if (part == ".." && parts.empty()) {
                return false;
            }
            if (part == "..") {
                parts.pop_back();
            } else if (!part.empty() && part != ".") {
                parts.push_back(part);
            }
        }
        return true;
    };
    const std::size_t slash = from.rfind('/');
    if (!walk(slash == from.npos ? std::string_view() : from.substr(0, slash)) || !walk(link)) {
        return std::nullopt;
    }
    std::string path;
    for (const std::string_view part : parts) {
        path = join(path, part);
    }
    return path;
}

class Listing {
public:
    Listing(const git::ObjectStore& objects, const Oid& root) : objects_(objects), root_(root) {}

    Result<SiteFiles> run() {
        ORIGIN_CHECK(walk(root_, "", 0));
        if (site_.files.empty()) {
            return refuse("empty_site", "there is no file to deploy in this commit");
        }
        std::ranges::sort(site_.files, {}, &SiteFile::path);
        count(dotted_, "name that begins with a dot is", "names that begin with a dot are");
        count(submodules_, "submodule is", "submodules are");
        count(folder_links_, "link to a folder is", "links to folders are");
        note_case();
        return std::move(site_);
    }

private:
    Status walk(const Oid& tree, const std::string& folder, std::size_t depth) {
        if (depth > kSiteDepthMax) {
            return refuse("bad_file_name", "folders are nested deeper than 64");
        }
        ORIGIN_TRY(data, objects_.read_as(tree, git::ObjectType::Tree));
        git::TreeReader reader(data);
        while (true) {
            ORIGIN_TRY(entry, reader.next());
            if (!entry) {
                return {};
            }
            ORIGIN_CHECK(take(*entry, folder, depth));
        }
    }

    Status take(const git::TreeEntry& entry, const std::string& folder, std::size_t depth) {
        if (entry.name.starts_with('.') && !(folder.empty() && entry.name == ".well-known")) {
            ++dotted_;
            return {};
        }
        const std::string path = join(folder, entry.name);
        if (!is_utf8(entry.name) || !is_plain(entry.name)) {
            return refuse("bad_file_name",
                          "'" + printable(path) + "' cannot be deployed: file names are UTF-8, " +
                              "without control characters and backslashes");
        }
        if (entry.is_gitlink()) {
            ++submodules_;
            return {};
        }
        if (entry.is_tree()) {
            return walk(entry.oid, path, depth + 1);
        }
        if (entry.is_symlink()) {
            return take_link(path, entry.oid);
        }
        return add(path, entry);
    }

    Status take_link(const std::string& path, const Oid& link) {
        std::string at = path;
        Oid blob = link;
        for (int hops = 0; hops < kLinksMax; ++hops) {
            ORIGIN_TRY(text, objects_.read_as(blob, git::ObjectType::Blob));
            const auto next = follow(at, text);
            if (!next) {
                return refuse("link_leaves_site",
                              "'" + printable(path) + "' is a link that leads out of the site");
            }
            ORIGIN_TRY(entry, objects_.find_path(root_, *next));
            if (!entry) {
                return refuse("link_leaves_site",
                              "'" + printable(path) + "' is a link to nothing in the site");
            }
            if (entry->is_tree() || entry->is_gitlink()) {
                ++folder_links_;
                return {};
            }
            if (!entry->is_symlink()) {
                return add(path, *entry);
            }
            at = *next;
            blob = entry->oid;
        }
        return refuse("link_leaves_site", "'" + printable(path) + "' is a link in a circle");
    }

    Status add(const std::string& path, const git::TreeEntry& entry) {
        if (site_.files.size() == kSiteFilesMax) {
            return std::unexpected(Error(Code::LimitExceeded, "a site has at most 100,000 files")
                                       .because("too_many_files"));
        }
        site_.files.push_back({path, entry.oid, (entry.mode & kExecuteBit) != 0});
        return {};
    }

    static bool is_plain(std::string_view name) {
        return std::ranges::none_of(
            name, [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '\\'; });
    }

    void count(std::size_t n, std::string_view one, std::string_view more) {
        if (n > 0) {
            site_.notes.push_back(std::to_string(n) + " " + std::string(n == 1 ? one : more) +
                                  " left out");
        }
    }

    void note_case() {
        std::map<std::string, std::string_view> seen;
        std::size_t named = 0;
        for (const SiteFile& file : site_.files) {
            std::string folded = file.path;
            std::ranges::transform(folded, folded.begin(), [](unsigned char c) {
                return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c);
            });
            const auto [there, fresh] = seen.emplace(std::move(folded), file.path);
            if (!fresh && named++ < kNamedMax) {
                site_.notes.push_back("'" + printable(file.path) + "' and '" +
                                      printable(there->second) + "' differ in case alone");
            }
        }
    }

    const git::ObjectStore& objects_;
    Oid root_;
    SiteFiles site_;
    std::size_t dotted_ = 0;
    std::size_t submodules_ = 0;
    std::size_t folder_links_ = 0;
};

}  // namespace

Result<SiteFiles> list_site(const git::ObjectStore& objects,
                            const Oid& commit,
                            std::string_view publish_root) {
    ORIGIN_TRY(links, objects.commit_links(commit));
    ORIGIN_TRY(root, objects.find_path(links.tree, publish_root));
    if (!root || !root->is_tree()) {
        return refuse("no_publish_root",
                      "this commit has no folder '" + printable(publish_root) + "'");
    }
    return Listing(objects, root->oid).run();
}

}  // namespace origin::deploy
