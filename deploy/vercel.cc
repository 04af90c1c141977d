// SPDX-License-Identifier: Apache-2.0
// deploy/vercel: the `vercel` connector: files by SHA-1, in the prebuilt form: nothing is built
// there. Source: vercel/vercel 17d9ebaf, packages/client, and Vercel's API description:
// docs/deploy/vercel.md.
#include <map>
#include <optional>
#include <set>

#include <boost/json.hpp>

#include "base/utf8.h"
#include "crypto/encode.h"
#include "crypto/hash.h"
#include "deploy/all_connectors.h"
#include "deploy/provider_api.h"
#include "deploy/vercel_api.h"
#include "deploy/vercel_archive.h"

namespace origin::deploy {
namespace {

namespace json = boost::json;

constexpr std::size_t kFilesMax = 15'000;  // V3: as many and more go as an archive.
constexpr int kRoundsMax = 4;              // V4: how often files may be missing again.
/// Build Output API, version 3: nothing is built, and no framework looked for (V5).
constexpr std::string_view kConfig = R"({"version":3})";
constexpr std::string_view kConfigPath = ".vercel/output/config.json";
constexpr std::string_view kStatic = ".vercel/output/static/";

// What is remembered of a deployment between two calls.
constexpr std::string_view kCreating = "creating";  // A create was sent: look before the next one.
constexpr std::string_view kRounds = "rounds";      // How often files were missing.
constexpr std::string_view kPieces = "pieces";      // Of the archive: see text_of().
constexpr std::string_view kMove = "move";        // "rollback", "promote": the domains are to move.
constexpr std::string_view kCounted = "counted";  // Among the deployments of the day.
constexpr std::string_view kMoved = "moved";      // Which of them was asked for, and answered.

constexpr std::string_view kDeploysPerDay = "deploysPerDay";
/// The plan decides (100 on the free one), so there is none unless it is set.
constexpr PaceLimit kDeploys{
    "as many deployments as 'deploysPerDay' allows are made in a day", 0, std::chrono::hours(24)};

Result<json::array> files_of(Task& task) {
    json::array files;
    for (const ArchivePiece& piece : read_pieces(note(task, kPieces))) {
        files.push_back(
            {{"file", std::string(kArchivePieceName) + std::to_string(files.size() + 1)},
             {"sha", piece.sha1},
             {"size", piece.size}});
    }
    if (!files.empty()) {
        return files;
    }
    ORIGIN_TRY(site, task.site());
    ORIGIN_TRY(digests, task.digests());
    files.push_back({{"file", kConfigPath},
                     {"sha", crypto::hex(crypto::sha1(kConfig))},
                     {"size", kConfig.size()}});
    for (const SiteFile& file : site->files) {
        const store::BlobDigestsRow& known = digests->at(file.blob);
        files.push_back({{"file", std::string(kStatic) + file.path},
                         {"sha", crypto::hex(known.sha1)},
                         {"size", known.size}});
    }
    return files;
}

/// V1: neither name nor address of the author: Vercel refuses those it does not know.
Result<std::string> wish(Task& task) {
    ORIGIN_TRY(files, files_of(task));
    ORIGIN_TRY(subject, task.subject_line());
    json::object body{{"name", note(task, vercel::kName)},
                      {"project", note(task, vercel::kProject)},
                      {"meta", {{vercel::kMeta, task.id().str()}}},
                      {"gitMetadata",
                       {{"commitSha", task.row().commit.hex()},
                        {"commitRef", branch_of(task.row())},
                        {"commitMessage", subject}}}};
    if (!task.row().preview) {
        body["target"] = "production";
        if (task.goes_together()) {
            body["autoAssignCustomDomains"] = false;  // Staged until poll() promotes it.
        }
    }
    body["files"] = std::move(files);
    return json::serialize(body);
}

/// The digests that the provider lacks; its older answers have them on the top level.
std::set<std::string> missing_in(const json::value& body) {
    std::set<std::string> missing;
    for (const json::value* at :
         {&value_at(body, {"error", "missing"}), &value_at(body, {"missing"})}) {
        const json::array* list = at->if_array();
        for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
            missing.insert((*list)[i].is_string() ? std::string((*list)[i].get_string())
                                                  : std::string());
        }
    }
    return missing;
}

/// Makes the deployment, if the provider has all of its files. Returns: what it lacks.
Result<std::set<std::string>> make_deployment(ProviderApi& api, Task& task) {
    if (!note(task, kCreating).empty()) {
        ORIGIN_TRY(found, vercel::find_again(api, task));
        if (found) {
            ORIGIN_CHECK(task.save());
            return std::set<std::string>();
        }
    }
    if (note(task, kCounted).empty()) {
        ORIGIN_CHECK(task.pace(pace_of(task, kDeploysPerDay, kDeploys)));
        remember(task, kCounted, "1");
    }
    remember(task, kCreating, "1");
    ORIGIN_CHECK(task.save());
    ORIGIN_TRY(body, wish(task));
    ORIGIN_TRY(answer,
               api.ask({.method = "POST",
                        .path = vercel::at_team(
                            task, "/v13/deployments?prebuilt=1&skipAutoDetectionConfirmation=1"),
                        .body = std::move(body)}));
    if (answer.status >= 200 && answer.status < 300) {
        vercel::take_addresses(task, answer.body);
        if (task.row().remote.id.empty()) {
            return odd_answer("Vercel", "deployment id");
        }
        if (task.row().preview && text_at(answer.body, {"target"}) == "production") {
            ORIGIN_CHECK(
                task.say("this is the project's first deployment, which Vercel makes its "
                         "production"));
        }
        ORIGIN_CHECK(task.save());
        return std::set<std::string>();
    }
    const std::string nested = text_at(answer.body, {"error", "code"});
    if ((nested.empty() ? text_at(answer.body, {"code"}) : nested) != "missing_files") {
        return std::unexpected(api.refusal(answer.status, answer.body));
    }
    remember(task, kCreating, "");  // It was answered: nothing was made.
    auto missing = missing_in(answer.body);
    return missing.empty() ? odd_answer("Vercel", "list of missing files")
                           : Result<std::set<std::string>>(std::move(missing));
}

Status send_file(ProviderApi& api, Task& task, std::string data, const std::string& sha) {
    ORIGIN_CHECK(api.call({.method = "POST",
                           .path = vercel::at_team(task, "/v2/files"),
                           .body = std::move(data),
                           .content_type = "application/octet-stream",
                           .headers = {{"x-vercel-digest", sha}}}));
    return {};
}

/// One file for each digest that is asked for.
Result<UploadPlan> parts_of(Task& task, std::set<std::string> missing) {
    ORIGIN_TRY(site, task.site());
    ORIGIN_TRY(digests, task.digests());
    UploadPlan plan;
    for (std::size_t i = 0; i < site->files.size() && !missing.empty(); ++i) {
        if (missing.erase(crypto::hex(digests->at(site->files[i].blob).sha1)) > 0) {
            plan.parts.push_back({i});
        }
    }
    if (!missing.empty()) {
        return std::unexpected(
            Error(Code::InvalidInput, "Vercel asks for a file that is not in this deployment")
                .because("provider_refused"));
    }
    return plan;
}

Status count_round(Task& task) {
    const std::string rounds = note(task, kRounds) + "x";
    if (rounds.size() > kRoundsMax) {
        return std::unexpected(
            Error(Code::InvalidInput, "Vercel says again and again that files are missing")
                .because("provider_refused"));
    }
    remember(task, kRounds, rounds);
    return task.save();
}

/// Packs the site, and remembers what the archive consists of.
Result<VercelArchive> pack(Task& task) {
    ORIGIN_CHECK(task.digests());  // What cannot be deployed makes nothing over there.
    ORIGIN_TRY(archive, VercelArchive::pack(task, {kConfigPath, kConfig}, kStatic));
    remember(task, kPieces, text_of(archive.pieces()));
    return std::move(archive);
}

/// Sends what is missing of the archive at once: of its pieces no file of the site is one.
Result<UploadPlan> send_archive(ProviderApi& api, Task& task) {
    std::optional<VercelArchive> packed;
    if (note(task, kPieces).empty()) {
        ORIGIN_TRY(archive, pack(task));
        packed = std::move(archive);
    }
    ORIGIN_TRY(missing, make_deployment(api, task));
    if (missing.empty()) {
        return UploadPlan{};
    }
    ORIGIN_CHECK(count_round(task));
    if (!packed) {
        ORIGIN_TRY(archive, pack(task));
        packed = std::move(archive);
    }
    const VercelArchive& archive = *packed;
    std::uint64_t sent = 0;
    for (std::size_t i = 0; i < archive.pieces().size(); ++i) {
        const ArchivePiece& piece = archive.pieces()[i];
        if (missing.erase(piece.sha1) > 0) {
            ORIGIN_CHECK(task.check_time());
            ORIGIN_TRY(bytes, archive.read(i));
            ORIGIN_CHECK(send_file(api, task, std::move(bytes), piece.sha1));
            sent += piece.size;
        }
    }
    task.row().progress.bytes_sent += sent;
    ORIGIN_CHECK(task.say("so many files go as an archive: " + std::to_string(sent) + " bytes in " +
                          std::to_string(archive.pieces().size()) +
                          (archive.pieces().size() == 1 ? " piece" : " pieces")));
    return parts_of(task, std::move(missing));  // Whatever else it asks for is refused.
}

Poll failed(std::string why) {
    return {.state = Poll::State::Failed, .text = std::move(why)};
}

/// The production domains of a project move by themselves, or by one of two requests: what became
/// of the last one.
Result<json::value> last_move(ProviderApi& api, Task& task) {
    ORIGIN_TRY(project,
               api.call({.path = vercel::at_team(
                             task, vercel::project_path(task, "v9") + "?rollbackInfo=true")}));
    json::value last = value_at(project.body, {"lastAliasRequest"});
    const bool is_ours = text_at(last, {"toDeploymentId"}) == task.row().remote.id &&
                         text_at(last, {"type"}) == note(task, kMove);
    return is_ours ? std::move(last) : json::value();
}

/// Asks for the move, unless it was asked for already.
Status move_domains(ProviderApi& api, Task& task, const std::string& move) {
    if (note(task, kMoved) == move) {
        return {};
    }
    if (note(task, kMove) == move) {
        ORIGIN_TRY(last, last_move(api, task));
        if (!last.is_null()) {
            remember(task, kMoved, move);
            return task.save();
        }
    }
    remember(task, kMove, move);
    ORIGIN_CHECK(task.save());
    const auto asked = api.call(
        {.method = "POST",
         .path = vercel::at_team(task,
                                 vercel::project_path(task, move == "promote" ? "v10" : "v9") +
                                     "/" + move + "/" + encoded_path(task.row().remote.id)),
         .body = "{}"});
    if (!asked && asked.error().code() == Code::Conflict) {
        return std::unexpected(
            Error(Code::Unavailable, asked.error().told_to_peer()).because("provider_busy"));
    }
    ORIGIN_CHECK(asked);
    remember(task, kMoved, move);
    return task.save();
}

void take_live(Task& task, const json::value& deployment) {
    vercel::take_addresses(task, deployment);
    const json::array* aliases = value_at(deployment, {"alias"}).if_array();
    task.row().url = task.row().remote.permalink;
    if (!task.row().preview && aliases != nullptr && !aliases->empty() &&
        aliases->front().is_string()) {
        task.row().url = url_of(task, std::string(aliases->front().get_string()));
    }
}

Result<json::value> deployment_of(ProviderApi& api, Task& task) {
    ORIGIN_TRY(answer,
               api.call({.path = vercel::at_team(
                             task, "/v13/deployments/" + encoded_path(task.row().remote.id))}));
    return std::move(answer.body);
}

/// Follows a rollback or a promotion.
Result<Poll> poll_move(ProviderApi& api, Task& task) {
    ORIGIN_TRY(last, last_move(api, task));
    const std::string status = text_at(last, {"jobStatus"});
    if (status == "failed" || status == "skipped") {
        return failed("Vercel: the " + note(task, kMove) + " " + status);
    }
    if (status != "succeeded") {
        return Poll{.wait = growing_wait(task),
                    .text = "at Vercel: " + note(task, kMove) + ", " + printable(status),
                    .is_late = true};
    }
    ORIGIN_TRY(deployment, deployment_of(api, task));
    take_live(task, deployment);
    return Poll{.state = Poll::State::Live};
}

/// Why it will not become ready; empty: it may.
std::string failure_in(const json::value& deployment) {
    const std::string state = text_at(deployment, {"readyState"});
    const json::value& alias_error = value_at(deployment, {"aliasError"});
    if (state == "CANCELED") {
        return "Vercel: somebody cancelled it there";
    }
    if (state == "ERROR" || state.ends_with("_ERROR")) {
        return "Vercel: " + printable(text_at(deployment, {"errorCode"}) + ": " +
                                      text_at(deployment, {"errorMessage"}));
    }
    return alias_error.is_null()
               ? std::string()
               : "Vercel: no address: " + printable(text_at(alias_error, {"message"}));
}

/// A number of milliseconds, or true.
bool is_assigned(const json::value& deployment) {
    const json::value& at = value_at(deployment, {"aliasAssigned"});
    return (at.is_number() && at.to_number<double>() > 0) || (at.is_bool() && at.get_bool());
}

class Vercel final : public Connector {
public:
    explicit Vercel(const net::HttpClient& client) : client_(client) {}

