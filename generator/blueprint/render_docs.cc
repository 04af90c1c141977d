// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "generator/blueprint/manifest.h"
#include "generator/blueprint/render.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

/// One line of Markdown text that no Markdown or HTML reader takes for markup.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '<') {
            out += "&lt;";
        } else if (c == '>') {
            out += "&gt;";
        } else if (c == '&') {
            out += "&amp;";
        } else if (c == '\n') {
            out += ' ';
        } else if (std::string_view("|*_`[]#\\~!").contains(c)) {
            (out += '\\') += c;
        } else {
            out += c;
        }
    }
    return out;
}

std::string fence_for(std::string_view text) {
    std::size_t longest = 2;
    std::size_t run = 0;
    for (const char c : text) {
        run = c == '`' ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    return std::string(longest + 1, '`');
}

std::string status_words(LineStatus status) {
    return replace_all(std::string(name_of(status)), "_", " ");
}

std::string proof(const TraceLine& line) {
    std::string out;
    for (const std::string& item : line.evidence) {
        out += (out.empty() ? "" : "<br>") + cell(item);
    }
    return out;
}

std::string traceability(const App& app) {
    std::string out =
        "# Traceability\n\nWhat became of every line of every request. *Implemented* means that "
        "the "
        "tests named beside it pass;\nrun them with `node --test`.\n";
    for (const Source& source : app.sources) {
        out += "\n## " + cell(source.title) + "\n\nRequest " + cell(source.request) + ": " +
               count_statuses(source.lines) + ".\n\n";
        out += "| line | requirement | status | why | evidence |\n|---|---|---|---|---|\n";
        for (const TraceLine& line : source.lines) {
            out += "| " + line.id + " | " + cell(line.text) + " | " + status_words(line.status) +
                   " | " + cell(line.reason) + " | " + proof(line) + " |\n";
        }
    }
    return out;
}

std::string readme(const App& app) {
    std::string out = "# " + cell(app.name) + "\n\n";
    if (!app.tagline.empty()) {
        out += cell(app.tagline) + "\n\n";
    }
    out +=
        "Open `index.html` in a browser, or put this folder on any static host. There is nothing "
        "to build "
        "and\nnothing to install.\n\n";
    out +=
        "**What you save stays in the browser you saved it in** (localStorage). It is not sent "
        "anywhere; "
        "another\nbrowser does not see it.\n\n## Pages\n\n";
    for (std::size_t at = 0; at < app.pages.size(); ++at) {
        out += "- [" + cell(app.pages[at].title) + "](" + file_of(app, at) + ")\n";
    }
    out +=
        "\n## Files\n\n"
        "| file | what it is |\n|---|---|\n"
        "| `blueprint.json` | the model of the app; edit it and ask for a feature, and it is used "
        "|\n"
        "| `assets/custom.css`, `assets/custom.js` | yours: made once, never rewritten |\n"
        "| `assets/model.js`, `assets/theme.css`, `*.html` | generated from the model |\n"
        "| `TRACEABILITY.md` | every line of every request and what became of it |\n"
        "| `docs/REQUIREMENTS.md` | the requests, word for word |\n\n"
        "See [TRACEABILITY.md](TRACEABILITY.md) for what is implemented, partial, deferred or not "
        "understood.\n\n## Tests\n\n```sh\nnode --test tests/*.test.mjs   # Node 18 or newer; no "
        "packages\n"
        "```\n";
    return out;
}

}  // namespace

std::string count_statuses(const std::vector<TraceLine>& lines) {
    std::string out;
    for (int at = 0; at <= static_cast<int>(LineStatus::Refused); ++at) {
        const auto status = static_cast<LineStatus>(at);
        const auto count = std::ranges::count(lines, status, &TraceLine::status);
        if (count == 0) {
            continue;
        }
        out += (out.empty() ? "" : ", ") + std::to_string(count) + " " + status_words(status);
    }
    return out.empty() ? "nothing" : out;
}

void render_docs(const App& app, Files& files) {
    files["TRACEABILITY.md"] = traceability(app);
    files["README.md"] = readme(app);
    const std::string& text = app.sources.back().text;
    const std::string fence = fence_for(text);
    std::string& requirements = files["docs/REQUIREMENTS.md"];  // Holds the earlier requests.
    if (requirements.empty()) {
        requirements = "# Requirements\n\nThe requests, word for word.\n";
    }
    requirements += "\n## " + std::to_string(app.sources.size()) + ". " +
                    cell(app.sources.back().title) + "\n\n" + fence + "text\n" + text +
                    (text.ends_with('\n') ? "" : "\n") + fence + "\n";
}

}  // namespace origin::generator
