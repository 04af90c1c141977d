// SPDX-License-Identifier: Apache-2.0
#include "githttp/door_world.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include <stdlib.h>

#include "auth/accounts.h"
#include "auth/key_text.h"
#include "crypto/encode.h"
#include "git/odb/pack_builder.h"
#include "git/serve/catalogue.h"
#include "git/serve/commit.h"
#include "git/serve/refs.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::githttp::test {
namespace {

using store::Reader;
using store::Table;
using store::Writer;

std::filesystem::path make_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "githttp-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    return name;
}

void expect_ok(const Status& status) {
    EXPECT_TRUE(status) << status.error().told_to_peer() << " / " << status.error().kept_in_log();
}

void read_all(net::Response response, Answered& answered) {
    answered.status = response.status;
    answered.headers = std::move(response.headers);
    answered.body = std::move(response.body);
    answered.body += response.shared.bytes;
    while (response.stream) {
        const auto state = response.stream->step(answered.body);
        answered.cut_off = !state;
        if (!state || *state == net::BodySource::State::Done) {
            break;
        }
    }
}

net::Response response_of(net::Reply reply) {
    return std::move(std::get<net::Response>(reply));
}

net::Response feed(net::BodySink& sink, std::string_view body, std::size_t piece) {
    while (!body.empty()) {
        const std::string_view part = body.substr(0, piece);
        if (const Status fed = sink.feed(bytes_of(part)); !fed) {
            return response_of(sink.failed(fed.error()));
        }
        body.remove_prefix(part.size());
    }
    return response_of(sink.finish());
}

net::RequestHead head_of(const Ask& request) {
    net::RequestHead head;
    head.method = request.method;
    head.target = request.target;
    const std::size_t mark = std::min(request.target.find('?'), request.target.size());
    head.path = request.target.substr(0, mark);
    head.query = request.target.substr(std::min(mark + 1, request.target.size()));
    head.headers = request.headers;
    head.host = request.host;
    head.peer = request.local_operator ? "" : request.peer;
    head.local_operator = request.local_operator;
    head.content_length = request.body.size();
    return head;
}

}  // namespace

std::string Answered::header(std::string_view name) const {
    const auto found = std::ranges::find(headers, name, &net::Header::name);
    return found == headers.end() ? std::string() : found->value;
}

std::vector<std::string> Answered::header_names() const {
    std::vector<std::string> names;
    std::ranges::transform(headers, std::back_inserter(names), &net::Header::name);
    return names;
}

net::Header basic(std::string_view user, std::string_view password) {
    return {"Authorization",
            "Basic " + crypto::base64(std::string(user) + ":" + std::string(password))};
}

net::Header bearer(std::string_view key) {
    return {"Authorization", "Bearer " + std::string(key)};
}

DoorWorld::DoorWorld(const std::string& public_url,
                     const std::string& sites_domain,
                     const auth::Rates& rates)
    : limits(rates, clock, random, metrics),
      urls(*auth::Urls::make(public_url, sites_domain)),
      folder_(make_folder()),
      storage_(folder_ / "projects"),
      gatekeeper_(*store_, clock, metrics),
      admission_({*store_, gatekeeper_, clock, random}),
      pushes_({.store = *store_,
               .storage = storage_,
               .gatekeeper = gatekeeper_,
               .clock = clock,
               .schedule = clock,
               .random = random,
               .metrics = metrics,
               .gates = {},
               .planner = nullptr}),
      upload_pack_(*store_, storage_, metrics, "origind/test"),
      receive_pack_({.pushes = pushes_, .agent = "origind/test", .progress = {}}),
      git_({gatekeeper_, limits, admission_, upload_pack_, receive_pack_, urls}),
      sites_({*store_,
              storage_,
              urls,
              links,
              clock,
              [](const ProjectId&, std::string_view, std::string_view sealed) {
                  return Result<std::string>(std::string(sealed));  // As it lies in the row.
              },
              [](const std::function<void()>& work) {
                  work();
                  return true;
              },
              folder_ / "codings",
              metrics}),
      front_({urls, limits, git_, sites_, api}) {
    std::filesystem::create_directories(folder_ / "projects");
    std::filesystem::create_directories(folder_ / "packed");
}

DoorWorld::~DoorWorld() {
    std::filesystem::remove_all(folder_);
}

