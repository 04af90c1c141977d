// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "generator/blueprint/manifest.h"
#include "generator/blueprint/render.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

constexpr std::array<std::string_view, 10> kScripts = {
    "model", "values", "query", "csv", "store", "dom", "forms", "list", "boards", "app"};

std::string head_of(const App& app, const std::string& title) {
    std::string out =
        "<!doctype html>\n<html lang=\"en\">\n<head>\n  <meta charset=\"utf-8\">\n"
        "  <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "  <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'\">\n";
    out += "  <link rel=\"icon\" href=\"data:,\">\n";  // Else a browser asks for /favicon.ico.
    out += "  <title>" + html(title) + "</title>\n";
    if (!app.tagline.empty()) {
        out += "  <meta name=\"description\" content=\"" + html(app.tagline) + "\">\n";
    }
    for (const std::string_view sheet : {"app", "data", "theme", "custom"}) {
        out += "  <link rel=\"stylesheet\" href=\"assets/" + std::string(sheet) + ".css\">\n";
    }
    return out;
}

std::string scripts() {
    std::string out;
    for (const std::string_view name : kScripts) {
        if (name == "app") {
            out += "  <script src=\"assets/custom.js\" defer></script>\n";
        }
        out += "  <script src=\"assets/" + std::string(name) + ".js\" defer></script>\n";
    }
    return out;
}

std::string nav_of(const App& app, std::size_t current) {
    std::string out = "      <nav class=\"site-nav\" aria-label=\"Pages\">\n        <ul>\n";
    for (std::size_t at = 0; at < app.pages.size(); ++at) {
        out += "          <li data-page=\"" + app.pages[at].id + "\">\n            <a href=\"" +
               file_of(app, at) + "\"" + (at == current ? " aria-current=\"page\"" : "") + ">" +
               html(app.pages[at].title) + "</a>\n          </li>\n";
    }
    return out + "        </ul>\n      </nav>\n";
}

std::string header_of(const App& app, std::size_t current) {
    std::string out =
        "<body>\n  <a class=\"skip\" href=\"#content\">Skip to content</a>\n"
        "  <header class=\"site-header\">\n    <div class=\"bar\">\n";
    out += "      <a class=\"brand\" href=\"index.html\">" + html(app.name) + "</a>\n";
    if (app.pages.size() > 1) {
        out += nav_of(app, current);
    }
    if (app.theme.toggle) {
        out += "      <div data-theme-toggle></div>\n";
    }
    return out + "    </div>\n  </header>\n";
}

std::string footer_of(const App& app) {
    return "  <footer class=\"site-footer\">\n    <div class=\"bar\">\n      <p>" + html(app.name) +
           ". What you save stays in this browser.</p>\n    </div>\n  </footer>\n"
           "  <div id=\"toasts\" class=\"toasts\" aria-live=\"polite\"></div>\n</body>\n</html>\n";
}

std::string items_html(const std::vector<std::string>& items, std::string_view css) {
    std::string out = "      <ul class=\"" + std::string(css) + "\">\n";
    for (const std::string& item : items) {
        out += "        <li" + std::string(css == "tiles" ? " class=\"card\"" : "") +
               ">\n          " + html(item) + "\n        </li>\n";
    }
    return out + "      </ul>\n";
}

std::string fact_html(const std::string& name, const std::string& value) {
    std::string shown = html(value);
    if (name == "Email") {
        shown = "<a href=\"mailto:" + html(value) + "\">" + shown + "</a>";
    }
    if (name == "Phone") {
        shown = "<a href=\"tel:" + html(replace_all(value, " ", "")) + "\">" + shown + "</a>";
    }
    return "        <dt>" + html(name) + "</dt>\n        <dd>\n          " + shown +
           "\n        </dd>\n";
}

std::string facts_html(const Section& section) {
    std::string out = "      <dl class=\"facts\">\n";
    for (const std::string& item : section.items) {
        const auto equals = std::min(item.find('='), item.size() - 1);
        out += fact_html(item.substr(0, equals), item.substr(equals + 1));
    }
    return out + "      </dl>\n";
}

std::string links_html(const App& app, const Page& here) {
    std::string out = "      <ul class=\"tiles\">\n";
    for (std::size_t at = 0; at < app.pages.size(); ++at) {
        if (app.pages[at].id == here.id) {
            continue;
        }
        out += "        <li>\n          <a class=\"card\" href=\"" + file_of(app, at) + "\">" +
               html(app.pages[at].title) + "</a>\n        </li>\n";
    }
    return out + "      </ul>\n";
}

