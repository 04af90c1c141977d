// SPDX-License-Identifier: Apache-2.0
#include "origind/service.h"

#include <cstdlib>
#include <optional>

#include <sys/stat.h>

#include "api/api.h"
#include "auth/archive_link.h"
#include "auth/gatekeeper.h"
#include "auth/preview_link.h"
#include "auth/rate_limits.h"
#include "auth/urls.h"
#include "base/random.h"
#include "base/steadied_clock.h"
#include "deploy/all_connectors.h"
#include "deploy/connectors.h"
#include "deploy/progress.h"
#include "deploy/worker.h"
#include "generator/blueprint/blueprint.h"
#include "generator/run_worker.h"
#include "generator/runs.h"
#include "git/odb/libgit2_init.h"
#include "git/serve/admission.h"
#include "git/serve/push.h"
#include "git/serve/receive_pack.h"
#include "git/serve/upkeep.h"
#include "git/serve/upkeep_schedule.h"
#include "git/serve/upload_archive.h"
#include "git/serve/upload_pack.h"
#include "githttp/front.h"
#include "gitssh/shell_door.h"
#include "gitssh/ssh_server.h"
#include "hooks/bookkeeper.h"
#include "hooks/deployments.h"
#include "hooks/dispatcher.h"
#include "hooks/job_runner.h"
#include "hooks/push_plan.h"
#include "hooks/target_secret.h"
#include "hooks/webhook_delivery.h"
#include "hooks/webhooks.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/worker_pool.h"
#include "origind/certificates.h"
#include "origind/data_folder.h"
#include "origind/master_key.h"
#include "origind/operator_api.h"
#include "origind/programs.h"
#include "origind/push_gates.h"
#include "origind/thread_counts.h"
#include "store/lmdb_store.h"

namespace origin {
namespace {

constexpr std::chrono::seconds kStopGrace{25};
constexpr int kExitIoError = 74;  // sysexits(3) EX_IOERR.

}  // namespace

/// Members in the order they are built; each may use those above it.
struct Service::Parts {
    Config config;
    Log& log;
    Clock& clock;
    SteadiedClock schedule{clock};
    SystemRandom random;
    Metrics metrics;
    std::unique_ptr<store::Store> store;
    Secret master_key;
    std::unique_ptr<auth::Gatekeeper> gatekeeper;
    std::unique_ptr<auth::RateLimits> limits;
    std::optional<git::Admission> admission;
    std::unique_ptr<net::HttpClient> client;
    const git::Storage::DiskLost disk_lost = [this](const Error& error) {
        log.error("a sync failed; ending to recover at start", {{"why", error.kept_in_log()}});
        std::_Exit(kExitIoError);
    };
    std::unique_ptr<git::Storage> storage;
    Certificates certificates;
    std::unique_ptr<net::WorkerPool> workers;

    // The front's place in the listener, before the URLs (which need the listener's port) are
    // known.
    class Door final : public net::Handler {
    public:
        net::Begun begin(const net::RequestHead& head) override { return front->begin(head); }
        std::optional<net::Response> at_once(const net::RequestHead& head) override {
            return front->at_once(head);
        }
        net::Handler* front = nullptr;
    };
    Door door;
    std::unique_ptr<net::HttpServer> server;
    std::vector<gitssh::HostKey> host_keys;
    std::unique_ptr<gitssh::SshServer> ssh_server;
    std::optional<gitssh::ShellTickets> shell_tickets;
    std::unique_ptr<gitssh::ShellDoor> shell_door;
    std::optional<auth::Urls> urls;
    std::unique_ptr<auth::PreviewLinks> links;

    std::unique_ptr<PushGates> gates;
    std::unique_ptr<Programs> programs;
    hooks::PushPlan push_plan;
    std::unique_ptr<git::Quotas> quotas;
    std::unique_ptr<git::PushService> pushes;
    std::unique_ptr<git::Upkeep> upkeep;
    std::unique_ptr<git::UploadPack> upload_pack;
    std::unique_ptr<git::UploadArchive> upload_archive;
    std::unique_ptr<git::ReceivePack> receive_pack;

