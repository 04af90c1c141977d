// SPDX-License-Identifier: Apache-2.0
#include "githttp/sites.h"

#include <algorithm>
#include <array>

#include "githttp/conditional.h"
#include "githttp/pages.h"
#include "githttp/ticket_cookie.h"
#include "net/door_codes.h"
#include "net/http_text.h"

namespace origin::githttp {
namespace {

using net::RequestHead;

constexpr std::string_view kNotFoundPage = "404.html";
constexpr std::size_t kUsualHeaders = 8;

/// One request to one tree.
struct Visit {
    const RequestHead& head;
    SiteTree& tree;
    const SiteRules& rules;
    std::string path;  // Decoded, without its leading slash.

    std::string slashed() const { return "/" + path; }
};

net::Response head_of(const Visit& visit, const SiteFile& file) {
    net::Response response;
    response.headers.reserve(kUsualHeaders);  // A list in braces would be copied.
    response.headers.push_back({"Content-Type", std::string(file.content_type)});
    response.headers.push_back({"Cache-Control", "no-cache"});
    response.headers.push_back({"X-Content-Type-Options", "nosniff"});
    if (website::is_compressible(file.content_type)) {
        response.headers.push_back({"Vary", "Accept-Encoding"});
    }
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

/// The same address with a slash more, or less.
net::Response with_other_slash(const RequestHead& head) {
    const bool has_one = head.path.ends_with('/');
    // site_path() refused "//": the target stays on this host.
    const std::string path = has_one ? head.path.substr(0, head.path.size() - 1) : head.path + "/";
    net::Response response = plain(308, "The page is at the same address, but for the last slash.");
    response.headers.push_back({"Location", path + (head.query.empty() ? "" : "?" + head.query)});
    return response;
}

std::string content_range(const std::string& part, std::uint64_t size) {
    return "bytes " + part + "/" + std::to_string(size);
}

constexpr std::array<website::Coding, 3> kCodings = {
    website::Coding::Brotli, website::Coding::Gzip, website::Coding::Identity};

std::string etag_of(const SiteFile& file, website::Coding coding) {
    const std::string_view name = website::name_of(coding);
    return "\"" + file.blob.hex() + (name.empty() ? "" : "-") + std::string(name) + "\"";
}

/// The file without a coding: the whole, or the part that was asked for.
void give_as_it_is(const RequestHead& head,
                   const SiteFile& file,
                   const KeptBlob& blob,
                   net::Response& response) {
    const std::string etag = etag_of(file, website::Coding::Identity);
    response.headers.push_back({"Accept-Ranges", "bytes"});
    response.headers.push_back({"ETag", etag});
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

/// The codings that may answer this request. A part is of the file as it is.
website::AcceptedCodings accepted_by(const RequestHead& head) {
    return website::AcceptedCodings::parse(
        head.has_header("range") ? std::string_view() : head.header("accept-encoding"));
}

/// The tag that the visitor has already, of a coding that it takes; empty: none.
std::string known_etag(const RequestHead& head, const SiteFile& file, bool may_be_coded) {
    const std::string_view sent = head.header("if-none-match");
    const auto accepted = accepted_by(head);
    for (const website::Coding coding : kCodings) {
        const bool possible = coding == website::Coding::Identity || may_be_coded;
        if (!possible || !accepted.takes(coding)) {
            continue;
        }
        if (std::string etag = etag_of(file, coding); names_etag(sent, etag)) {
            return etag;
        }
    }
    return {};
}

/// The file in the coding that is most welcome, if it is there.
void give_best(const Visit& visit,
               const SiteFile& file,
               const KeptBlob& blob,
               net::Response& response) {
    const auto coding = accepted_by(visit.head).best();
    const bool may_be_coded = blob.text && blob.text->size() >= website::kCodedFileBytesMin &&
                              blob.text->size() <= website::kCodedFileBytesMax;
    const auto coded = coding != website::Coding::Identity && may_be_coded
                           ? visit.tree.coded(coding, file.blob, blob)
                           : nullptr;
    if (!coded) {
        give_as_it_is(visit.head, file, blob, response);
        return;
    }
    response.headers.push_back({"ETag", etag_of(file, coding)});
    response.headers.push_back({"Content-Encoding", std::string(website::name_of(coding))});
    response.shared = {.owner = coded, .bytes = *coded};
}

Result<net::Response> send(const Visit& visit, const SiteFile& file) {
    net::Response response = head_of(visit, file);
    const bool may_be_coded = website::is_compressible(file.content_type);
    if (visit.head.has_header("if-none-match")) {
        if (std::string etag = known_etag(visit.head, file, may_be_coded); !etag.empty()) {
            response.status = 304;
            response.headers.push_back({"ETag", std::move(etag)});
            return response;
        }
    }
    ORIGIN_TRY(blob, visit.tree.blob(file.blob));
    if (may_be_coded) {
        give_best(visit, file, blob, response);
        return response;
    }
    give_as_it_is(visit.head, file, blob, response);
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

/// The page of a single-page application, for what looks like one of its pages.
Result<net::Response> fall_back(const Visit& visit, bool spa) {
    const std::string_view last = std::string_view(visit.path).substr(visit.path.rfind('/') + 1);
    if (spa && !last.contains('.')) {
        ORIGIN_TRY(found, visit.tree.find({}));
        if (const auto* page = std::get_if<SiteFile>(&found)) {
            return send(visit, *page);
        }
    }
    return not_found(visit);
}

Result<net::Response> serve(const RequestHead& head,
                            SiteTree& tree,
                            const Publication& site,
                            const std::string& path) {
    ORIGIN_TRY(rules, tree.rules());
    const Visit visit{.head = head, .tree = tree, .rules = *rules, .path = path};
    ORIGIN_TRY(found, tree.find(path));
    const bool is_there = !std::holds_alternative<NoFile>(found);
    // "%2F" at the end is decoded, but cannot be left out of the address.
    const bool has_no_slash = std::holds_alternative<HasNoSlash>(found);
    if (has_no_slash && !head.path.ends_with('/')) {
        return not_found(visit);
    }
    if (const auto redirection =
            rules->redirects.find({.path = visit.slashed(), .query = head.query}, is_there)) {
        return redirect(visit, *redirection);
    }
    if (const auto* file = std::get_if<SiteFile>(&found)) {
        return send(visit, *file);
    }
    return is_there ? with_other_slash(head) : fall_back(visit, site.spa);
}

void set_header(net::Response& response, std::string_view name, std::string_view value) {
    std::erase_if(response.headers, [&](const net::Header& header) {
        return net::same_ignoring_case(header.name, name);
    });
    response.headers.push_back({std::string(name), std::string(value)});
}

/// What not everybody may see: kept from search engines, shared caches and other sites' logs.
void make_private(net::Response& response) {
    const auto caching = std::ranges::find_if(response.headers, [](const net::Header& header) {
        return net::same_ignoring_case(header.name, "Cache-Control");
    });
    if (caching == response.headers.end() || caching->value != "no-store") {
        set_header(response, "Cache-Control", "private, no-cache");
    }
    set_header(response, "Referrer-Policy", "no-referrer");
    set_header(response, "X-Robots-Tag", "noindex");
}

/// A Host header's name; empty if what follows its colon is no port.
std::string_view name_in(std::string_view host) {
    const std::string_view name = without_port(host);
    const std::string_view port = host.substr(std::min(name.size() + 1, host.size()));
    const bool good = port.find_first_not_of("0123456789") == std::string_view::npos;
    return good ? name : std::string_view();
}

bool is_read(const RequestHead& head) {
    return head.method == "GET" || head.method == "HEAD";
}

}  // namespace

Sites::Sites(const Around& around)
    : publications_(around.store, around.storage),
      caches_(around.storage.root(), around.codings, around.later, around.metrics),
      gate_(around.links, around.clock, around.urls.public_url().starts_with("https://")),
      passwords_({.links = around.links,
                  .clock = around.clock,
                  .open = around.open_secret,
                  .secure = around.urls.public_url().starts_with("https://")}) {}

Result<std::optional<auth::SiteHost>> Sites::find_host(std::string_view host) {
    return publications_.find_host(std::string(name_in(host)));
}

std::optional<auth::SiteHost> Sites::host_at_hand(std::string_view host) {
    return publications_.host_at_hand(name_in(host));
}

std::optional<net::Response> Sites::at_once(const RequestHead& head, const auth::SiteHost& host) {
    const auto path = is_read(head) ? site_path(head.path) : std::nullopt;
    const auto site = path ? publications_.at_hand(host) : nullptr;
    if (!site || site->access != website::Access::Public) {
        return std::nullopt;
    }
    SiteTree tree(caches_, site->root, nullptr);
    auto served = serve(head, tree, *site, *path);
    return served ? std::optional(std::move(*served)) : std::nullopt;
}

net::Begun Sites::begin(const RequestHead& head, const auth::SiteHost& host) {
    if (head.method == "POST" && head.path == kLoginPath) {
        return login(head, host);
    }
    return answer(head, host);
}

net::Begun Sites::login(const RequestHead& head, const auth::SiteHost& host) {
    auto found = is_of_a_ref(host) ? Result<std::optional<Opened>>() : publications_.find(host);
    const bool takes_one = found && *found && (*found)->site->access == website::Access::Password;
    return takes_one ? passwords_.login(head, (*found)->site) : net::Begun(read_only());
}

net::Response Sites::answer(const RequestHead& head, const auth::SiteHost& host) {
    if (!is_read(head)) {
        return read_only();
    }
    const auto path = site_path(head.path);
    if (!path) {
        return plain(404, "There is no such page.");
    }
    if (is_of_a_ref(host)) {  // Before any walk of the history.
        if (auto stopped = gate_.stop(head)) {
            return std::move(*stopped);
        }
    }
    const auto found = publications_.find(host);
    if (!found) {
        return plain(net::http_status_of(found.error().code()), "The page cannot be read now.");
    }
    const Publication* site = *found ? (*found)->site.get() : nullptr;
    if (auto stopped = stop(head, host, site)) {
        return std::move(*stopped);
    }
    net::Response response = show(head, *path, *found);
    if (site != nullptr ? site->access != website::Access::Public : !host.label.empty()) {
        make_private(response);
    }
    return response;
}

std::optional<net::Response> Sites::stop(const RequestHead& head,
                                         const auth::SiteHost& host,
                                         const Publication* site) const {
    // A label without a site says no more than one of a site that wants a link.
    const auto nobodys = host.label.empty() ? website::Access::Public : website::Access::Link;
    switch (site != nullptr ? site->access : nobodys) {
        case website::Access::Public:
            return std::nullopt;
        case website::Access::Password:
            return passwords_.stop(head, *site);
        case website::Access::Link:
            break;
    }
    return is_of_a_ref(host) ? std::nullopt : gate_.stop(head);
}

net::Response Sites::show(const RequestHead& head,
                          const std::string& path,
                          const std::optional<Opened>& found) {
    if (!found) {
        return plain(404, "Nothing is published here.");
    }
    SiteTree tree(caches_, found->site->root, found->objects);
    auto served = serve(head, tree, *found->site, path);
    return served
               ? std::move(*served)
               : plain(net::http_status_of(served.error().code()), "The page cannot be read now.");
}

}  // namespace origin::githttp
