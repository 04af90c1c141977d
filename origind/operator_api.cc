// SPDX-License-Identifier: Apache-2.0
#include "origind/operator_api.h"

#include <mutex>
#include <optional>
#include <utility>

#include <boost/json.hpp>

#include "auth/accounts.h"
#include "auth/ssh_public_key.h"
#include "base/limits.h"
#include "git/serve/catalogue.h"
#include "git/serve/export.h"
#include "git/serve/import.h"
#include "json/fields.h"
#include "net/problem.h"
#include "net/string_sink.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin {
namespace {

constexpr std::string_view kPrefix = "/api/operator/";
constexpr std::uint64_t kBodyBytesMax = 16 * kKiB;

net::Response json_answer(int status, const boost::json::object& body) {
    return {.status = status,
            .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
            .body = boost::json::serialize(body)};
}

/// Where the thread puts the answer, and the request finds it.
struct Outcome {
    std::mutex mutex;
    std::optional<net::Response> answer;
};

class Pending final : public net::Deferred {
public:
    explicit Pending(std::shared_ptr<Outcome> outcome) : outcome_(std::move(outcome)) {}
    std::optional<net::Response> poll() override {
        const std::lock_guard lock(outcome_->mutex);
        return std::exchange(outcome_->answer, std::nullopt);
    }

private:
    std::shared_ptr<Outcome> outcome_;
};

struct ExportBody {
    std::string folder;

    static ExportBody read(Fields& in) { return {in.text("folder")}; }
};

struct GcBody {
    std::optional<std::string> project;

    static GcBody read(Fields& in) { return {in.maybe_text("project")}; }
};

struct TicketBody {
    std::string public_key;

    static TicketBody read(Fields& in) { return {in.text("publicKey")}; }
};

struct ImportBody {
    std::string staged;
    std::string project;
    std::optional<std::string> client;

    static ImportBody read(Fields& in) {
        return {in.text("staged"), in.text("project"), in.maybe_text("client")};
    }
};

/// The server's own folder would be another one than the caller's.
Status need_absolute(const std::string& folder) {
    if (std::filesystem::path(folder).is_absolute()) {
        return {};
    }
    return std::unexpected(
        Error(Code::InvalidInput, "the folder must be an absolute path").because("bad_folder"));
}

using NamedProject = std::pair<ProjectId, std::string>;

Result<std::vector<NamedProject>> one_project(store::Reader& reader, const std::string& wanted) {
    ORIGIN_TRY(found, git::find_project(reader, wanted));
    if (!found) {
        return std::unexpected(Error(Code::NotFound, "there is no such project"));
    }
    ORIGIN_TRY(name, git::full_name(reader, found->row));
    return std::vector<NamedProject>{{found->id, std::move(name)}};
}

Result<std::vector<NamedProject>> all_projects(store::Reader& reader) {
    std::vector<NamedProject> projects;
    ORIGIN_TRY(rows, store::scan_rows<store::ProjectRow>(reader, store::Table::Projects, {}));
    for (const auto& [key, row] : rows) {
        const auto id = ProjectId::from_raw(key);
        if (id && row.deleted_at == 0) {
            ORIGIN_TRY(name, git::full_name(reader, row));
            projects.emplace_back(*id, std::move(name));
        }
    }
    return projects;
}

}  // namespace

net::Begun OperatorApi::begin(const net::RequestHead& head) {
    if (!head.local_operator || !head.path.starts_with(kPrefix) || head.method != "POST") {
        return around_.api.begin(head);
    }
    const std::string_view verb = std::string_view(head.path).substr(kPrefix.size());
    Work work;
    if (verb == "export") {
        work = [this](const std::string& body) {
            return export_all(body);
        };
    } else if (verb == "gc") {
        work = [this](const std::string& body) {
            return collect(body);
        };
    } else if (verb == "import") {
        work = [this](const std::string& body) {
            return import(body);
        };
    } else if (verb == "ssh-ticket") {
        // At once: sshd waits, and an import may run on the thread.
        return std::make_unique<net::StringSink>(
            kBodyBytesMax, [this](const std::string& body) -> net::Reply {
                auto done = ssh_ticket(body);
                return done ? std::move(*done) : net::problem_response(done.error());
            });
    } else {
        return around_.api.begin(head);
    }
    return std::make_unique<net::StringSink>(
        kBodyBytesMax, [this, work](std::string body) { return later(work, std::move(body)); });
}

