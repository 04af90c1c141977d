// SPDX-License-Identifier: Apache-2.0
#include "hooks/webhook_news.h"

#include <algorithm>
#include <map>

#include <boost/json.hpp>

#include "base/glob.h"
#include "store/rows/access.h"
#include "store/rows/deploy.h"
#include "store/rows/keys.h"
#include "store/rows/project.h"

namespace origin::hooks {
namespace {

namespace json = boost::json;
using store::Table;

constexpr std::size_t kPage = 100;
constexpr std::size_t kPagesAtOnce = 50;  // One look stays short, however much there is.

std::string text_in(const json::object& data, std::string_view name) {
    const json::value* value = data.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::vector<std::string> moved_refs(const json::object& data) {
    std::vector<std::string> names;
    const json::value* refs = data.if_contains("refs");
    if (refs != nullptr && refs->is_array()) {
        for (const json::value& each : refs->get_array()) {
            if (each.is_object()) {
                names.push_back(text_in(each.get_object(), "ref"));
            }
        }
    }
    return names;
}

bool matches_any(const std::vector<std::string>& globs, std::string_view text) {
    return globs.empty() || std::ranges::any_of(globs, [&](const std::string& glob) {
               return glob_matches(glob, text);
           });
}

/// Whose events are read; of a client those of everybody, from which its own are taken.
class Belongs {
public:
    Belongs(store::Reader& reader, const WebhookScope& scope)
        : reader_(reader), client_(std::get_if<ClientId>(&scope)) {}

    Result<bool> operator()(const store::Event& event) {
        if (client_ == nullptr) {
            return true;
        }
        if (!event.project) {
            return event.client == *client_;
        }
        const auto known = known_.find(*event.project);
        if (known != known_.end()) {
            return known->second;
        }
        ORIGIN_TRY(
            row,
            store::get_row<store::ProjectRow>(reader_, Table::Projects, event.project->view()));
        return known_[*event.project] = row && row->owner == *client_;
    }

private:
    store::Reader& reader_;
    const ClientId* client_;
    std::map<ProjectId, bool> known_;
};

}  // namespace

Result<std::vector<std::string>> refs_of(store::Reader& reader, const store::Event& event) {
    boost::system::error_code error;
    const json::value parsed = json::parse(event.data, error);
    if (error || !parsed.is_object()) {
        return std::vector<std::string>();
    }
    const json::object& data = parsed.get_object();
    if (event.type == "push") {
        return moved_refs(data);
    }
    std::string ref;
    if (event.type.starts_with("run.")) {
        ref = text_in(data, "branch");
        ref = ref.empty() || ref.starts_with("refs/") ? ref : "refs/heads/" + ref;
    } else if (event.type.starts_with("deployment.") && event.project) {
        const auto id = DeploymentId::parse(text_in(data, "deploymentId"));
        if (id) {
            ORIGIN_TRY(row,
                       store::get_row<store::DeploymentRow>(
                           reader, Table::Deployments, store::deployment_key(*event.project, *id)));
            ref = row ? row->ref : "";
        }
    }
    return ref.empty() ? std::vector<std::string>() : std::vector<std::string>{ref};
}

bool wants_ref(const store::WebhookRow& hook, std::string_view ref) {
    return matches_any(hook.refs, ref);
}

Result<bool> wants(store::Reader& reader,
                   const store::WebhookRow& hook,
                   const store::Event& event) {
    if (!matches_any(hook.events, event.type)) {
        return false;
    }
    const bool has_shape = hook.format == store::WebhookFormat::Standard || event.type == "push" ||
                           event.type.starts_with("deployment.");
    if (!has_shape || hook.refs.empty()) {
        return has_shape;
    }
    ORIGIN_TRY(refs, refs_of(reader, event));
    return refs.empty() ||
           std::ranges::any_of(refs, [&](const std::string& ref) { return wants_ref(hook, ref); });
}

Result<News> next_news(store::Reader& reader, const WebhookScope& scope, store::WebhookRow& hook) {
    Belongs belongs(reader, scope);
    const auto* project = std::get_if<ProjectId>(&scope);
    const std::optional<ProjectId> of = project != nullptr ? std::optional(*project) : std::nullopt;
    const auto hears = [&](const store::Event& event) -> Result<bool> {
        ORIGIN_TRY(its, belongs(event));
        return its ? wants(reader, hook, event) : Result<bool>(false);
    };
    for (std::size_t page = 0; page < kPagesAtOnce; ++page) {
        ORIGIN_TRY(events, store::read_events(reader, hook.cursor, kPage, of));
        for (store::Event& event : events) {
            ORIGIN_TRY(heard, hears(event));
            if (heard) {
                return News{std::move(event), false};
            }
            hook.cursor = event.sequence;
            hook.part = 0;
        }
        if (events.empty()) {
            return News();
        }
    }
    return News{std::nullopt, true};
}

}  // namespace origin::hooks
