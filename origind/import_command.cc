// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include <boost/json.hpp>

#include "auth/slug.h"
#include "base/limits.h"
#include "git/serve/remote_url.h"
#include "origind/call_json.h"
#include "origind/commands.h"
#include "origind/config.h"
#include "origind/data_folder.h"
#include "origind/remote_worker.h"
#include "sandbox/worker.h"

namespace origin {
namespace {

namespace fs = std::filesystem;

void say(std::string_view line) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

/// The same, with what it is about in front of what people are told.
template <class T>
Result<T> about(const std::string& what, Result<T> result) {
    if (result) {
        return result;
    }
    const Error& error = result.error();
    return std::unexpected(Error(error.code(), what + error.told_to_peer(), error.kept_in_log())
                               .because(std::string(error.reason())));
}

/// The files of git/serve/import in `folder`. Returns: what the source calls itself.
Result<std::string> stage(const ImportOptions& options, const fs::path& folder) {
    std::error_code error;
    if (fs::is_directory(options.source, error)) {
        const fs::path source = fs::canonical(options.source, error);
        say("reading " + source.string());
        ORIGIN_CHECK(about("'" + source.string() + "' cannot be imported: ",
                           stage_in_child(source, folder, say)));
        return git::name_of_source(source.string());
    }
    if (!git::RemoteUrl::looks_like_one(options.source)) {
        return std::unexpected(
            Error(Code::NotFound, "'" + options.source + "' is neither a folder nor a URL"));
    }
    // The text is not repeated: it may hold a password.
    ORIGIN_TRY(url, about("this URL is refused: ", git::RemoteUrl::parse(options.source)));
    Config config;
    if (!options.config.empty()) {
        ORIGIN_CHECK(read_config(options.config, config));
    }
    ORIGIN_CHECK(git::check_reachable(url, config.outbound_allow));
    say("fetching " + url.shown());
    ORIGIN_CHECK(clone_in_child(url, options.ssh_key, folder, say));
    return url.name();
}

Result<boost::json::object> import(const ImportOptions& options) {
    ORIGIN_CHECK(check_data_folder(options.data));
    if (!options.project.empty()) {
        ORIGIN_CHECK(auth::check_slug(options.project));
    }
    ORIGIN_TRY(folder, sandbox::WorkFolder::make());
    ORIGIN_TRY(name, stage(options, folder.out()));
    const std::string slug =
        options.project.empty() ? auth::slug_from(name, kSlugBytesMax) : options.project;
    say("storing it as '" + slug + "'");
    boost::json::object body{{"staged", folder.out().string()}, {"project", slug}};
    if (!options.client.empty()) {
        body["client"] = options.client;
    }
    return call_json(options.data, "POST", "/api/operator/import", body);
}

}  // namespace

int run_import(const ImportOptions& options) {
    const auto imported = import(options);
    if (!imported) {
        return report(imported.error());
    }
    if (options.json) {
        std::printf("%s\n", boost::json::serialize(*imported).c_str());
        return 0;
    }
    for (const boost::json::value& each : imported->at("leftOut").as_array()) {
        const boost::json::object& left = each.as_object();
        std::printf(
            "left out: %s: %s\n", text_of(left, "ref").c_str(), text_of(left, "reason").c_str());
    }
    std::printf("imported %s (%s): %s refs, %s objects\n",
                text_of(*imported, "name").c_str(),
                text_of(*imported, "projectId").c_str(),
                text_of(*imported, "refs").c_str(),
                text_of(*imported, "objects").c_str());
    return 0;
}

}  // namespace origin
