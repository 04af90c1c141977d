// SPDX-License-Identifier: Apache-2.0
#include "githttp/sites.h"

#include "githttp/conditional.h"
#include "githttp/pages.h"
#include "net/door_codes.h"
#include "net/http_text.h"

namespace origin::githttp {
namespace {

using net::RequestHead;

constexpr std::string_view kNotFoundPage = "404.html";

/// One request to one tree.
struct Visit {
    const RequestHead& head;
    SiteTree& tree;
    const SiteRules& rules;
    std::string path;  // Decoded, without its leading slash.

    std::string slashed() const { return "/" + path; }
};

std::string etag_of(const SiteFile& file) {
    return "\"" + file.blob.hex() + "\"";
}

net::Response head_of(const Visit& visit, const SiteFile& file) {
    net::Response response;
    response.headers = {{"Content-Type", std::string(file.content_type)},
                        {"Cache-Control", "no-cache"},
                        {"X-Content-Type-Options", "nosniff"}};
    visit.rules.headers.apply(visit.slashed(), response.headers);
    return response;
}

/// A file as the answer to what is not there: it has no tag, and is sent whole.
Result<net::Response> send_as_404(const Visit& visit, const SiteFile& file) {
    ORIGIN_TRY(blob, visit.tree.blob(file.blob));
    net::Response response = head_of(visit, file);
    response.status = 404;
    blob.give(response, 0, blob.size_bytes());
    return response;
}

Result<net::Response> not_found(const Visit& visit) {
    ORIGIN_TRY(found, visit.tree.find(std::string(kNotFoundPage)));
    const auto* page = std::get_if<SiteFile>(&found);
    return page == nullptr ? plain(404, "There is no such page.") : send_as_404(visit, *page);
}

net::Response with_slash(const RequestHead& head) {
    net::Response response = plain(308, "The page is at the same address with a slash.");
    // site_path() refused "//": the target stays on this host.
    response.headers.push_back(
        {"Location", head.path + "/" + (head.query.empty() ? "" : "?" + head.query)});
    return response;
}

std::string content_range(const std::string& part, std::uint64_t size) {
    return "bytes " + part + "/" + std::to_string(size);
}

/// Gives the whole file, or the part that was asked for.
void give(const RequestHead& head,
          const std::string& etag,
          const KeptBlob& blob,
          net::Response& response) {
    const std::uint64_t size = blob.size_bytes();
    const std::string_view only_if = head.header("if-range");
    const bool may_be_part = head.method == "GET" && (only_if.empty() || only_if == etag);
    const RangeWish wish =
        may_be_part ? parse_range(head.header("range"), size) : RangeWish(WholeFile{});
    if (const auto* part = std::get_if<FilePart>(&wish)) {
        response.status = 206;
        response.headers.push_back(
            {"Content-Range",
             content_range(std::to_string(part->first) + "-" + std::to_string(part->last), size)});
        blob.give(response, part->first, part->last - part->first + 1);
    } else if (std::holds_alternative<NoSuchPart>(wish)) {
        response = plain(416, "The file is shorter than that.");
        response.headers.push_back({"Content-Range", content_range("*", size)});
    } else {
        blob.give(response, 0, size);
    }
}

Result<net::Response> send(const Visit& visit, const SiteFile& file) {
    const std::string etag = etag_of(file);
    net::Response response = head_of(visit, file);
    response.headers.push_back({"ETag", etag});
    response.headers.push_back({"Accept-Ranges", "bytes"});
    if (names_etag(visit.head.header("if-none-match"), etag)) {
        response.status = 304;
        return response;
    }
    ORIGIN_TRY(blob, visit.tree.blob(file.blob));
    give(visit.head, etag, blob, response);
    return response;
}

/// What a rule of `_redirects` says. A rewrite is not rewritten again.
Result<net::Response> redirect(const Visit& visit, const website::Redirection& redirection) {
    if (!redirection.is_rewrite()) {
        net::Response response = plain(redirection.status, "The page is at another address.");
        response.headers.push_back({"Location", redirection.target});
        return response;
    }
    const auto path = site_path(
        std::string_view(redirection.target).substr(0, redirection.target.find_first_of("?#")));
    if (!path) {
        return not_found(visit);
    }
    ORIGIN_TRY(found, visit.tree.find(*path));
    const auto* file = std::get_if<SiteFile>(&found);
    if (file == nullptr) {
        return not_found(visit);
    }
    return redirection.status == 404 ? send_as_404(visit, *file) : send(visit, *file);
}

Result<net::Response> serve(const RequestHead& head, SiteTree& tree, const std::string& path) {
    ORIGIN_TRY(rules, tree.rules());
    const Visit visit{.head = head, .tree = tree, .rules = *rules, .path = path};
    ORIGIN_TRY(found, tree.find(path));
    const bool is_there = !std::holds_alternative<NoFile>(found);
    if (const auto redirection =
            rules->redirects.find({.path = visit.slashed(), .query = head.query}, is_there)) {
        return redirect(visit, *redirection);
    }
    if (const auto* file = std::get_if<SiteFile>(&found)) {
        return send(visit, *file);
    }
    return is_there ? with_slash(head) : not_found(visit);
}

/// Previews: kept from search engines, shared caches and other sites' logs.
void make_private(net::Response& response) {
    for (net::Header& header : response.headers) {
        if (net::same_ignoring_case(header.name, "Cache-Control") && header.value != "no-store") {
            header.value = "private, no-cache";
        }
    }
    response.headers.push_back({"Referrer-Policy", "no-referrer"});
    response.headers.push_back({"X-Robots-Tag", "noindex"});
}

bool is_read(const RequestHead& head) {
    return head.method == "GET" || head.method == "HEAD";
}

}  // namespace

Sites::Sites(const Around& around)
    : publications_(around.store, around.storage),
      caches_(around.storage.root()),
      gate_(around.links, around.clock, around.urls.public_url().starts_with("https://")) {}

std::optional<net::Response> Sites::at_once(const RequestHead& head, const auth::SiteHost& host) {
    const auto path = is_read(head) ? site_path(head.path) : std::nullopt;
    const auto site = path ? publications_.at_hand(host) : std::nullopt;
    if (!site) {
        return std::nullopt;
    }
    SiteTree tree(caches_, site->root, nullptr);
    auto served = serve(head, tree, *path);
    return served ? std::optional(std::move(*served)) : std::nullopt;
}

net::Begun Sites::begin(const RequestHead& head, const auth::SiteHost& host) {
    return answer(head, host);
}

net::Response Sites::answer(const RequestHead& head, const auth::SiteHost& host) {
    if (!is_read(head)) {
        return read_only();
    }
    const auto path = site_path(head.path);
    if (!path) {
        return plain(404, "There is no such page.");
    }
    const bool preview = !host.label.empty();
    if (preview) {
        if (auto stopped = gate_.stop(head)) {
            return std::move(*stopped);
        }
    }
    auto opened = open(head, host, *path);
    net::Response response =
        opened ? std::move(*opened)
               : plain(net::http_status_of(opened.error().code()), "The page cannot be read now.");
    if (preview) {
        make_private(response);
    }
    return response;
}

Result<net::Response> Sites::open(const RequestHead& head,
                                  const auth::SiteHost& host,
                                  const std::string& path) {
    ORIGIN_TRY(found, publications_.find(host));
    if (!found) {
        return plain(404, "Nothing is published here.");
    }
    SiteTree tree(caches_, found->site.root, found->objects);
    return serve(head, tree, path);
}

}  // namespace origin::githttp