Answered DoorWorld::ask(const Ask& request) {
    const net::RequestHead head = head_of(request);
    Answered answered;
    if (!head.has_body()) {
        if (auto at_once = front_.at_once(head)) {
            ++at_once_answers;
            read_all(std::move(*at_once), answered);
            return answered;
        }
    }
    net::Begun begun = front_.begin(head);
    if (auto* reply = std::get_if<net::Reply>(&begun)) {
        read_all(response_of(std::move(*reply)), answered);
        return answered;
    }
    const auto sink = std::move(std::get<std::unique_ptr<net::BodySink>>(begun));
    read_all(feed(*sink, request.body, request.piece), answered);
    return answered;
}

void DoorWorld::break_off(const Ask& request, std::size_t steps) {
    const net::RequestHead head = head_of(request);
    net::Begun begun = front_.begin(head);
    auto* const sink = std::get_if<std::unique_ptr<net::BodySink>>(&begun);
    ASSERT_NE(sink, nullptr);
    EXPECT_EQ(limits.fetches(), 1U);
    if (steps == 0) {
        expect_ok((*sink)->feed(bytes_of(request.body.substr(0, request.piece))));
        return;
    }
    net::Response response = feed(**sink, request.body, request.piece);
    for (std::size_t i = 1; i < steps && response.stream; ++i) {
        EXPECT_TRUE(response.stream->step(response.body));
    }
}

ClientId DoorWorld::add_client(const std::string& slug, bool admin) {
    const auto id = ClientId::make(clock, random);
    expect_ok(store_->write([&](Writer& writer) -> Status {
        ORIGIN_CHECK(auth::create_client(
            writer, {.id = id, .slug = slug, .name = {}, .email = {}, .admin = admin}));
        return {};
    }));
    return id;
}

std::string DoorWorld::add_key(const ClientId& client,
                               std::vector<std::string> scopes,
                               UnixMillis expires_at) {
    const auto id = KeyId::make(clock, random);
    const Secret text = auth::make_key_text(id, random);
    expect_ok(store_->write([&](Writer& writer) -> Status {
        ORIGIN_TRY(parsed, auth::Scopes::parse(scopes));
        ORIGIN_CHECK(auth::create_key(writer,
                                      {.id = id,
                                       .text = text,
                                       .client = client,
                                       .title = "test",
                                       .scopes = parsed,
                                       .projects = {},
                                       .expires_at = expires_at}));
        return {};
    }));
    return text.reveal();
}

ProjectId DoorWorld::add_project(const ClientId& owner, const std::string& slug) {
    const auto id = ProjectId::make(clock, random);
    expect_ok(store_->write([&](Writer& writer) -> Status {
        ORIGIN_CHECK(git::create_project(
            writer,
            {.id = id, .owner = owner, .slug = slug, .name = {}, .actor = {owner, {}, {}}}));
        return {};
    }));
    return id;
}

void DoorWorld::delete_project(const ProjectId& project) {
    const auth::Permit permit = writer_of(project);
    expect_ok(store_->write([&](Writer& writer) -> Status {
        return git::delete_project(writer, permit, clock.now());
    }));
}

auth::Permit DoorWorld::writer_of(const ProjectId& project) {
    std::optional<auth::Permit> permit;
    expect_ok(store_->read([&](Reader& reader) -> Status {
        ORIGIN_TRY(row, git::need_project(reader, project));
        const auth::Identity owner{.client = row.owner,
                                   .slug = "owner",
                                   .name = "Owner",
                                   .email = "owner@example.org",
                                   .key = {},
                                   .scopes = auth::Scopes::all(),
                                   .projects = {}};
        ORIGIN_TRY(given, gatekeeper_.permit(reader, owner, project, auth::Action::Write));
        permit = given;
        return {};
    }));
    return *permit;
}

Oid DoorWorld::add_tree(git::PackBuilder& builder, const Files& files, const std::string& folder) {
    std::vector<git::TreeItem> items;
    std::set<std::string> folders;
    for (const auto& [path, file] : files) {
        if (!path.starts_with(folder)) {
            continue;
        }
        const std::string rest = path.substr(folder.size());
        const std::size_t slash = rest.find('/');
        if (slash != std::string::npos) {
            folders.insert(rest.substr(0, slash));
            continue;
        }
        const bool link = file.mode == git::kModeGitlink;
        const Oid oid = link ? Oid::from_hex(file.content).value_or(Oid{})
                             : builder.add(git::ObjectType::Blob, file.content).value_or(Oid{});
        items.push_back({file.mode, rest, oid});
    }
    for (const std::string& name : folders) {
        const Oid tree = add_tree(builder, files, folder + name + "/");
        items.push_back({git::kModeTree, name, tree});
    }
    const auto tree = builder.add(git::ObjectType::Tree, git::serialize_tree(items));
    EXPECT_TRUE(tree) << tree.error().told_to_peer();
    return tree.value_or(Oid{});
}

