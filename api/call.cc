// SPDX-License-Identifier: Apache-2.0
#include "api/call.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "git/serve/catalogue.h"

namespace origin::api {

const std::string& Call::param(std::string_view name) const {
    static const std::string kNone;
    const auto found = std::ranges::find(params, name, [](const auto& pair) { return pair.first; });
    return found == params.end() ? kNone : found->second;
}

Result<bool> Call::asked_flag(std::string_view name) const {
    const auto value = query.get(name);
    if (!value || *value == "false" || *value == "0") {
        return false;
    }
    if (*value == "true" || *value == "1" || value->empty()) {
        return true;
    }
    return std::unexpected(Error(Code::InvalidInput, "'" + std::string(name) + "' is true or false")
                               .because("bad_query"));
}

store::AuditRow Call::audit(std::string type) const {
    return {
        .time = now(),
        .type = std::move(type),
        .actor = auth::actor_of(identity(), head.local_operator ? "operator" : "api", head.peer)};
}

store::AuditRow Call::audit(std::string type, const ProjectId& project, std::string subject) const {
    store::AuditRow event = audit(std::move(type));
    event.project = project;
    event.subject = std::move(subject);
    return event;
}

Status Call::write(const store::WriteFn& fn) const {
    return around.store.write([&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(around.gatekeeper.recheck(writer, identity()));
        return fn(writer);
    });
}

Status Call::write(const auth::Permit& permit, const store::WriteFn& fn) const {
    return around.store.write([&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(around.gatekeeper.recheck(writer, permit));
        return fn(writer);
    });
}

Result<auth::Permit> Call::permit(auth::Action action) const {
    return permit_named(param("project"), action);
}

Result<auth::Permit> Call::permit_named(std::string_view project, auth::Action action) const {
    return read_store(around.store, [&](store::Reader& reader) -> Result<auth::Permit> {
        ORIGIN_TRY(found, git::find_project(reader, project));
        if (!found) {
            return std::unexpected(Error(Code::NotFound, "no such project"));
        }
        return around.gatekeeper.permit(reader, identity(), found->id, action);
    });
}

Result<auth::Permit> Call::permit_to_look() const {
    return permit_to_look(param("project"));
}

Result<auth::Permit> Call::permit_to_look(std::string_view project) const {
    auto allowed = permit_named(project, auth::Action::Read);
    return allowed ? std::move(allowed) : permit_named(project, auth::Action::Deploy);
}

Result<auth::Permit> Call::permit_any(const ProjectId& project,
                                      std::initializer_list<auth::Action> actions) const {
    Result<auth::Permit> permit = std::unexpected(Error(Code::NotFound, "no such project"));
    for (const auth::Action action : actions) {
        permit = around.gatekeeper.permit(identity(), project, action);
        if (permit) {
            break;
        }
    }
    return permit;
}

std::chrono::seconds preferred_wait(const net::RequestHead& head) {
    constexpr std::string_view kWait = "wait=";
    for (const net::Header& header : head.headers) {
        if (!net::same_ignoring_case(header.name, "prefer")) {
            continue;
        }
        std::string_view rest = header.value;
        while (!rest.empty()) {
            std::string_view item = rest.substr(0, rest.find(','));
            rest.remove_prefix(std::min(rest.size(), item.size() + 1));
            item.remove_prefix(std::min(item.size(), item.find_first_not_of(" \t")));
            if (!net::lower_case(item.substr(0, kWait.size())).starts_with(kWait)) {
                continue;
            }
            item.remove_prefix(kWait.size());
            unsigned seconds = 0;
            const auto parsed = std::from_chars(item.data(), item.data() + item.size(), seconds);
            if (parsed.ec == std::errc()) {
                return std::min(std::chrono::seconds(seconds), kPreferWaitMax);
            }
        }
    }
    return std::chrono::seconds(0);
}

Answer once_only(const Call& call,
                 const std::function<Answer(const auth::Once&)>& act,
                 const std::function<Answer(const Ids&)>& replay) {
    if (call.head.has_header("idempotency-key") && call.head.header("idempotency-key").empty()) {
        return std::unexpected(
            Error(Code::InvalidInput, "Idempotency-Key is empty").because("bad_idempotency_key"));
    }
    ORIGIN_TRY(once,
               auth::Once::make({.client = call.identity().client,
                                 .method = call.head.method,
                                 .path = call.head.path,
                                 .key = call.head.header("idempotency-key"),
                                 .body = call.body,
                                 .now = call.now()}));
    const auto earlier = [&] {
        return read_store(call.around.store,
                          [&](store::Reader& reader) { return once.earlier(reader); });
    };
    ORIGIN_TRY(before, earlier());
    if (before) {
        return replay(*before);
    }
    Answer answer = act(once);
    if (answer) {
        return answer;
    }
    // What stands in its way may be what its own twin did, which was quicker.
    ORIGIN_TRY(made, earlier());
    return made ? replay(*made) : std::move(answer);
}

}  // namespace origin::api