    generator::Blueprint blueprint;
    std::unique_ptr<generator::Runs> runs;
    std::unique_ptr<generator::RunWorker> run_worker;
    std::unique_ptr<deploy::Connectors> connectors;
    std::unique_ptr<deploy::DeployWorker> deploy_worker;
    std::unique_ptr<hooks::WebhookDelivery> webhook_delivery;

    std::unique_ptr<githttp::GitDoor> git_door;
    std::unique_ptr<githttp::Sites> sites;
    std::unique_ptr<api::Api> api;
    std::unique_ptr<OperatorApi> operator_api;
    std::unique_ptr<githttp::Front> front;

    std::vector<std::unique_ptr<hooks::JobRunner>> job_runners;
    std::unique_ptr<hooks::Dispatcher> dispatcher;
    std::unique_ptr<hooks::Bookkeeper> bookkeeper;

    Parts(const Config& settings, Log& l, Clock& c) : config(settings), log(l), clock(c) {}

    Status open();
    Status listen();
    Status wire(std::uint16_t port);
    void wire_git();
    void wire_work();
    void wire_doors();
    Status open_ssh();
    Status open_shell();
    void start();
    std::unique_ptr<hooks::JobRunner> runner(hooks::JobRunner::Plan plan);
};

Status Service::Parts::open() {
    ORIGIN_CHECK(check_data_folder(config.data));
    ORIGIN_TRY(opened,
               store::open_lmdb({.data_folder = config.data.string(), .fatal = {}}, log, clock));
    store = std::move(opened);
    ORIGIN_TRY(key, open_master_key(*store, master_key_sources(config.data), random, log, clock));
    master_key = std::move(key);
    git::use_libgit2();
    storage = std::make_unique<git::Storage>(config.data / "projects", disk_lost);
    programs =
        std::make_unique<Programs>(Programs::Around{*store, *storage, clock, schedule, config});
    ORIGIN_CHECK(storage->sweep(*store, log));
    gatekeeper = std::make_unique<auth::Gatekeeper>(*store, clock, metrics);
    limits = std::make_unique<auth::RateLimits>(config.rates, clock, random, metrics);
    admission.emplace(git::Admission::Around{*store, *gatekeeper, clock, random});
    client =
        std::make_unique<net::HttpClient>(net::ClientSettings{.allowed = config.outbound_allow});
    return certificates.open(config);
}

void Service::Parts::wire_git() {
    gates = std::make_unique<PushGates>(PushGates::Around{
        config, *store, *gatekeeper, *client, clock, random, master_key, metrics});
    quotas = std::make_unique<git::Quotas>(config.quotas, *store, clock);
    pushes = std::make_unique<git::PushService>(
        git::PushService::Around{.store = *store,
                                 .storage = *storage,
                                 .gatekeeper = *gatekeeper,
                                 .clock = clock,
                                 .schedule = schedule,
                                 .random = random,
                                 .metrics = metrics,
                                 .gates = gates->of_each_ref(),
                                 .whole_gates = programs->gates(gates->of_the_push()),
                                 .planner = &push_plan,
                                 .quotas = quotas.get()});
    upkeep = std::make_unique<git::Upkeep>(
        git::Upkeep::Around{*store, *storage, clock, schedule, log, metrics});
    upload_pack = std::make_unique<git::UploadPack>(*store, *storage, metrics, kAgent);
    upload_archive = std::make_unique<git::UploadArchive>(*store, *storage);
    receive_pack = std::make_unique<git::ReceivePack>(git::ReceivePack::Around{
        *pushes,
        kAgent,
        [this](const ProjectId& project,
               const git::PushOutcome& outcome,
               const std::vector<std::string>& options) {
            return deploy::follow_push(*store, *urls, project, outcome, options);
        },
        workers.get()});
}

std::unique_ptr<hooks::JobRunner> Service::Parts::runner(hooks::JobRunner::Plan plan) {
    return std::make_unique<hooks::JobRunner>(
        hooks::JobRunner::Around{*store, schedule, log, metrics}, std::move(plan));
}

void Service::Parts::wire_work() {
    runs = std::make_unique<generator::Runs>(generator::Runs::Around{
        *pushes, *gatekeeper, clock, random, {{std::string(blueprint.name()), &blueprint}}});
    run_worker = std::make_unique<generator::RunWorker>(
        generator::RunWorker::Around{*runs, *pushes, *gatekeeper, log, kVersion});
    const deploy::Connectors::Settings reach{config.allow_api_base, config.outbound_allow};
    connectors = std::make_unique<deploy::Connectors>(*client, reach);
    connectors->add(deploy::make_webhook(
        *client, [this](const ProjectId& project, const Oid& commit, UnixMillis expires) {
            return auth::archive_link(*links, *urls, project, commit, expires);
        }));
    programs->add_command(*connectors);
    deploy_worker = std::make_unique<deploy::DeployWorker>(
        deploy::DeployWorker::Around{.store = *store,
                                     .storage = *storage,
                                     .urls = *urls,
                                     .clock = clock,
                                     .schedule = schedule,
                                     .random = random,
                                     .log = log,
                                     .connectors = *connectors,
                                     .client = *client,
                                     .master_key = master_key,
                                     .builds = programs->builds(pushes->quotas())});
    webhook_delivery = std::make_unique<hooks::WebhookDelivery>(hooks::WebhookDelivery::Around{
        *store, *storage, *client, *urls, random, clock, schedule, master_key});
    job_runners.push_back(
        runner({.kind = std::string(generator::kRunJob),
                .threads = kRunThreads,
                .work = [this](const store::Job& job) { return run_worker->work(job); },
                .give_up =
                    [this](const store::Job& job) {
                        return run_worker->give_up(job);
                    }}));
    const auto deploy = [this](const store::Job& job) {
        return deploy_worker->work(job);
    };
    job_runners.push_back(runner({.kind = std::string(hooks::kDeployJob),
                                  .threads = kDeployThreads,
                                  .delay_max = deploy::kDeployDelayMax,
                                  .work = deploy,
                                  .give_up = deploy}));  // A deployment counts its own tries.
    // An endpoint's own schedule decides when to stop trying: its job is never given up.
    const auto deliver = [this](const store::Job& job) {
        return webhook_delivery->work(job);
    };
    for (const auto& [kind, threads] : {std::pair(hooks::kWebhookJob, kWebhookThreads),
                                        std::pair(hooks::kSlowWebhookJob, kSlowWebhookThreads)}) {
        job_runners.push_back(runner({.kind = std::string(kind),
                                      .threads = threads,
                                      .delay_max = hooks::kWebhookDelayMax,
                                      .work = deliver,
                                      .give_up = deliver}));
    }
    const auto look_after = [this](const store::Job& job) {
        return upkeep->work(job);
    };
    job_runners.push_back(runner({.kind = std::string(git::kUpkeepJob),
                                  .delay_max = git::kUpkeepDelayMax,
                                  .work = look_after,
                                  .give_up = look_after}));  // Never: it is tried again.
    dispatcher = std::make_unique<hooks::Dispatcher>(
        *store,
        log,
        std::vector<hooks::Dispatcher::Consumer>{
            {"webhooks", hooks::queue_webhooks, hooks::concerns_webhooks}});
    bookkeeper = std::make_unique<hooks::Bookkeeper>(
        hooks::Bookkeeper::Around{*store, gatekeeper->notes(), schedule, log, config.audit_kept});
}

void Service::Parts::wire_doors() {
    git_door = std::make_unique<githttp::GitDoor>(githttp::GitDoor::Around{
        *gatekeeper, *limits, *admission, *upload_pack, *receive_pack, *urls});
    const auto open = [this](const auto&... sealed) {
        return hooks::open_target_secret(master_key, sealed...);
    };
    const auto later = [this](auto work) {
        return workers->submit(std::move(work));
    };
    sites = std::make_unique<githttp::Sites>(
        githttp::Sites::Around{.store = *store,
                               .storage = *storage,
                               .urls = *urls,
                               .links = *links,
                               .clock = clock,
                               .open_secret = open,
                               .later = later,
                               .codings = config.data / kCodingsFolder,
                               .metrics = metrics});
    api = std::make_unique<api::Api>(api::Around{.store = *store,
                                                 .storage = *storage,
                                                 .pushes = *pushes,
                                                 .gatekeeper = *gatekeeper,
                                                 .limits = *limits,
                                                 .runs = *runs,
                                                 .urls = *urls,
                                                 .preview_links = *links,
                                                 .outbound = {.allowed = config.outbound_allow},
                                                 .connectors = *connectors,
                                                 .master_key = master_key,
                                                 .clock = clock,
                                                 .random = random,
                                                 .log = log,
                                                 .metrics = metrics,
                                                 .server_version = kVersion,
                                                 .sandbox = programs->usable()});
    operator_api = std::make_unique<OperatorApi>(
        OperatorApi::Around{.api = *api,
                            .pushes = *pushes,
                            .upkeep = *upkeep,
                            .gatekeeper = *gatekeeper,
                            .random = random,
                            .clock = clock,
                            .tickets = shell_tickets ? &*shell_tickets : nullptr});
    front = std::make_unique<githttp::Front>(
        githttp::Front::Around{*urls, *limits, *git_door, *sites, *operator_api});
    door.front = front.get();
}

/// Everything that needs to know the address we are reached at.
Status Service::Parts::wire(std::uint16_t port) {
    const std::string url =
        config.public_url.empty() ? default_public_url(config, port) : config.public_url;
    ORIGIN_TRY(made, auth::Urls::make(url, config.sites_domain));
    urls.emplace(std::move(made));
    gatekeeper->take_tokens_for(urls->public_url());
    links = std::make_unique<auth::PreviewLinks>(derived_key(master_key, "origind preview links"));
    if (!config.ssh_shell_socket.empty()) {
        shell_tickets.emplace(derived_key(master_key, "origind ssh shell"));
    }
    wire_git();
    wire_work();
    wire_doors();
    return {};
}

Status Service::Parts::open_shell() {
    if (!shell_tickets) {
        return {};
    }
    shell_door = std::make_unique<gitssh::ShellDoor>(gitssh::ShellDoor::Around{
        .gatekeeper = *gatekeeper,
        .git = {*admission, *limits, *upload_pack, *receive_pack, *upload_archive, *urls},
        .tickets = *shell_tickets,
        .workers = *workers,
        .log = log,
        .metrics = metrics,
        .clock = clock});
    return shell_door->listen(config.ssh_shell_socket);
}

/// Requests wait in the kernel's queues until start().
Status Service::Parts::listen() {
    workers = std::make_unique<net::WorkerPool>(config.worker_threads, clock);
    server = std::make_unique<net::HttpServer>(
        net::ServerSettings{.trusted_proxies = config.trusted_proxies},
        net::HttpServer::Around{door, *workers, log, metrics, clock});
    ORIGIN_CHECK(server->listen_tcp(config.http.address, config.http.port, certificates.context()));
    return server->listen_unix((config.data / kSocketName).string());
}

void Service::Parts::start() {
    programs->begin();
    for (const auto& runner : job_runners) {
        runner->start();
    }
    dispatcher->start();
    bookkeeper->start();
    server->start(net::io_threads_here());
    if (ssh_server) {
        ssh_server->start();
    }
    if (shell_door) {
        shell_door->start();
    }
}

Status Service::Parts::open_ssh() {
    if (!config.ssh) {
        return {};
    }
    ORIGIN_TRY(keys, gitssh::take_host_keys(config.data, log));
    host_keys = std::move(keys);
    ssh_server = std::make_unique<gitssh::SshServer>(gitssh::SshServer::Around{
        .gatekeeper = *gatekeeper,
        .git = {*admission, *limits, *upload_pack, *receive_pack, *upload_archive, *urls},
        .workers = *workers,
        .log = log,
        .metrics = metrics,
        .clock = clock,
        .random = random,
        .limits = config.ssh_limits,
        .compat = config.ssh_compat});
    return ssh_server->listen(config.ssh->address, config.ssh->port, host_keys);
}

Service::Service(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Service::~Service() {
    stop();
}

std::unique_ptr<Service> Service::around(std::unique_ptr<Parts> parts) {
    struct Maker : Service {
        explicit Maker(std::unique_ptr<Parts> p) : Service(std::move(p)) {}
    };
    return std::make_unique<Maker>(std::move(parts));
}

Result<std::unique_ptr<Service>> Service::open(const Config& config, Log& log, Clock& clock) {
    auto parts = std::make_unique<Parts>(config, log, clock);
    ORIGIN_CHECK(parts->open());
    ORIGIN_CHECK(parts->wire(config.http.port));
    return around(std::move(parts));
}

Result<std::unique_ptr<Service>> Service::serve(const Config& config, Log& log, Clock& clock) {
    auto service = around(std::make_unique<Parts>(config, log, clock));  // It stops what began.
    Parts& parts = *service->parts_;
    ORIGIN_CHECK(parts.open());
    ORIGIN_CHECK(parts.listen());
    ORIGIN_CHECK(parts.wire(parts.server->port()));
    ORIGIN_CHECK(parts.open_ssh());
    ORIGIN_CHECK(parts.open_shell());
    parts.start();
    return service;
}

net::Handler& Service::api() {
    return *parts_->operator_api;
}

store::Store& Service::store() {
    return *parts_->store;
}

Result<bool> Service::reload_certificates() {
    return parts_->certificates.reload();
}

const std::string& Service::public_url() const {
    return parts_->urls->public_url();
}

std::vector<std::string> Service::ssh_lines() const {
    std::vector<std::string> lines;
    if (parts_->ssh_server) {
        lines.push_back("origind serves ssh://" + parts_->config.ssh->address + ":" +
                        std::to_string(parts_->ssh_server->port()));
        for (const gitssh::HostKey& key : parts_->host_keys) {
            lines.push_back("host key " + key.type + " " + key.fingerprint +
                            (key.replaced.empty() ? "" : " (was: " + key.replaced + ")"));
        }
    }
    return lines;
}

void Service::stop() {
    Parts& parts = *parts_;
    if (parts.ssh_server) {
        parts.ssh_server->begin_stop(kStopGrace);  // All doors in the same time.
    }
    if (parts.shell_door) {
        parts.shell_door->begin_stop(kStopGrace);
    }
    if (parts.server) {
        parts.server->stop(kStopGrace);
    }
    if (parts.ssh_server) {
        parts.ssh_server->stop(kStopGrace);
    }
    if (parts.shell_door) {
        parts.shell_door->stop(kStopGrace);
    }
    if (parts.dispatcher) {
        parts.dispatcher->stop();
    }
    if (parts.bookkeeper) {
        parts.bookkeeper->stop();
    }
    if (parts.deploy_worker) {
        parts.deploy_worker->stop();
    }
    for (const auto& runner : parts.job_runners) {
        runner->stop();
    }
    std::error_code ignored;
    if (parts.server) {
        std::filesystem::remove(parts.config.data / kSocketName, ignored);
        parts.server.reset();
    }
}

}  // namespace origin
