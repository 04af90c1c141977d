// SPDX-License-Identifier: Apache-2.0
// The connector `sftp`: a folder on somebody's own server. What happens over there is in
// deploy/sftp_releases; each call of this is one confined child process.
#include <charconv>

#include "base/utf8.h"
#include "deploy/all_connectors.h"
#include "deploy/provider_api.h"
#include "deploy/remote_job.h"
#include "deploy/sftp_releases.h"
#include "deploy/ssh_keys.h"
#include "net/resolve.h"

namespace origin::deploy {
namespace {

constexpr std::uint32_t kPort = 22;
constexpr std::uint32_t kKeep = 5;
constexpr std::uint32_t kKeepMax = 100;
constexpr std::size_t kPartFilesMax = 500;
constexpr std::uint64_t kPartBytesMax = 16ULL * 1024 * 1024;
constexpr std::size_t kAnswerBytesMax = 2ULL * 1024 * 1024;
constexpr std::string_view kKind = "sftp";

std::unexpected<Error> bad_setting(const std::string& why) {
    return std::unexpected(Error(Code::InvalidInput, why).because("bad_setting"));
}

bool is_plain(std::string_view text) {
    return is_utf8(text) && printable(text) == text;
}

std::string folder_of(std::string_view path) {
    while (path.size() > 1 && path.ends_with('/')) {
        path.remove_suffix(1);
    }
    return std::string(path);
}

std::vector<RemoteFile> wanted_of(const SiteFiles& site) {
    constexpr std::uint32_t kExecutable = 0755;
    constexpr std::uint32_t kPlain = 0644;
    std::vector<RemoteFile> wanted;
    wanted.reserve(site.files.size());
    for (const SiteFile& file : site.files) {
        wanted.push_back({file.path, file.blob, file.is_executable ? kExecutable : kPlain});
    }
    return wanted;
}

/// Parts of at most so many files and bytes: a part is one child process.
Result<UploadPlan> parts_of(Task& task, const std::vector<std::size_t>& lacking) {
    ORIGIN_TRY(site, task.site());
    ORIGIN_TRY(digests, task.digests());
    UploadPlan plan;
    std::uint64_t bytes = 0;
    for (const std::size_t i : lacking) {
        const std::uint64_t size = digests->at(site->files.at(i).blob).size;
        if (plan.parts.empty() || plan.parts.back().size() >= kPartFilesMax ||
            bytes + size > kPartBytesMax) {
            plan.parts.emplace_back();
            bytes = 0;
        }
        plan.parts.back().push_back(i);
        bytes += size;
    }
    return plan;
}

Result<std::vector<std::size_t>> read_lacking(const sandbox::WorkFolder& folder,
                                              std::size_t files) {
    ORIGIN_TRY(text, read_text(folder.out() / "lacking", kAnswerBytesMax));
    std::vector<std::size_t> lacking;
    for (const char* at = text.data(); at != text.data() + text.size(); ++at) {
        std::size_t place = files;
        const auto [end, error] = std::from_chars(at, text.data() + text.size(), place);
        if (error != std::errc() || place >= files || *end != '\n') {
            return std::unexpected(
                Error(Code::Unavailable, "the child's answer is damaged").because("broken_answer"));
        }
        lacking.push_back(place);
        at = end;
    }
    return lacking;
}

class Sftp final : public Connector {
public:
    explicit Sftp(std::vector<net::Cidr> allowed) : allowed_(std::move(allowed)) {}

    std::string_view name() const override { return "sftp"; }
    Status check(const TargetSettings& settings) const override;
    Result<UploadPlan> plan(Task& task) override;
    Status upload(Task& task, const std::vector<std::size_t>& part) override;
    Status publish(Task& task) override;
    Result<Poll> poll(Task& task) override;
    Status roll_back(Task& task, const store::RemoteDeployment& earlier) override;
    void cancel(Task& task) override;
    Status remove(Task& /*task*/) override { return {}; }  // There are no previews.

private:
    Status run(Task& task, std::string verb, const sandbox::WorkFolder& folder) const;
    Status run_with_list(Task& task, std::string verb, const sandbox::WorkFolder& folder) const;