std::string mail_address(const App& app) {
    static constexpr std::string_view kMail = "Email=";
    for (const Page& page : app.pages) {
        for (const Section& section : page.sections) {
            const auto mail = std::ranges::find_if(
                section.items, [](const std::string& item) { return item.starts_with(kMail); });
            if (section.kind == "contact" && mail != section.items.end()) {
                return mail->substr(kMail.size());
            }
        }
    }
    return {};
}

std::string hero_html(const App& app, const Section& section) {
    std::string out = "    <section class=\"hero\" id=\"" + section.id + "\">\n      <h1>" +
                      html(section.title.empty() ? app.name : section.title) + "</h1>\n";
    if (!section.text.empty()) {
        out += "      <p>" + html(section.text) + "</p>\n";
    }
    if (!section.button_label.empty()) {
        out += "      <a class=\"button\" href=\"" + file_of_page(app, section.button_page) +
               "\">" + html(section.button_label) + "</a>\n";
    }
    return out + "    </section>\n";
}

std::string place_html(const App& app, const Section& section) {
    std::string out = "      <div data-view=\"" + section.kind + "\"";
    if (section.kind == "boards") {
        std::string ids;
        for (const std::string& id : section.items) {
            ids += (ids.empty() ? "" : " ") + id;
        }
        return out + " data-boards=\"" + ids + "\"></div>\n";
    }
    out += " data-entity=\"" + section.entity + "\"";
    if (section.kind == "form") {
        out += " data-submit=\"" + html(section.button_label) + "\"";
        if (const auto mail = mail_address(app); !mail.empty()) {
            out += " data-mailto=\"" + html(mail) + "\"";
        }
    }
    return out + "></div>\n";
}

std::string section_html(const App& app, const Page& page, const Section& section) {
    if (section.kind == "hero") {
        return hero_html(app, section);
    }
    const bool card = section.kind == "hours" || section.kind == "contact";
    std::string out =
        "    <section id=\"" + html(section.id) + "\"" + (card ? " class=\"card\"" : "") + ">\n";
    const bool lists = std::ranges::count(page.sections, "list", &Section::kind) > 1;
    std::string title = section.title;
    if (section.kind == "list" && (lists || page.id == "home")) {
        const std::string& plural = app.entity(section.entity)->plural;
        if (plural != app.name) {
            title = plural;
        }
    }
    if (title == page.title) {
        title.clear();
    }
    if (!title.empty()) {
        out += "      <h2>" + html(title) + "</h2>\n";
    }
    if (!section.text.empty()) {
        out += "      <p>" + html(section.text) + "</p>\n";
    }
    if (section.kind == "tiles") {
        out += items_html(section.items, "tiles");
    }
    if (section.kind == "hours") {
        out += items_html(section.items, "hours");
    }
    if (section.kind == "contact") {
        out += facts_html(section);
    }
    if (section.kind == "links") {
        out += links_html(app, page);
    }
    if (section.kind == "list" || section.kind == "form" || section.kind == "boards") {
        out += place_html(app, section);
    }
    return out + "    </section>\n";
}

}  // namespace

std::string html(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string page_html(const App& app, std::size_t index) {
    const Page& page = app.pages[index];
    const bool home = page.id == "home" || app.pages.size() == 1;
    std::string out = head_of(app, home ? app.name : page.title + " \xC2\xB7 " + app.name);
    out += scripts() + "</head>\n" + header_of(app, index);
    out += "  <main id=\"content\">\n";
    const bool hero =
        std::ranges::find(page.sections, "hero", &Section::kind) != page.sections.end();
    if (!hero) {
        out += "    <h1>" + html(home ? app.name : page.title) + "</h1>\n";
        if (index == 0 && !app.tagline.empty()) {
            out += "    <p class=\"lead\">" + html(app.tagline) + "</p>\n";
        }
    }
    for (const Section& section : page.sections) {
        out += section_html(app, page, section);
    }
    return out + "  </main>\n" + footer_of(app);
}

void render_pages(const App& app, Files& files) {
    for (std::size_t at = 0; at < app.pages.size(); ++at) {
        files[file_of(app, at)] = page_html(app, at);
    }
    App bare;  // Without navigation: the page may be served from any depth.
    bare.name = app.name;
    files["404.html"] = head_of(app, "Not found \xC2\xB7 " + app.name) + "</head>\n" +
                        header_of(bare, 0) +
                        "  <main id=\"content\">\n    <h1>There is no such page</h1>\n"
                        "    <p><a href=\"index.html\">Go to the start</a></p>\n  </main>\n" +
                        footer_of(app);
    files["robots.txt"] = "User-agent: *\nAllow: /\n";
}

}  // namespace origin::generator