Oid DoorWorld::add_commit(git::PackBuilder& builder, const Files& files, const Oid& parent) {
    const git::Ident who = git::server_ident(clock.now());
    const git::Commit commit{.tree = add_tree(builder, files, {}),
                             .parents = parent.is_zero() ? std::vector<Oid>{} : std::vector{parent},
                             .author = who,
                             .committer = who,
                             .encoding = {},
                             .message = "Change"};
    const auto oid = builder.add(git::ObjectType::Commit, git::serialize(commit));
    EXPECT_TRUE(oid) << oid.error().told_to_peer();
    return oid.value_or(Oid{});
}

Oid DoorWorld::commit(const ProjectId& project,
                      const std::string& ref,
                      const Files& files,
                      std::optional<RunId> run) {
    const auth::Permit permit = writer_of(project);
    auto draft = git::Draft::open(pushes_, permit, {ref});
    EXPECT_TRUE(draft);
    const Oid parent = (*draft)->tip(ref);
    const Oid oid = add_commit((*draft)->builder(), files, parent);
    const auto pushed = (*draft)->push(
        {.via = "api", .refs = {{.name = ref, .old_id = parent, .new_id = oid}}, .run = run});
    EXPECT_TRUE(pushed && pushed->all_ok());
    return oid;
}

DoorWorld::Packed DoorWorld::packed_commit(const Files& files) {
    git::PackBuilder builder(nullptr);
    const Oid oid = add_commit(builder, files, {});
    const auto built = builder.write(folder_ / "packed");
    EXPECT_TRUE(built);
    if (built->in_memory != nullptr) {
        expect_ok(built->staged.write(*built->in_memory));
    }
    std::ifstream file(built->staged.pack_path(), std::ios::binary);
    return {oid, std::string(std::istreambuf_iterator<char>(file), {})};
}

void DoorWorld::delete_ref(const ProjectId& project, const std::string& ref, const Oid& tip) {
    auto draft = git::Draft::open(pushes_, writer_of(project));
    const auto pushed = pushes_.push(writer_of(project),
                                     {.via = "api",
                                      .refs = {{.name = ref, .old_id = tip, .new_id = {}}},
                                      .objects = git::NewObjects::none((*draft)->objects())});
    EXPECT_TRUE(pushed && pushed->all_ok());
}

Oid DoorWorld::tip(const ProjectId& project, const std::string& ref) {
    Oid oid;
    expect_ok(store_->read([&](Reader& reader) -> Status {
        ORIGIN_TRY(row, git::find_ref(reader, project, ref));
        oid = row ? row->oid : Oid{};
        return {};
    }));
    return oid;
}

std::optional<git::FoundProject> DoorWorld::find(const std::string& name) {
    std::optional<git::FoundProject> found;
    expect_ok(store_->read([&](Reader& reader) -> Status {
        ORIGIN_TRY(project, git::find_project(reader, name));
        found = project;
        return {};
    }));
    return found;
}

void DoorWorld::add_host(const std::string& host,
                         const ProjectId& project,
                         const std::string& target) {
    expect_ok(store_->write([&](Writer& writer) -> Status {
        return store::put_row(
            writer, Table::Sites, host, store::SiteRow{.project = project, .target = target});
    }));
}

DeploymentId DoorWorld::deploy(const ProjectId& project,
                               const std::string& target,
                               const Oid& commit,
                               const Way& way) {
    const auto id = DeploymentId::make(clock, random);
    store::TargetRow settings;
    settings.connector = way.connector;
    settings.publish_root = way.publish_root;
    settings.settings = way.settings;
    settings.sealed_secret = way.secret;
    settings.live = id;
    expect_ok(store_->write([&](Writer& writer) -> Status {
        store::DeploymentRow row;
        row.target = target;
        row.commit = commit;
        row.state = store::DeploymentState::Live;
        ORIGIN_CHECK(
            store::put_row(writer, Table::Deployments, store::deployment_key(project, id), row));
        return store::put_row(writer, Table::Targets, store::target_key(project, target), settings);
    }));
    return id;
}

}  // namespace origin::githttp::test
