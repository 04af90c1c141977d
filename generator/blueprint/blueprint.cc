// SPDX-License-Identifier: Apache-2.0
#include "generator/blueprint/blueprint.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "generator/blueprint/blocks.h"
#include "generator/blueprint/draft.h"
#include "generator/blueprint/manifest.h"
#include "generator/blueprint/refusal.h"
#include "generator/blueprint/render.h"
#include "generator/blueprint/report.h"
#include "generator/blueprint/statements.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

Error nothing_to_show() {
    return Error(Code::InvalidInput,
                 "The requirement describes no page and no data, so there is nothing to show.")
        .because("not_generated");
}

Error already_satisfied() {
    return Error(Code::InvalidInput, "The app already is as this request asks.")
        .because("already_satisfied");
}

/// The draft to start from: empty for a new project, the manifest for a feature request.
Result<Draft> start(const EngineInput& input, Files& kept) {
    Draft draft;
    if (input.base == nullptr) {
        return draft;
    }
    ORIGIN_TRY(paths, input.base->paths());
    if (paths.empty()) {
        return draft;
    }
    ORIGIN_TRY(manifest, input.base->read("blueprint.json"));
    if (!manifest) {
        return std::unexpected(Error(Code::InvalidInput,
                                     "This project was not made by the blueprint engine (it has no "
                                     "blueprint.json), so a "
                                     "feature request needs the llm or command engine.")
                                   .because("not_applicable"));
    }
    ORIGIN_TRY(app, read_manifest(*manifest));
    ORIGIN_TRY(requirements, input.base->read("docs/REQUIREMENTS.md"));
    if (requirements) {
        kept["docs/REQUIREMENTS.md"] = *requirements;
    }
    draft.app = std::move(app);
    draft.change = true;
    draft.base_version = draft.app.data_version;
    return draft;
}

/// What the request changed, without the record of the request itself.
std::string shape_of(const App& app) {
    App bare = app;
    bare.sources.clear();
    return write_manifest(bare);
}

std::string title_of(const Reading& reading, const App& app, bool change) {
    std::string title(trim(without_marks(reading.title)));
    if (title.empty() && change && !reading.statements.empty()) {
        title = reading.statements.front().text;
    }
    while (title.ends_with('.')) {
        title.pop_back();
    }
    if (title.empty()) {
        title = app.name;
    }
    return title.size() > 72 ? cut_short(title, 69) + "..." : title;
}

Files render(const App& app, Files kept, TestIndex& tests) {
    Files files = std::move(kept);
    render_runtime(files);
    render_pages(app, files);
    files["assets/theme.css"] = render_theme(app);
    files["assets/model.js"] = write_model(app);
    tests = render_tests(app, files);
    return files;
}

Status fits(const Files& files) {
    std::size_t bytes = 0;
    for (const auto& [path, content] : files) {
        bytes += content.size();
        if (content.size() > kGeneratedFileBytesMax) {
            bytes = kGeneratedBytesMax + 1;
        }
    }
    if (files.size() <= kGeneratedFilesMax && bytes <= kGeneratedBytesMax) {
        return {};
    }
    return std::unexpected(
        Error(Code::LimitExceeded, "The app would be larger than a generated app may be.")
            .because("requirement_too_large"));
}

}  // namespace

std::string_view Blueprint::version() const {
    return kBlueprintVersion;
}

Result<EngineOutput> Blueprint::generate(const EngineInput& input) const {
    if (input.requirement.size() > kRequirementBytesMax) {
        return std::unexpected(
            Error(Code::LimitExceeded, "The requirement is longer than 256 KiB; send it in parts.")
                .because("requirement_too_large"));
    }
    const std::string text = normalise(input.requirement);
    Files kept;
    ORIGIN_TRY(draft, start(input, kept));
    const std::string digest = digest_of(text);
    if (std::ranges::find(draft.app.sources, digest, &Source::digest) != draft.app.sources.end()) {
        return std::unexpected(already_satisfied());
    }
    ORIGIN_CHECK(refuse_unfit(text, draft.change));
    ORIGIN_TRY(blocks, read_blocks(text));
    ORIGIN_TRY(reading, read_statements(blocks));
    if (!draft.change && !input.project_name.empty() && reading.title.empty()) {
        draft.app.name = input.project_name;
    }
    const std::string before = draft.change ? shape_of(draft.app) : std::string{};
    understand(draft, reading);
    complete(draft);
    if (draft.app.pages.empty()) {
        return std::unexpected(nothing_to_show());
    }

    App& app = draft.app;
    Source source{input.request_id, digest, title_of(reading, app, draft.change), text, {}};
    TestIndex tests;
    Files files = render(app, std::move(kept), tests);
    source.lines = report(reading.statements, tests);
    ORIGIN_CHECK(enough_understood(source.lines));
    if (draft.change && shape_of(app) == before) {
        return std::unexpected(already_satisfied());
    }
    app.sources.push_back(std::move(source));
    files["blueprint.json"] = write_manifest(app);
    render_docs(app, files);
    ORIGIN_CHECK(fits(files));

    EngineOutput output;
    const Source& made = app.sources.back();
    output.title = made.title;
    output.project_name = app.name;
    output.summary = app.name + ": " + count_statuses(made.lines) + ".\n";
    output.traceability = made.lines;
    output.checks = check_tree(files, made.lines);
    output.pristine = std::move(files);
    return output;
}

}  // namespace origin::generator
