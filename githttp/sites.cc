// SPDX-License-Identifier: Apache-2.0
#include "githttp/sites.h"

#include "githttp/conditional.h"
#include "githttp/pages.h"
#include "net/door_codes.h"

namespace origin::githttp {
namespace {

using net::RequestHead;

constexpr std::string_view kNotFoundPage = "404.html";

Result<net::Response> not_found(const Publication& site) {
    ORIGIN_TRY(found, find_site_file(*site.objects, site.root, std::string(kNotFoundPage)));
    const auto* page = std::get_if<SiteFile>(&found);
    if (page == nullptr) {
        return plain(404, "There is no such page.");
    }
    ORIGIN_TRY(data, site.objects->read_as(page->blob, git::ObjectType::Blob));
    net::Response response = plain(404, {});
    response.headers[0].value = page->content_type;
    response.body = std::move(data);
    return response;
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

/// Cuts the body down to what was asked for.
void apply_range(const RequestHead& head, const std::string& etag, net::Response& response) {
    const std::string_view only_if = head.header("if-range");
    if (head.method != "GET" || (!only_if.empty() && only_if != etag)) {
        return;
    }
    const std::uint64_t size = response.body.size();
    const RangeWish wish = parse_range(head.header("range"), size);
    if (const auto* part = std::get_if<FilePart>(&wish)) {
        response.status = 206;
        response.headers.push_back(
            {"Content-Range",
             content_range(std::to_string(part->first) + "-" + std::to_string(part->last), size)});
        response.body = response.body.substr(part->first, part->last - part->first + 1);
    } else if (std::holds_alternative<NoSuchPart>(wish)) {
        response = plain(416, "The file is shorter than that.");
        response.headers.push_back({"Content-Range", content_range("*", size)});
    }
}

Result<net::Response> send(const RequestHead& head, const Publication& site, const SiteFile& file) {
    const std::string etag = "\"" + file.blob.hex() + "\"";
    net::Response response;
    response.headers = {{"Content-Type", std::string(file.content_type)},
                        {"Cache-Control", "no-cache"},
                        {"X-Content-Type-Options", "nosniff"},
                        {"ETag", etag},
                        {"Accept-Ranges", "bytes"}};
    if (names_etag(head.header("if-none-match"), etag)) {
        response.status = 304;
        return response;
    }
    ORIGIN_TRY(data, site.objects->read_as(file.blob, git::ObjectType::Blob));
    response.body = std::move(data);
    apply_range(head, etag, response);
    return response;
}

/// Previews: kept from search engines, shared caches and other sites' logs.
void make_private(net::Response& response) {
    for (net::Header& header : response.headers) {
        if (header.name == "Cache-Control" && header.value == "no-cache") {
            header.value = "private, no-cache";
        }
    }
    response.headers.push_back({"Referrer-Policy", "no-referrer"});
    response.headers.push_back({"X-Robots-Tag", "noindex"});
}

}  // namespace

Sites::Sites(const Around& around)
    : publications_(around.store, around.storage),
      gate_(around.links, around.clock, around.urls.public_url().starts_with("https://")) {}

net::Begun Sites::begin(const RequestHead& head, const auth::SiteHost& host) {
    return answer(head, host);
}

net::Response Sites::answer(const RequestHead& head, const auth::SiteHost& host) {
    if (head.method != "GET" && head.method != "HEAD") {
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
    auto served = serve(head, host, *path);
    net::Response response =
        served ? std::move(*served)
               : plain(net::http_status_of(served.error().code()), "The page cannot be read now.");
    if (preview) {
        make_private(response);
    }
    return response;
}

Result<net::Response> Sites::serve(const RequestHead& head,
                                   const auth::SiteHost& host,
                                   const std::string& path) {
    ORIGIN_TRY(site, publications_.find(host));
    if (!site) {
        return plain(404, "Nothing is published here.");
    }
    ORIGIN_TRY(found, find_site_file(*site->objects, site->root, path));
    if (const auto* file = std::get_if<SiteFile>(&found)) {
        return send(head, *site, *file);
    }
    return std::holds_alternative<NeedsSlash>(found) ? with_slash(head) : not_found(*site);
}

}  // namespace origin::githttp