    std::string_view name() const override { return "vercel"; }
    Status check(const TargetSettings& settings) const override;
    Reveals reveals() const override { return Reveals::Poll; }
    Result<UploadPlan> plan(Task& task) override;
    Status upload(Task& task, const std::vector<std::size_t>& part) override;
    Status publish(Task& task) override;
    Result<Poll> poll(Task& task) override;
    Status roll_back(Task& task, const store::RemoteDeployment& earlier) override;
    void cancel(Task& task) override;
    Status remove(Task& task) override;

private:
    const net::HttpClient& client_;
};

Status Vercel::check(const TargetSettings& settings) const {
    ORIGIN_CHECK(check_pace(settings, kDeploysPerDay));
    return check_settings(settings,
                          {.connector = "vercel",
                           .needed = {"project"},
                           .others = {"team", kDeploysPerDay},
                           .secret = "an access token of Vercel (Account Settings, Tokens)"});
}

Result<UploadPlan> Vercel::plan(Task& task) {
    ProviderApi api = vercel::api_of(client_, task);
    ORIGIN_CHECK(vercel::look_at_project(api, task));
    if (!task.row().remote.id.empty()) {
        return UploadPlan{};
    }
    ORIGIN_TRY(site, task.site());
    if (site->files.size() >= kFilesMax) {
        return send_archive(api, task);
    }
    ORIGIN_TRY(missing, make_deployment(api, task));
    if (missing.empty()) {
        return UploadPlan{};
    }
    ORIGIN_CHECK(count_round(task));
    const std::string config = crypto::hex(crypto::sha1(kConfig));
    if (missing.erase(config) > 0) {
        ORIGIN_CHECK(send_file(api, task, std::string(kConfig), config));
    }
    return parts_of(task, std::move(missing));
}

Status Vercel::upload(Task& task, const std::vector<std::size_t>& part) {
    ProviderApi api = vercel::api_of(client_, task);
    ORIGIN_TRY(site, task.site());
    ORIGIN_TRY(digests, task.digests());
    for (const std::size_t i : part) {
        const SiteFile& file = site->files.at(i);
        ORIGIN_TRY(data, task.read(file));
        ORIGIN_CHECK(
            send_file(api, task, std::move(data), crypto::hex(digests->at(file.blob).sha1)));
    }
    return {};
}

Status Vercel::publish(Task& task) {
    if (!task.row().remote.id.empty()) {
        return {};
    }
    ProviderApi api = vercel::api_of(client_, task);
    ORIGIN_TRY(missing, make_deployment(api, task));
    return missing.empty()
               ? Status()
               : std::unexpected(Error(Code::Unavailable,
                                       "Vercel says that files are missing which were just sent")
                                     .because("provider_busy"));
}

Result<Poll> Vercel::poll(Task& task) {
    ProviderApi api = vercel::api_of(client_, task);
    if (!note(task, kMoved).empty()) {
        return poll_move(api, task);
    }
    if (task.row().remote.id.empty()) {  // The answer that told it may have been lost.
        ORIGIN_TRY(
            made,
            note(task, kCreating).empty() ? Result<bool>(false) : vercel::find_again(api, task));
        if (!made) {
            return Poll{};
        }
    }
    ORIGIN_TRY(deployment, deployment_of(api, task));
    if (std::string why = failure_in(deployment); !why.empty()) {
        return failed(std::move(why));
    }
    const std::string state = text_at(deployment, {"readyState"});
    if (state != "READY" || !is_assigned(deployment)) {
        return Poll{.wait = growing_wait(task),
                    .text = "at Vercel: " + printable(state) +
                            (state == "READY" ? ", not at its address yet" : ""),
                    .is_late = state == "READY"};
    }
    if (!task.row().preview && text_at(deployment, {"readySubstate"}) == "STAGED") {  // V8.
        if (!task.may_go_live() && note(task, kMove).empty()) {
            return Poll{.state = Poll::State::Staged};
        }
        ORIGIN_CHECK(move_domains(api, task, "promote"));
        if (!task.goes_together()) {
            ORIGIN_CHECK(
                task.say("automatic publishing was off at Vercel, as it is after a rollback: "
                         "this deployment is promoted, which turns it on again"));
        }
        return Poll{.text = "at Vercel: promoted", .is_late = true};
    }
    take_live(task, deployment);
    return Poll{.state = Poll::State::Live};
}

Status Vercel::roll_back(Task& task, const store::RemoteDeployment& earlier) {
    ProviderApi api = vercel::api_of(client_, task);
    ORIGIN_CHECK(vercel::look_at_project(api, task));
    task.row().remote.id = earlier.id;
    ORIGIN_CHECK(move_domains(api, task, "rollback"));
    return task.say(
        "Vercel puts its earlier deployment back, and turns automatic publishing off: what is "
        "deployed from elsewhere stays staged; the next push through here is promoted, which "
        "turns it on again");
}

void Vercel::cancel(Task& task) {
    if (task.row().remote.id.empty() || !note(task, kMove).empty()) {
        return;
    }
    ProviderApi api = vercel::api_of(client_, task);
    [[maybe_unused]] const auto dropped =
        api.call({.method = "PATCH",
                  .path = vercel::at_team(
                      task, "/v12/deployments/" + encoded_path(task.row().remote.id) + "/cancel")});
}

Status Vercel::remove(Task& task) {
    ProviderApi api = vercel::api_of(client_, task);
    return gone(api.call(
        {.method = "DELETE",
         .path = vercel::at_team(task, "/v13/deployments/" + encoded_path(task.row().remote.id))}));
}

}  // namespace

std::unique_ptr<Connector> make_vercel(const net::HttpClient& client) {
    return std::make_unique<Vercel>(client);
}

}  // namespace origin::deploy
