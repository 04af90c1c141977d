// SPDX-License-Identifier: Apache-2.0
// Identity: what the app is called.
#include "generator/blueprint/draft.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

constexpr std::size_t kNameBytesMax = 80;  // Of the app, in the header of every page.

std::string plain_title(std::string_view title) {
    std::string name(trim(without_marks(title)));
    for (const std::string_view lead : {"prd:",
                                        "prd -",
                                        "product requirements document:",
                                        "product requirements:",
                                        "requirements:",
                                        "project:"}) {
        if (lower(name).starts_with(lead)) {
            name = std::string(trim(name.substr(lead.size())));
        }
    }
    for (const std::string_view tail : {" - prd", " prd", " - product requirements document"}) {
        if (lower(name).ends_with(tail)) {
            name.resize(name.size() - tail.size());
        }
    }
    return name;
}

void set_name(App& app, std::string_view name) {
    const auto colon = name.find(": ");
    const std::string head(trim(name.substr(0, colon)));
    if (head.empty() || !app.name.empty()) {
        return;
    }
    app.name = cut_short(head, kNameBytesMax);
    if (colon != std::string_view::npos) {
        app.tagline = to_label(trim(name.substr(colon + 2)));
    }
}

bool read_identity(Draft& draft, Statement& statement) {
    static const Pattern kNamed{"app|application|project|product|site|website|tool name : {name}"};
    static const Pattern kFor{
        "build|make|create|design|write me|us? a|an|the? {kind?} website|site|app|application|tool|"
        "page for {name} , {rest}"};
    static const Pattern kForAll{
        "build|make|create|design|write me|us? a|an|the? {kind?} website|site|app|application|tool|"
        "page for {name}"};
    static const Pattern kTo{
        "build|make|create|write|develop|need|want me|us? a|an|the? {kind?} website|site|app|"
        "application|tool to|that|where track|manage|tracks|manages|organise|organize|keep|record "
        "track? of? my|our|the|your? {noun}"};
    const Words words{statement.clean};
    if (const auto found = kNamed.match(words)) {
        set_name(draft.app, get(*found, "name"));
        statement.settle(LineStatus::Context, "the app's name");
        return true;
    }
    if (const auto found = kTo.match(words)) {
        const std::string noun(get(*found, "noun"));
        if (Words{noun}.size() <= 4) {
            set_name(draft.app, to_label(noun));
        }
        statement.settle(LineStatus::Context, "what the app is for");
        return true;
    }
    for (const auto* pattern : {&kFor, &kForAll}) {
        const auto found = pattern->match(words);
        if (!found || Words{std::string(get(*found, "name"))}.size() > 6) {
            continue;
        }
        set_name(draft.app, to_label(get(*found, "name")));
        statement.settle(LineStatus::Context, "what the app is for");
        return true;
    }
    return false;
}

}  // namespace

void read_identities(Draft& draft, Reading& reading) {
    if (draft.change) {
        return;
    }
    if (!reading.title.empty()) {
        set_name(draft.app, plain_title(reading.title));
    }
    for (Statement& statement : reading.statements) {
        if (!statement.settled) {
            read_identity(draft, statement);
        }
    }
}

void read_short_identity(Draft& draft, Reading& reading) {
    if (draft.change || reading.statements.empty() || !reading.title.empty() ||
        reading.statements.front().settled) {
        return;
    }
    Statement& statement = reading.statements.front();
    static const Pattern kMake{
        "build|make|create|design|need|want me|us? a|an|little|small|simple? "
        "little|small|simple|tiny? {name}"};
    const auto found = kMake.match(Words{statement.clean});
    if (!found || Words{std::string(get(*found, "name"))}.size() > 3) {
        return;
    }
    set_name(draft.app, to_label(get(*found, "name")));
    statement.settle(LineStatus::Context, "what the app is");
}

}  // namespace origin::generator