    std::vector<net::Cidr> allowed_;
};

Status Sftp::check(const TargetSettings& settings) const {
    ORIGIN_CHECK(check_settings(
        settings,
        {.connector = "sftp",
         .needed = {"host", "user", "path", "hostKey"},
         .others = {"port", "keep", "publicUrl"},
         .secret = "a private key in OpenSSH's form, without a password (ssh-keygen -t ed25519)"}));
    if (!settings.get("apiBase").empty()) {
        return bad_setting("the connector 'sftp' has no 'apiBase'");
    }
    ORIGIN_CHECK(number_setting(settings, "port", kPort, UINT16_MAX));
    ORIGIN_CHECK(number_setting(settings, "keep", kKeep, kKeepMax));
    ORIGIN_CHECK(HostKeyPin::parse(settings.get("hostKey")));
    for (const std::string_view name : {"host", "user", "path"}) {
        if (!is_plain(settings.get(name))) {
            return bad_setting("'settings." + std::string(name) + "' has a control character");
        }
    }
    const std::string_view url = settings.get("publicUrl");
    if (!url.empty() && (!is_plain(url) || url.contains(' ') ||
                         !(url.starts_with("https://") || url.starts_with("http://")))) {
        return bad_setting("'settings.publicUrl' is the http or https URL that people see");
    }
    return {};
}

Status Sftp::run(Task& task, std::string verb, const sandbox::WorkFolder& folder) const {
    const std::string host(task.setting("host"));
    ORIGIN_CHECK(check_private_key(task.secret().reveal()));
    ORIGIN_TRY(addresses, net::resolve_outbound(host, allowed_));
    const std::map<std::string, std::string> settings{{"port", std::string(task.setting("port"))}};
    ORIGIN_TRY(port, number_setting({settings}, "port", kPort, UINT16_MAX));
    RemoteJob job{.verb = std::move(verb),
                  .peer = {.host = host,
                           .addresses = {},
                           .port = static_cast<std::uint16_t>(port),
                           .user = std::string(task.setting("user")),
                           .host_key = std::string(task.setting("hostKey")),
                           .private_key = task.secret()},
                  .words = {{"path", folder_of(task.setting("path"))},
                            {"id", task.row().remote.id},
                            {"keep", std::string(task.setting("keep"))}}};
    if (job.words["keep"].empty()) {
        job.words["keep"] = std::to_string(kKeep);
    }
    for (const net::Address& address : addresses) {
        job.peer.addresses.push_back(address.str());
    }
    const Status ended = run_remote_job(task, kKind, job, folder);
    // What is wrong over there is no missing release: only put_back() says that.
    if (!ended && ended.error().code() == Code::NotFound &&
        ended.error().reason() != "release_gone") {
        return std::unexpected(Error(Code::InvalidInput, ended.error().told_to_peer())
                                   .because(std::string(ended.error().reason())));
    }
    return ended;
}

Status Sftp::run_with_list(Task& task, std::string verb, const sandbox::WorkFolder& folder) const {
    ORIGIN_TRY(site, task.site());
    ORIGIN_CHECK(write_text(folder.path() / "wanted", manifest_of(wanted_of(*site))));
    return run(task, std::move(verb), folder);
}

Result<UploadPlan> Sftp::plan(Task& task) {
    if (task.row().preview) {
        return std::unexpected(
            Error(Code::InvalidInput,
                  "the connector 'sftp' has no previews: give the branch a target of its own")
                .because("no_previews"));
    }
    task.row().remote.id = task.id().str();  // What the release's folder is called.
    ORIGIN_CHECK(task.digests());            // An LFS pointer is told before anything is sent.
    ORIGIN_TRY(folder, sandbox::WorkFolder::make());
    ORIGIN_CHECK(run_with_list(task, "plan", folder));
    ORIGIN_TRY(site, task.site());
    ORIGIN_TRY(lacking, read_lacking(folder, site->files.size()));
    return parts_of(task, lacking);
}

Status Sftp::upload(Task& task, const std::vector<std::size_t>& part) {
    ORIGIN_TRY(site, task.site());
    ORIGIN_TRY(folder, sandbox::WorkFolder::make());
    const std::vector<RemoteFile> all = wanted_of(*site);
    std::vector<RemoteFile> files;
    for (const std::size_t i : part) {
        ORIGIN_TRY(data, task.read(site->files.at(i)));
        ORIGIN_CHECK(write_text(folder.path() / ("f" + std::to_string(files.size())), data));
        files.push_back(all.at(i));
    }
    ORIGIN_CHECK(write_text(folder.path() / "files", manifest_of(files)));
    return run(task, "send", folder);
}

Status Sftp::publish(Task& task) {
    ORIGIN_TRY(folder, sandbox::WorkFolder::make());
    return run_with_list(task, "publish", folder);
}

Result<Poll> Sftp::poll(Task& task) {
    task.row().url = task.setting("publicUrl");  // The link was read back when it was switched.
    return Poll{.state = Poll::State::Live};
}

Status Sftp::roll_back(Task& task, const store::RemoteDeployment& earlier) {
    ORIGIN_TRY(folder, sandbox::WorkFolder::make());
    task.row().remote.id = earlier.id;
    return run(task, "back", folder);
}

void Sftp::cancel(Task& task) {
    const auto folder = sandbox::WorkFolder::make();
    if (folder && task.row().remote.id == task.id().str()) {
        [[maybe_unused]] const auto dropped = run(task, "drop", *folder);
    }
}

}  // namespace

std::unique_ptr<Connector> make_sftp(std::vector<net::Cidr> allowed) {
    return std::make_unique<Sftp>(std::move(allowed));
}

}  // namespace origin::deploy