net::Reply OperatorApi::later(const Work& work, std::string body) {
    auto outcome = std::make_shared<Outcome>();
    const bool taken = thread_.submit([work, outcome, body = std::move(body)] {
        auto done = work(body);
        net::Response answer = done ? std::move(*done) : net::problem_response(done.error());
        const std::lock_guard lock(outcome->mutex);
        outcome->answer = std::move(answer);
    });
    if (!taken) {
        return net::problem_response(
            Error(Code::Unavailable, "too many imports and exports are waiting").because("busy"));
    }
    return std::make_unique<Pending>(outcome);
}

/// Errors: Unauthenticated: nobody's key.
Result<net::Response> OperatorApi::ssh_ticket(const std::string& body) {
    ORIGIN_TRY(wanted, read_body<TicketBody>(body));
    if (around_.tickets == nullptr) {
        return std::unexpected(Error(Code::Conflict, "ssh.shell_socket is not set"));
    }
    ORIGIN_TRY(key, auth::parse_ssh_public_key(wanted.public_key));
    ORIGIN_CHECK(around_.gatekeeper.identify_ssh(key.blob));
    return json_answer(200, {{"ticket", around_.tickets->make(key.blob, around_.clock.now())}});
}

Result<net::Response> OperatorApi::export_all(const std::string& body) {
    ORIGIN_TRY(wanted, read_body<ExportBody>(body));
    ORIGIN_CHECK(need_absolute(wanted.folder));
    ORIGIN_TRY(
        exported,
        git::export_projects(around_.pushes.store(), around_.pushes.storage(), wanted.folder));
    boost::json::array projects;
    for (const git::ExportedProject& each : exported) {
        projects.push_back({{"projectId", each.id.str()},
                            {"name", each.name},
                            {"folder", each.folder.string()},
                            {"refs", each.refs},
                            {"packs", each.packs}});
    }
    return json_answer(200, {{"folder", wanted.folder}, {"projects", std::move(projects)}});
}

/// Projects one after the other, each as if its day had come. Errors: NotFound: no such project.
Result<net::Response> OperatorApi::collect(const std::string& body) {
    ORIGIN_TRY(wanted, read_body<GcBody>(body));
    std::vector<NamedProject> projects;
    ORIGIN_CHECK(around_.pushes.store().read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(found,
                   wanted.project ? one_project(reader, *wanted.project) : all_projects(reader));
        projects = std::move(found);
        return {};
    }));
    boost::json::array done;
    for (const auto& [id, name] : projects) {
        const auto report = around_.upkeep.run(id, {.everything = true});
        if (!report && report.error().code() == Code::NotFound && !wanted.project) {
            continue;  // Deleted meanwhile.
        }
        ORIGIN_CHECK(report);
        done.push_back({{"projectId", id.str()},
                        {"name", name},
                        {"packsBefore", report->packs_before},
                        {"packs", report->packs},
                        {"journalRowsSealed", report->journal_rows_sealed},
                        {"objectsDropped", report->objects_dropped},
                        {"bytesDropped", report->bytes_dropped},
                        {"packsRemoved", report->files_removed},
                        {"undecided", report->is_undecided}});
    }
    return json_answer(200, {{"projects", std::move(done)}});
}

/// Errors: NotFound: no such client.
Result<auth::Identity> OperatorApi::owner(const std::optional<std::string>& client) {
    if (!client || client->empty()) {
        return around_.gatekeeper.local_operator();
    }
    std::optional<ClientId> id;
    ORIGIN_CHECK(around_.pushes.store().read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(found, auth::find_client(reader, *client));
        id = found;
        return {};
    }));
    auto found = id ? around_.gatekeeper.identity_of(*id, std::nullopt)
                    : Result<auth::Identity>(std::unexpected(Error(Code::NotFound, "")));
    if (!found) {
        return std::unexpected(Error(Code::NotFound, "there is no client '" + *client + "'"));
    }
    return std::move(*found);
}

Result<net::Response> OperatorApi::import(const std::string& body) {
    ORIGIN_TRY(wanted, read_body<ImportBody>(body));
    ORIGIN_CHECK(need_absolute(wanted.staged));
    ORIGIN_TRY(who, owner(wanted.client));
    ORIGIN_TRY(imported,
               git::import_staged({around_.pushes, around_.gatekeeper, around_.random},
                                  {.staged = wanted.staged, .owner = who, .slug = wanted.project}));
    boost::json::array left_out;
    for (const git::LeftOut& each : imported.left_out) {
        left_out.push_back({{"ref", each.name}, {"reason", each.reason}});
    }
    return json_answer(201,
                       {{"projectId", imported.project.str()},
                        {"name", imported.name},
                        {"refs", imported.refs},
                        {"objects", imported.objects},
                        {"packBytes", imported.pack_bytes},
                        {"leftOut", std::move(left_out)}});
}

}  // namespace origin
