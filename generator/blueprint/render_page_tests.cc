// SPDX-License-Identifier: Apache-2.0
// Tests of pages and theme: navigation, texts copied verbatim, colours.
#include <algorithm>

#include "generator/blueprint/colours.h"
#include "generator/blueprint/json_text.h"
#include "generator/blueprint/manifest.h"
#include "generator/blueprint/render_parts.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

void test_text(TestFile& file,
               const std::string& claim,
               const std::string& page,
               const std::vector<std::string>& texts) {
    std::string code = "  const text = textOf(read('" + page + "'));\n";
    for (const std::string& text : texts) {
        if (!text.empty()) {
            code += "  assert.ok(text.includes(" + quoted(text) + "));\n";
        }
    }
    file.add(claim, "stands on the page word for word", code);
}

void test_section(TestFile& file, const App& app, const Page& page, const Section& section) {
    const std::string here = file_of_page(app, page.id);
    const std::string stem = "section:" + page.id + ".";
    if (section.kind == "hero") {
        if (!section.title.empty()) {
            file.add(stem + "hero",
                     "has the headline",
                     put("  const heading = /<h1>(.*?)<\\/h1>/s.exec(read('$page'))[1];\n"
                         "  assert.equal(textOf(heading), $title);\n",
                         {{"page", here}, {"title", quoted(section.title)}}));
        }
        if (!section.text.empty()) {
            test_text(file, stem + "subtitle", here, {section.text});
        }
        if (!section.button_label.empty()) {
            file.add(
                stem + "button",
                "leads on",
                put("  const [, href, label] = /<a class=\"button\" "
                    "href=\"([^\"]*)\">(.*?)<\\/a>/s.exec(read('$page'));\n"
                    "  assert.equal(textOf(label), $label);\n  assert.equal(href, '$target');\n",
                    {{"page", here},
                     {"label", quoted(section.button_label)},
                     {"target", file_of_page(app, section.button_page)}}));
        }
    }
    if (section.kind == "text") {
        test_text(file, stem + section.id, here, {section.text});
    }
    if (section.kind == "tiles") {
        test_text(file, stem + section.id, here, section.items);
    }
    if (section.kind == "hours") {
        test_text(file, stem + "hours", here, section.items);
    }
    if (section.kind == "contact") {
        std::vector<std::string> texts;
        texts.reserve(section.items.size());
        for (const auto& item : section.items) {
            texts.push_back(item.substr(item.find('=') + 1));
        }
        test_text(file, stem + "contact", here, texts);
    }
    if (section.kind == "form") {
        file.add("form:" + page.id + "." + section.entity,
                 "keeps a message and refuses an empty one",
                 put("  const page = openPage('$page');\n  page.find('form').dispatch('submit');\n"
                     "  assert.equal(page.store.all('$entity').length, 0);\n"
                     "  fillForm(page, sample(page.App, page.store, '$entity'));\n"
                     "  assert.equal(page.store.all('$entity').length, 1);\n"
                     "  assert.match(page.document.body.textContent, /has not been delivered/);\n",
                     {{"page", here}, {"entity", section.entity}}));
    }
}

void test_colour(TestFile& file, std::string_view part, const std::string& value) {
    file.add("theme:" + std::string(part),
             "is " + value,
             put("  assert.match(read('assets/theme.css'), /--color-$part: $value;/);\n",
                 {{"part", std::string(part)}, {"value", value}}));
}

}  // namespace

void test_pages(const App& app, Files& files, TestIndex& index) {
    TestFile file("pages",
                  "Goal: the pages that were asked for exist, in that order, with their texts.");
    std::string order;
    for (std::size_t at = 0; at < app.pages.size(); ++at) {
        order += (at == 0 ? "" : ", ") + quoted(file_of(app, at));
    }
    for (std::size_t at = 0; at < app.pages.size(); ++at) {
        const Page& page = app.pages[at];
        const std::string here = file_of(app, at);
        std::string code =
            put("  const html = read('$page');\n"
                "  assert.match(html, /<h1>.+<\\/h1>/s);\n",
                {{"page", here}});
        if (app.pages.size() > 1) {
            code +=
                put("  const links = [...html.matchAll(/<li data-page=\"\\w+\">\\s*<a "
                    "href=\"([^\"]+)\"/g)]"
                    ".map(([, href]) => href);\n"
                    "  assert.deepEqual(links, [$order]);\n"
                    "  assert.match(html, /<a href=\"$page\" aria-current=\"page\">/);\n",
                    {{"order", order}, {"page", here}});
        }
        file.add("page:" + page.id, "exists and is in the navigation", code);
        for (const Section& section : page.sections) {
            test_section(file, app, page, section);
        }
    }
    for (const std::string& gone : app.tombstones) {
        if (!gone.starts_with("page:")) {
            continue;
        }
        file.add("removed:page." + gone.substr(5),
                 "is no longer there",
                 put("  assert.throws(() => read('$page.html'));\n",
                     {{"page", replace_all(gone.substr(5), "_", "-")}}));
    }
    file.finish(files, index);
}

void test_theme(const App& app, Files& files, TestIndex& index) {
    TestFile file("theme", "Goal: the colours are the ones that were asked for.");
    const Theme& theme = app.theme;
    const bool light_shown = theme.mode != "dark" || theme.toggle;
    if (light_shown || is_dark(parse_colour(theme.background).value_or(Rgb{}))) {
        test_colour(file, "background", theme.background);
    }
    test_colour(file, "primary", theme.primary);
    if (theme.mode != "light") {
        const bool automatic = theme.mode == "auto";
        file.add("theme:mode",
                 automatic ? "follows the system's dark mode" : "is dark by default",
                 automatic
                     ? "  assert.match(read('assets/theme.css'), /prefers-color-scheme: dark/);\n"
                     : "  const root = /:root \\{([^}]*)\\}/.exec(read('assets/theme.css'))[1];\n"
                       "  assert.match(root, /color-scheme: dark/);\n");
    }
    if (theme.toggle) {
        file.add("theme:mode",
                 "can be switched and is remembered",
                 put("  const page = openPage();\n  page.press('theme');\n"
                     "  const now = page.document.documentElement.getAttribute('data-theme');\n"
                     "  assert.equal(now, '$other');\n"
                     "  const again = openPage('index.html', page.storage);\n"
                     "  assert.equal(again.document.documentElement.getAttribute('data-theme'), "
                     "'$other');\n",
                     {{"other", theme.mode == "dark" ? "light" : "dark"}}));
    }
    file.add("theme:font",
             "is " + theme.font,
             "  assert.match(read('assets/theme.css'), /--font-body: /);\n");
    file.finish(files, index);
}

}  // namespace origin::generator
