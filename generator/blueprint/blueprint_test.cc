// SPDX-License-Identifier: Apache-2.0
// Goal: the engine refuses what it cannot build, escapes what it copies, changes what it made.
// Method: whole texts through Blueprint::generate; the tree is inspected as text. What the
// generated app does when it runs is tested by tests/blueprint/check.
#include "generator/blueprint/blueprint.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "generator/blueprint/manifest.h"

namespace origin::generator {
namespace {

class Tree : public BaseTree {
public:
    explicit Tree(Files files) : files_(std::move(files)) {}
    Result<std::optional<std::string>> read(const std::string& path) const override {
        const auto found = files_.find(path);
        if (found == files_.end()) {
            return std::nullopt;
        }
        return found->second;
    }
    Result<std::vector<std::string>> paths() const override {
        std::vector<std::string> paths;
        for (const auto& [path, content] : files_) {
            paths.push_back(path);
        }
        return paths;
    }

private:
    Files files_;
};

constexpr std::string_view kShop =
    "# Shop\n\n## Data model\n### Part\n- name (text, required)\n- quantity (integer, min 0)\n"
    "- level (integer)\n- shelf (text)\n\n## Pages\n1. Home: count of parts\n2. Parts: table of "
    "parts, "
    "filter by shelf\n\n## Rules\n- A part is low when quantity is less than level.\n";

Result<EngineOutput> generate(std::string_view text, const BaseTree* base = nullptr) {
    EngineInput input;
    input.requirement = std::string(text);
    input.request_id = "run_1";
    input.base = base;
    return Blueprint{}.generate(input);
}

std::string reason_of(std::string_view text, const BaseTree* base = nullptr) {
    const auto output = generate(text, base);
    return output ? "generated" : std::string(output.error().reason());
}

const TraceLine* line_with(const EngineOutput& output, std::string_view text) {
    const auto found = std::ranges::find_if(
        output.traceability, [&](const TraceLine& line) { return line.text.contains(text); });
    return found == output.traceability.end() ? nullptr : &*found;
}

TEST(Blueprint, RefusesWhatIsNoWebApp) {
    EXPECT_EQ(reason_of(""), "not_generated");
    EXPECT_EQ(reason_of(" \n\t "), "not_generated");
    EXPECT_EQ(reason_of("# fgrep2\n\nA command-line tool that searches files."), "not_generated");
    EXPECT_EQ(reason_of("Build a REST API backend in Go for orders."), "not_generated");
    EXPECT_EQ(reason_of("Please write me a poem about the sea."), "not_generated");
    EXPECT_EQ(reason_of("Use seashell for the background."), "not_generated");
    EXPECT_EQ(
        reason_of(
            "# Chatty\n\n- Users log in with a password\n- Chat in real-time\n- Pay with Stripe\n"
            "- Home page\n"),
        "not_generated");
}

TEST(Blueprint, RefusesWhatIsTooLarge) {
    EXPECT_EQ(reason_of(std::string(1 << 20, 'x')), "requirement_too_large");
    std::string many = "# Many\n\n## Data model\n";
    for (int at = 0; at < 10'000; ++at) {
        many += "### Thing" + std::to_string(at) + "\n- name (text)\n";
    }
    EXPECT_EQ(reason_of(many), "requirement_too_large");
}

TEST(Blueprint, BoundsEntitiesAndSaysWhichWereLeftOut) {
    std::string many = "# Many\n\n## Data model\n";
    for (char a = 'a'; a <= 'z'; ++a) {
        for (const char* b : {"k", "m", "n"}) {
            many += "### Thing" + std::string(1, a) + b +
                    "\n- name (text, required)\n- size (number)\n";
        }
    }
    const auto output = generate(many);
    ASSERT_TRUE(output) << output.error().told_to_peer();
    EXPECT_LE(output->pristine.size(), 200U);
    const auto lost =
        std::ranges::count(output->traceability, LineStatus::Implemented, &TraceLine::status);
    EXPECT_LT(static_cast<std::size_t>(lost), output->traceability.size());
}

TEST(Blueprint, HostileTextIsCopiedAsTextOnly) {
    const auto output = generate(
        "# <script>alert(1)</script> & \"Shop\"\n\n## Data model\n### __proto__\n- constructor "
        "(text, required)\n"
        "### Item\n- `<img src=x onerror=alert(1)>` (text)\n- name (text, required)\n"
        "- kind (one of </script><b>, it's)\n\n## Pages\n1. </main><script>: table of items\n");
    ASSERT_TRUE(output) << output.error().told_to_peer();
    for (const auto& [path, content] : output->pristine) {
        if (!path.ends_with(".html") && path != "assets/model.js" && path != "TRACEABILITY.md") {
            continue;
        }
        EXPECT_FALSE(content.contains("<script>")) << path;
        EXPECT_FALSE(content.contains("<img")) << path;
        EXPECT_FALSE(content.contains("__proto__\"")) << path;
    }
    const auto fence =
        generate("# A\n\n````\nnot a fence\n````\n\nEach part has a name and a size.\n");
    ASSERT_TRUE(fence);
    EXPECT_TRUE(fence->pristine.at("docs/REQUIREMENTS.md").contains("`````text"));
}

TEST(Blueprint, AChoiceOfManyValuesIsTestedForEach) {  // Read past a table of three samples once.
    const auto output = generate("Each part has a name and a kind (aa, bb, cc, dd, ee, ff).");
    ASSERT_TRUE(output);
    EXPECT_TRUE(output->pristine.at("tests/part.test.mjs").contains("{ kind: \"ff\" }"));
}

TEST(Blueprint, SameInputSameBytes) {
    const auto first = generate(kShop);
    const auto second = generate(kShop);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->pristine, second->pristine);
}

TEST(Blueprint, EveryImplementedLineNamesItsTestAndTheChecksPass) {
    const auto output = generate(kShop);
    ASSERT_TRUE(output);
    for (const auto& line : output->traceability) {
        if (line.status != LineStatus::Implemented) {
            continue;
        }
        EXPECT_TRUE(std::ranges::any_of(line.evidence, [](const auto& item) {
            return item.starts_with("test:tests/");
        })) << line.text;
    }
    for (const Check& check : output->checks) {
        EXPECT_TRUE(check.passed) << check.name << check.detail;
    }
}

TEST(Blueprint, ALineThatIsNotUnderstoodIsNeverCalledImplemented) {
    const auto output = generate(std::string(kShop) +
                                 "- Parts glow faintly at midnight.\n- Export parts as CSV and "
                                 "whistle a tune.\n");
    ASSERT_TRUE(output);
    EXPECT_EQ(line_with(*output, "glow")->status, LineStatus::Unrecognized);
    EXPECT_NE(line_with(*output, "whistle")->status, LineStatus::Implemented);
}

TEST(Blueprint, AFeatureKeepsTheManifestAndMigratesRows) {
    const auto base = generate(kShop);
    ASSERT_TRUE(base);
    const Tree tree(base->pristine);
    const auto next = generate(
        "Rename the field \"shelf\" of parts to \"bin\".\n- add a field \"colour\" (red, blue) "
        "to parts, default red\n- remove the level field from parts\n",
        &tree);
    ASSERT_TRUE(next) << next.error().told_to_peer();
    const auto app = read_manifest(next->pristine.at("blueprint.json"));
    ASSERT_TRUE(app) << app.error().told_to_peer();
    const Entity& part = app->entities.at(0);
    EXPECT_EQ(part.find("shelf"), nullptr);
    EXPECT_NE(part.find("bin"), nullptr);
    EXPECT_EQ(part.filters, std::vector<std::string>{"bin"});
    EXPECT_EQ(part.find("level"), nullptr);
    EXPECT_TRUE(std::ranges::none_of(app->rules,
                                     [](const Rule& rule) { return rule.kind == "highlight"; }));
    EXPECT_EQ(app->data_version, 2);
    EXPECT_EQ(app->migrations.size(), 3U);
    EXPECT_TRUE(next->pristine.at("docs/REQUIREMENTS.md").contains("## 1. Shop"));
    EXPECT_TRUE(next->pristine.at("docs/REQUIREMENTS.md").contains("## 2. "));
    EXPECT_EQ(next->pristine.at("assets/custom.css"), base->pristine.at("assets/custom.css"));
}

TEST(Blueprint, TheSameFeatureTwiceIsAlreadySatisfied) {
    const auto base = generate(kShop);
    const Tree tree(base->pristine);
    const std::string text = "Rename the field \"shelf\" of parts to \"bin\".";
    const auto next = generate(text, &tree);
    ASSERT_TRUE(next);
    const Tree after(next->pristine);
    EXPECT_EQ(reason_of(text, &after), "already_satisfied");
    EXPECT_EQ(reason_of(text + "\n\n", &after), "already_satisfied");
}

TEST(Blueprint, AForeignOrBrokenBaseIsNotOverwritten) {
    EXPECT_EQ(reason_of("add dark mode",
                        std::make_unique<Tree>(Files{{"main.go", "package main"}}).get()),
              "not_applicable");
    for (const char* manifest : {"",
                                 "nonsense",
                                 "[]",
                                 "{\"schema\":\"other\"}",
                                 "{\"schema\":\"origin-blueprint/1\",\"app\":7}"}) {
        const Tree tree(Files{{"blueprint.json", manifest}});
        EXPECT_EQ(reason_of("add dark mode", &tree), "bad_manifest") << manifest;
    }
    Files edited = generate(kShop)->pristine;
    std::string& manifest = edited["blueprint.json"];
    manifest.replace(manifest.find("\"type\": \"integer\""), 17, "\"type\": \"wormhole\"");
    const Tree tree(edited);
    const auto output = generate("add dark mode", &tree);
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().reason(), "bad_manifest");
    EXPECT_TRUE(output.error().told_to_peer().contains("quantity"));
}

TEST(Manifest, ReadsBackByteForByte) {
    const auto output = generate(kShop);
    const std::string& text = output->pristine.at("blueprint.json");
    const auto app = read_manifest(text);
    ASSERT_TRUE(app) << app.error().told_to_peer();
    EXPECT_EQ(write_manifest(*app), text);
}

}  // namespace
}  // namespace origin::generator
