// SPDX-License-Identifier: Apache-2.0
#include "origind/blueprint_command.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "generator/blueprint/blueprint.h"
#include "generator/blueprint/json_text.h"

namespace origin {

namespace {

namespace fs = std::filesystem;
using generator::Json;

std::optional<std::string> read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return std::nullopt;
    }
    return std::string(std::istreambuf_iterator<char>(file), {});
}

/// A folder as a base tree. `.git` is left out; links are not followed.
class FolderTree : public generator::BaseTree {
public:
    explicit FolderTree(fs::path root) : root_(std::move(root)) {}

    Result<std::optional<std::string>> read(const std::string& path) const override {
        return read_file(root_ / path);
    }

    Result<std::vector<std::string>> paths() const override {
        std::vector<std::string> found;
        std::error_code failure;
        for (fs::recursive_directory_iterator at(root_, failure), end; at != end;
             at.increment(failure)) {
            if (failure) {
                break;
            }
            if (at->path().filename() == ".git") {
                at.disable_recursion_pending();
            } else if (at->is_regular_file(failure)) {
                found.push_back(at->path().lexically_relative(root_).generic_string());
            }
        }
        if (failure) {
            return std::unexpected(Error(Code::NotFound, "The base folder cannot be read."));
        }
        std::ranges::sort(found);
        return found;
    }

private:
    fs::path root_;
};

int fail(const BlueprintOptions& options, std::FILE* print, const Error& error) {
    if (options.json) {
        Json json = Json::object();
        json.add("error",
                 Json::object()
                     .add("code", Json::text(error.reason()))
                     .add("message", Json::text(error.told_to_peer())));
        std::fprintf(print, "%s\n", json.print().c_str());
    } else {
        std::fprintf(
            print, "%s (%s)\n", error.told_to_peer().c_str(), std::string(error.reason()).c_str());
    }
    return 1;
}

bool write_tree(const fs::path& out, const generator::Files& files) {
    std::error_code failure;
    for (const auto& [path, content] : files) {
        fs::create_directories((out / path).parent_path(), failure);
        std::ofstream file(out / path, std::ios::binary);
        file << content;
        if (!file.flush()) {
            return false;
        }
    }
    return true;
}

std::string report_json(const generator::EngineOutput& output) {
    Json lines = Json::array();
    for (const auto& line : output.traceability) {
        Json row = Json::object();
        row.add("id", Json::text(line.id)).add("text", Json::text(line.text));
        row.add("status", Json::text(name_of(line.status))).add("reason", Json::text(line.reason));
        row.add("evidence", Json::texts(line.evidence));
        lines.push(std::move(row));
    }
    Json checks = Json::array();
    for (const auto& check : output.checks) {
        Json row = Json::object();
        row.add("name", Json::text(check.name));
        row.add("passed", Json::raw(check.passed ? "true" : "false"));
        checks.push(std::move(row.add("detail", Json::text(check.detail))));
    }
    Json files = Json::array();
    for (const auto& [path, content] : output.pristine) {
        files.push(Json::text(path));
    }
    Json json = Json::object();
    json.add("title", Json::text(output.title)).add("name", Json::text(output.project_name));
    json.add("summary", Json::text(output.summary)).add("files", std::move(files));
    json.add("checks", std::move(checks)).add("traceability", std::move(lines));
    return json.print();
}

void print_report(std::FILE* print, const generator::EngineOutput& output) {
    for (const auto& line : output.traceability) {
        std::fprintf(print,
                     "%-7s %-20s %s\n",
                     line.id.c_str(),
                     std::string(name_of(line.status)).c_str(),
                     line.text.c_str());
    }
    std::fprintf(print, "\n%s%zu files written.\n", output.summary.c_str(), output.pristine.size());
}

}  // namespace

int run_blueprint(const BlueprintOptions& options, std::FILE* print) {
    std::error_code failure;
    if (fs::exists(options.out, failure) && !fs::is_empty(options.out, failure)) {
        return fail(options, print, Error(Code::Conflict, "The output folder is not empty."));
    }
    const auto size = fs::file_size(options.requirement, failure);
    if (!failure && size > kApiBodyBytesMax) {
        return fail(options,
                    print,
                    Error(Code::LimitExceeded, "The requirement file is too large.")
                        .because("requirement_too_large"));
    }
    const auto text = failure ? std::nullopt : read_file(options.requirement);
    if (!text) {
        return fail(options, print, Error(Code::NotFound, "The requirement file cannot be read."));
    }
    generator::EngineInput input;
    input.requirement = *text;
    input.request_id = "run_local";
    std::optional<FolderTree> base;
    if (options.base) {
        input.base = &base.emplace(*options.base);
    }
    const auto output = generator::Blueprint{}.generate(input);
    if (!output) {
        return fail(options, print, output.error());
    }
    if (!write_tree(options.out, output->pristine)) {
        return fail(
            options, print, Error(Code::StorageFull, "The output folder cannot be written."));
    }
    if (options.json) {
        std::fprintf(print, "%s\n", report_json(*output).c_str());
    } else {
        print_report(print, *output);
    }
    return 0;
}

}  // namespace origin
